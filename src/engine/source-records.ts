import type { Source } from '../source/mapping.ts';
import { sqlFile } from '../sql-file.ts';
import { GIVEN_TOPIC } from './duckdb/detached.ts';
import type { EngineRow, Session } from './engine.ts';

/** What became of a record of a source. */
export type Outcome =
  | {
      readonly kind: 'read';
      /** The columns of silver.fact_transactions that come from the event, and the names of what it points at. */
      readonly transaction: EngineRow;
      readonly items: readonly EngineRow[];
    }
  | {
      readonly kind: 'rejected';
      readonly reason: string;
      readonly field: string | null;
      readonly detail: string;
    }
  | { readonly kind: 'skipped' };

/**
 * Reads the records that were given to a detached engine, as a promotion would.
 * @param count how many they are
 * @returns what became of each, in their order
 */
export async function readRecords(
  session: Session,
  source: Source,
  count: number,
): Promise<readonly Outcome[]> {
  if (count === 0) {
    return [];
  }
  const range = { topic: GIVEN_TOPIC, partition: 0, from: 0n, to: BigInt(count), events: count };
  await session.readBatch({
    ...{ ranges: [range], again: [], archive: [], source, runId: 1n, firstKey: 1n },
  });
  const outcomes = Array.from({ length: count }, (): Outcome => ({ kind: 'skipped' }));
  const items = new Map<string, EngineRow[]>();
  for (const { record, ...item } of await session.query(sqlFile('source/read_items'))) {
    const lines = items.get(record ?? '') ?? [];
    lines.push(item);
    items.set(record ?? '', lines);
  }
  for (const { record, ...transaction } of await session.query(sqlFile('source/read_events'))) {
    const lines = items.get(record ?? '') ?? [];
    outcomes[Number(record)] = { kind: 'read', transaction, items: lines };
  }
  const rejected = await session.query(
    'select "offset" as record, reason, field, detail from source.rejected',
  );
  for (const { record, reason, field, detail } of rejected) {
    outcomes[Number(record)] = {
      ...{ kind: 'rejected', reason: reason ?? '', field: field ?? null, detail: detail ?? '' },
    };
  }
  return outcomes;
}
