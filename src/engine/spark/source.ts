import type { Reporting } from '../../config/reporting.ts';
import { REFERENCE_TABLES, type References } from '../../event/references.ts';
import { contradictionOf, readSourceSql } from '../duckdb/source.ts';
import type { DuckDbSession } from '../duckdb/session.ts';
import { doubleQuoted } from '../duckdb/sql.ts';
import type { Column, SilverBatch, BatchCounts } from '../engine.ts';
import { EVENT, ITEM } from '../source-relations.ts';
import { FarArchive } from './archive.ts';
import { farSelect, nearSelect, type FileExchange, type StagedFiles } from './files.ts';
import { literal, quoted, spelled } from './spell.ts';
import { sqlFile } from '../../sql-file.ts';

/** What else is read of an event, for the order lines and the judge. */
const LINES: readonly Column[] = [
  {
    name: 'items',
    type: 'struct(id varchar, category varchar, unit_price decimal(18,4), quantity decimal(16,3), discount decimal(18,4), cost decimal(18,4))[]',
  },
  { name: 'is_doubtful', type: 'boolean' },
];
const EVENT_NO: readonly Column[] = [{ name: 'event_no', type: 'integer' }];
const TRANSACTION_ID: readonly Column[] = [{ name: 'transaction_id', type: 'varchar' }];

/** What DuckDB leaves of a batch that it reads itself. */
const READ_HERE = ['events', 'items', 'repeated', 'losers'];

/** What was read of some events. */
interface Reading {
  readonly events: StagedFiles;
  readonly items: StagedFiles;
}

/** The source step of a session: the cluster reads events, what it is not sure of is judged here, and read again by the cluster. */
export class SourceStep {
  readonly #near: DuckDbSession;
  readonly #exchange: FileExchange;
  readonly #archive: FarArchive;
  /** Files of the batch that was read last, and of the one before, which another session may still look at. */
  #files: StagedFiles[] = [];
  #before: StagedFiles[] = [];
  #readings: readonly Reading[] = [];

  constructor(near: DuckDbSession, exchange: FileExchange) {
    this.#near = near;
    this.#exchange = exchange;
    this.#archive = new FarArchive(near, exchange);
  }

