import type { Session, LookUp, WarehouseFile } from '../engine/engine.ts';
import type { Model } from '../model/model.ts';
import { temporary, type Publisher } from '../postgres/publisher.ts';
import { columnsOf, tableOf } from '../schema/tables.ts';
import { REPLACED_KEYS } from '../publish/loading.ts';
import type { TakenAway } from './deltas.ts';
import { sqlFile } from '../sql-file.ts';

const IDS = 'batch_ids';

/** What silver knows of some transactions, each looked up by its id: the cost follows the ids, never the tables. */
export function lookUpIn(publisher: Publisher): LookUp {
  const sql = sqlFile('publish/known');
  return (ids, answer) =>
    publisher.transaction(async (transaction) => {
      await transaction.copyTemporary(ids, IDS);
      return transaction.read(sql, answer);
    });
}

/** The facts that a batch is about to replace, as silver has them. */
export async function readReplaced(
  publisher: Publisher,
  session: Session,
  facts: readonly Model[],
): Promise<TakenAway> {
  const keys = await session.writeRows('select transaction_key from source.replaced', [
    { name: 'transaction_key', type: 'bigint' },
  ]);
  return publisher.transaction(async (transaction) => {
    await transaction.copyTemporary(keys, REPLACED_KEYS);
    const files = new Map<string, WarehouseFile>();
    for (const fact of facts) {
      // An array, so that each is looked up by its key.
      const sql = `select ${columnsOf(fact)} from ${tableOf(fact)}
        where transaction_key = any (array(select transaction_key from ${temporary(REPLACED_KEYS)}))`;
      files.set(fact.id, await transaction.read(sql, session.nextFile('csv')));
    }
    return files;
  });
}