  async read(batch: SilverBatch): Promise<BatchCounts> {
    for (const files of this.#before) {
      await this.#exchange.remove(files);
    }
    this.#before = this.#files;
    this.#files = [];
    if (batch.source !== undefined) {
      return this.#readMapped(batch);
    }
    const { bronze, far, references } = await this.#giveBronze(batch);
    const first = await this.#readEvents(far, references, batch);
    const [events, doubtful] = await this.#count(first.events);
    await this.#refuseLoss(bronze, events);
    const readings = [first];
    let left = { rejected: 0, skipped: 0 };
    if (doubtful > 0) {
      const isDoubtful = `select event_no from (${nearSelect(first.events.files)}) where is_doubtful`;
      await this.#near.execute(
        `create or replace table source.doubtful as select event_no, topic, partition, "offset", produced_at, value
         from (${nearSelect(bronze.files)}) where event_no in (${isDoubtful})`,
      );
      left = await this.#near.judge(batch);
      const judged = this.#keep(await this.#exchange.give('judged', readSourceSql('judged')));
      const second = await this.#readEvents(farSelect(judged), references, batch);
      const [read, contradictions] = await this.#count(second.events);
      await this.#refuseLoss(judged, read);
      if (contradictions > 0) {
        const [row = {}] = await this.#near.query(
          `select topic, partition, "offset" from (${nearSelect(second.events.files)}) where is_doubtful limit 1`,
        );
        throw contradictionOf(Object.values(row).map(String));
      }
      readings.push(second);
    }
    this.#readings = readings;
    await this.#show(batch);
    return { events, accepted: events - left.rejected - left.skipped, ...left, added: [] };
  }

  /** Records of a source are mapped here, and the cluster gets the events: they are a fraction of the texts, which it need not see. */
  async #readMapped(batch: SilverBatch): Promise<BatchCounts> {
    // What DuckDB leaves as tables are views of files here, once the cluster has them.
    for (const relation of ['transactions', ...READ_HERE]) {
      await this.#near.execute(`drop view if exists source.${relation}`);
    }
    const counts = await this.#near.readBatch(batch);
    const give = async (name: keyof Reading, columns: string): Promise<StagedFiles> =>
      this.#keep(await this.#exchange.give(name, `select ${columns} from source.${name}`));
    this.#readings = [
      {
        events: await give('events', `${nearNames(EVENT)}, false as is_doubtful`),
        items: await give('items', nearNames(ITEM)),
      },
    ];
    await this.#near.execute('drop view source.transactions');
    for (const relation of READ_HERE) {
      await this.#near.execute(`drop table source.${relation}`);
    }
    await this.#show(batch);
    return counts;
  }

  #keep(files: StagedFiles): StagedFiles {
    this.#files.push(files);
    return files;
  }

  /** Writes the events of a batch for the cluster; of those of an archive that it can read itself only the places. */
  async #giveBronze(
    batch: SilverBatch,
  ): Promise<{ bronze: StagedFiles; far: string; references: References }> {
    if (batch.archive.length > 0 && this.#archive.mayBeSeen) {
      const { unread, references } = await this.#near.beginBatch(batch, 'null::varchar');
      const bronze = this.#keep(await this.#exchange.give('bronze', unread));
      const far = await this.#archive.textsSelect(bronze, batch.archive);
      if (far !== undefined) {
        return { bronze, far, references };
      }
    }
    const { unread, references } = await this.#near.beginBatch(batch, 'value');
    const bronze = this.#keep(await this.#exchange.give('bronze', unread));
    return { bronze, far: farSelect(bronze), references };
  }

  async #readEvents(
    unread: string,
    references: References,
    { reporting }: SilverBatch,
  ): Promise<Reading> {
    await this.#exchange.view('source.unread', unread);
    const events = this.#keep(
      await this.#exchange.take('events', eventsSql(references, reporting), [...EVENT, ...LINES]),
    );
    await this.#exchange.view('source.events', `${farSelect(events)} where not is_doubtful`);
    return {
      events,
      items: this.#keep(await this.#exchange.take('items', sparkSql('items'), ITEM)),
    };
  }

  /** How many events there are, and how many of them are doubtful. */
  async #count({ files }: StagedFiles): Promise<[events: number, doubtful: number]> {
    const [row] = await this.#near.query(
      `select count(*) as events, count(*) filter (where is_doubtful) as doubtful from (${nearSelect(files)})`,
    );
    return [Number(row?.['events']), Number(row?.['doubtful'])];
  }

  /** Each event is read once: an event that is neither accepted nor rejected would be lost without a word. */
  async #refuseLoss({ files }: StagedFiles, read: number): Promise<void> {
    const [row] = await this.#near.query(`select count(*) as events from (${nearSelect(files)})`);
    if (Number(row?.['events']) !== read) {
      throw new Error(`Spark has read ${String(read)} events of ${String(row?.['events'])}`);
    }
  }

  /** As `Session.defer` has it. Which transactions came by is remembered here, for all sessions. */
  async defer(): Promise<number> {
    const deferred = await this.#near.findDeferred();
    if (deferred > 0) {
      const files = this.#keep(
        await this.#exchange.give('deferred', 'select event_no from source.deferred'),
      );
      await this.#showEvents(files);
      await this.#showTransactions();
    }
    await this.#near.rememberSeen();
    return deferred;
  }

  /** Shows both sides what was read. */
  async #show({ runId, firstKey }: SilverBatch): Promise<void> {
    const [run] = await this.#near.query('select reporting_currency_id from source.run');
    const currency = run?.['reporting_currency_id'] ?? 'null';
    await this.#exchange.view(
      'source.run',
      `select cast(${String(runId)} as bigint) as run_id, cast(${String(firstKey)} as bigint) as first_key,
         cast(${currency} as int) as reporting_currency_id`,
    );
    const rates = await this.#exchange.give(
      'exchange_rates',
      'select currency_id, valid_from, rate from source.exchange_rates',
    );
    await this.#exchange.view('source.exchange_rates', farSelect(this.#keep(rates)));
    await this.#showEvents();
    for (const relation of ['repeated', 'losers'] as const) {
      const columns = relation === 'repeated' ? TRANSACTION_ID : EVENT_NO;
      const files = this.#keep(
        await this.#exchange.take(relation, spelled(readSourceSql(relation)), columns),
      );
      await this.#near.openView(`source.${relation}`, nearSelect(files.files));
      await this.#exchange.view(`source.${relation}`, farSelect(files));
    }
    await this.#showTransactions();
  }

  /** @param without numbers of events that are taken out */
  async #showEvents(without?: StagedFiles): Promise<void> {
    await this.#both('source.events', 'events', EVENT, without, 'not is_doubtful');
    await this.#both('source.items', 'items', ITEM, without);
  }

  async #showTransactions(): Promise<void> {
    await this.#near.openView('source.transactions', readSourceSql('transactions'));
    await this.#exchange.view('source.transactions', spelled(readSourceSql('transactions')));
  }

  async #both(
    name: string,
    part: keyof Reading,
    columns: readonly Column[],
    without: StagedFiles | undefined,
    condition = 'true',
  ): Promise<void> {
    const files = this.#readings.flatMap((reading) => reading[part].files);
    await this.#near.openView(
      name,
      `select ${nearNames(columns)} from (${nearSelect(files)}) where ${condition}
       ${without === undefined ? '' : `and event_no not in (${nearSelect(without.files)})`}`,
    );
    const far = columns.map((column) => quoted(column.name)).join(', ');
    await this.#exchange.view(
      name,
      this.#readings
        .map(
          (reading) =>
            `${farSelect(reading[part], far)} where ${condition}
             ${without === undefined ? '' : `and event_no not in (${farSelect(without)})`}`,
        )
        .join(' union all '),
    );
  }
}

function nearNames(columns: readonly Column[]): string {
  return columns.map(({ name }) => doubleQuoted(name)).join(', ');
}

function sparkSql(name: 'events' | 'items'): string {
  return spelled(sqlFile(`spark/${name}`));
}

/** The members of the dimensions stand in the text: they are few, and a subquery would be a join for each. */
function eventsSql(references: References, { timezone }: Reporting): string {
  const byTable = new Map(
    (Object.keys(REFERENCE_TABLES) as (keyof References)[]).map((name) => [
      REFERENCE_TABLES[name].table,
      references[name],
    ]),
  );
  return sparkSql('events')
    .replaceAll(/:(dim_\w+)/g, (_, table: string) => {
      const ids = [...(byTable.get(table)?.ids ?? [])].map(String);
      return ids.length === 0 ? 'null' : ids.join(', ');
    })
    .replaceAll(':timezone', () => literal(timezone));
}
