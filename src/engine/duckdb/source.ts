import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { MembersOfBatch, NewMember, NewMembers } from '../../event/new-members.ts';
import { judgeBy, SKIPPED } from '../../source/judge.ts';
import type { Source } from '../../source/mapping.ts';
import type { BronzePlace, SilverBatch, BatchCounts } from '../engine.ts';
import { archiveTable } from './archive.ts';
import { DuckDBBlobValue } from './driver.ts';
import { isMalformedJson } from './errors.ts';
import { mappedSelect } from './mapped.ts';
import { addMembers, sessionReferences } from './references.ts';
import { sqlFile, statement } from '../../sql-file.ts';
import { singleQuoted } from './sql.ts';
import type { Warehouse } from './warehouse.ts';

/** The text of one file of sql/source, with the order of events put in where they are ranked. */
export function readSourceSql(name: string): string {
  const order = statement('source/newest_first', {});
  return sqlFile(`source/${name}`).replaceAll('{newest_first}', order);
}

/** Makes what models and mappings call, once for all sessions of a DuckDB. */
export async function makeMacros(connection: DuckDBConnection): Promise<void> {
  await connection.run(readSourceSql('macros'));
  await connection.run(readSourceSql('mapping'));
}

/**
 * Reads a batch of bronze into typed rows. DuckDB reads and accepts whatever is valid beyond doubt; each other event
 * is judged on its own by src/event/judge.ts, which rejects it with a reason or hands it back in a plain form.
 */
export async function sourceBatch(
  connection: DuckDBConnection,
  catalog: string,
  warehouse: Warehouse,
  batch: SilverBatch,
  members: NewMembers,
  reader?: 'judge',
): Promise<BatchCounts> {
  const run = (sql: string): Promise<number> => create(connection, sql);
  await beginBatch(connection, batch);
  await run(`create or replace view source.unread as ${await unreadEvents(warehouse, batch)}`);
  const plain = await readPlain(connection, batch.source);
  const { events } = plain;
  const doubtful =
    reader === 'judge'
      ? await run(statement('source/doubtful_events', { doubtful: ALL_EVENTS }))
      : plain.doubtful;
  let added: BatchCounts['added'] = [];
  if (doubtful > 0) {
    await fetchTexts(connection, warehouse, batch);
    added = await judgeDoubtful(connection, catalog, batch.source, members.forBatch());
    await readJudged(connection);
  }
  for (const relation of ['repeated', 'losers']) {
    await run(`create or replace table source.${relation} as ${readSourceSql(relation)}`);
  }
  await run(`create or replace view source.transactions as ${readSourceSql('transactions')}`);
  const { rejected, skipped } = await placeLeftOut(connection, batch);
  await run('drop view source.parsed');
  await run('drop view source.unread');
  return { events, accepted: events - rejected - skipped, rejected, skipped, added };
}

const ALL_EVENTS = 'select event_no from source.events';

/** The contract's own shape, in which the judge writes every event, too. */
const PARSED = `create or replace view source.parsed as ${readSourceSql('parsed')}`;

/** What was read of a batch, and how much of it the judge is asked about. */
export interface Reading {
  readonly events: number;
  readonly doubtful: number;
}

/**
 * Reads the events of source.unread, of the contract's own shape or of a source's; those that are not valid beyond doubt are
 * left in source.doubtful.
 */
export async function readPlain(
  connection: DuckDBConnection,
  source: Source | undefined,
): Promise<Reading> {
  if (source === undefined) {
    await create(connection, PARSED);
  } else {
    const parsed = mappedSelect(source, await sessionReferences(connection));
    await create(connection, `create or replace view source.parsed as ${parsed}`);
  }
  const events = await readEvents(connection);
  await create(connection, `create or replace table source.items as ${readSourceSql('items')}`);
  const doubtful = await create(
    connection,
    statement('source/doubtful_events', { doubtful: readSourceSql('doubtful') }),
  );
  return { events, doubtful };
}

/** The currency of the reports as an expression over the session's dimensions; null where amounts stay as sent. */
function reportingCurrencyId({ currency }: SilverBatch['reporting']): string {
  return currency === undefined
    ? 'null::integer'
    : `(select id from silver.dim_currency where code = ${singleQuoted(currency)})`;
}

/** Makes source.run and the clocks of the shop, and source.rejected and source.skipped with no row. */
export async function beginBatch(
  connection: DuckDBConnection,
  { runId, firstKey, reporting }: Pick<SilverBatch, 'runId' | 'firstKey' | 'reporting'>,
): Promise<void> {
  const zone = singleQuoted(reporting.timezone);
  await connection.run(`create or replace macro shop_time(moment) as timezone(${zone}, moment)`);
  await connection.run(
    statement('source/run', {
      run_id: String(runId),
      first_key: String(firstKey),
      reporting_currency_id: reportingCurrencyId(reporting),
    }),
  );
  await connection.run(
    `create or replace table source.rejected (event_no integer, reason varchar, field varchar, detail varchar)`,
  );
  await connection.run('create or replace table source.skipped (event_no integer)');
}

/**
 * A select of the events of a batch, as bronze and its archive have them, numbered.
 * @param archivedText what stands for the text of an event that the archive holds
 */
export async function unreadEvents(
  warehouse: Warehouse,
  batch: SilverBatch,
  archivedText: 'value' | 'null::varchar' = 'value',
): Promise<string> {
  const bronze = await warehouse.rows(bronzeSelect(batch), 'unread');
  return `select cast(row_number() over () as integer) as event_no, *, false as judged
     from (${bronze} ${archivedEvents(batch, archivedText)})`;
}

/** Says of each rejected and each skipped event where it stands in bronze; returns how many there are. */
export async function placeLeftOut(
  connection: DuckDBConnection,
  { archive }: Pick<SilverBatch, 'archive'>,
): Promise<Pick<BatchCounts, 'rejected' | 'skipped'>> {
  const skipped = await create(
    connection,
    `create or replace table source.skipped as select topic, partition, "offset", produced_at
     from source.skipped join source.doubtful using (event_no)`,
  );
  const rejected = await create(
    connection,
    statement('source/rejected', {
      text: archive.length === 0 ? 'null::varchar' : 'doubtful.value',
    }),
  );
  return { rejected, skipped };
}

/**
 * Text is taken for JSON until a batch holds some that is none, which DuckDB refuses as a whole. From then on the session
 * tests each event first: a second reading of everything, which most logs never need.
 */
async function readEvents(connection: DuckDBConnection): Promise<number> {
  const statement = `create or replace table source.events as ${readSourceSql('events')}`;
  try {
    return await create(connection, statement);
  } catch (error) {
    if (!isMalformedJson(error)) {
      throw error;
    }
    await connection.run('create or replace macro is_json(value) as json_valid(value)');
    return create(connection, statement);
  }
}

const COLUMNS = 'topic, partition, "offset", produced_at, value';

function bronzeSelect({ ranges, again }: SilverBatch): string {
  const parts = ranges.map((range) => `select ${COLUMNS} from bronze.events where ${isIn(range)}`);
  if (again.length > 0) {
    parts.push(bronzeAt('e.topic, e.partition, e."offset", e.produced_at, e.value', again));
  }
  return parts.join('\nunion all\n');
}

function isIn({ topic, partition, from, to }: SilverBatch['ranges'][number]): string {
  return `(topic = ${singleQuoted(topic)} and partition = ${String(partition)}
    and "offset" >= ${String(from)} and "offset" < ${String(to)})`;
}

function isAt(places: readonly BronzePlace[]): string {
  return `(topic, partition, "offset") in (values ${places.map(literalPlace).join(', ')})`;
}

/** DuckDB: the events of a batch that the archive holds, behind those of bronze. */
function archivedEvents({ ranges, again, archive }: SilverBatch, text: string): string {
  if (archive.length === 0) {
    return '';
  }
  const conditions = [...ranges.map(isIn), ...(again.length > 0 ? [isAt(again)] : [])].join(' or ');
  const select = `select topic, partition, "offset", produced_at, ${text} as value`;
  return `union all by name ${select} from ${archiveTable(archive)} where ${conditions}`;
}

function literalPlace({ topic, partition, offset }: BronzePlace): string {
  return `(${singleQuoted(topic)}, ${String(partition)}, ${String(offset)})`;
}

function bronzeAt(columns: string, places: readonly BronzePlace[]): string {
  return statement('source/bronze_at', { columns, places: places.map(literalPlace).join(', ') });
}

/** Events that looked plain have no text any more: bronze, or the archive, is asked for it again. */
export async function fetchTexts(
  connection: DuckDBConnection,
  warehouse: Warehouse,
  { archive }: SilverBatch,
): Promise<void> {
  const reader = await connection.runAndReadAll(
    'select topic, partition, "offset" from source.doubtful where value is null',
  );
  const places = reader.getRows().map(([topic, partition, offset]) => ({
    ...{ topic: String(topic), partition: Number(partition) },
    offset: BigInt(String(offset)),
  }));
  if (places.length === 0) {
    return;
  }
  const archived =
    archive.length === 0
      ? ''
      : `union all by name
         select topic, partition, "offset", value from ${archiveTable(archive)} where ${isAt(places)}`;
  const columns = 'e.topic, e.partition, e."offset", e.value';
  const texts = await warehouse.rows(bronzeAt(columns, places), 'texts');
  await connection.run(statement('source/texts', { texts: `${texts} ${archived}` }));
}

/**
 * Judges the events of source.doubtful one by one. Leaves those that were accepted in source.judged, in their plain form, to
 * be read a second time, the others in source.rejected, and in source.skipped those that are not of their source.
 * @returns what their source adds to dimensions, which the session has then
 */
export async function judgeDoubtful(
  connection: DuckDBConnection,
  catalog: string,
  source?: Source,
  members?: MembersOfBatch,
): Promise<readonly NewMember[]> {
  const references = await sessionReferences(connection);
  const judgeValue = judgeBy(source, references, members);
  await connection.run('create or replace table source.judged (event_no integer, value varchar)');
  const accepted = await connection.createAppender('judged', 'source', catalog);
  const rejected = await connection.createAppender('rejected', 'source', catalog);
  const skipped = await connection.createAppender('skipped', 'source', catalog);
  for await (const [eventNo, value] of doubtfulEvents(connection)) {
    const judgement = judgeValue(textOf(value));
    if (judgement === SKIPPED) {
      skipped.appendInteger(Number(eventNo));
      skipped.endRow();
      continue;
    }
    const appender = judgement.accepted ? accepted : rejected;
    appender.appendInteger(Number(eventNo));
    if (judgement.accepted) {
      appender.appendVarchar(judgement.canonical);
    } else {
      appender.appendVarchar(judgement.reason);
      if (judgement.field === null) {
        appender.appendNull();
      } else {
        appender.appendVarchar(judgement.field);
      }
      appender.appendVarchar(judgement.detail);
    }
    appender.endRow();
  }
  accepted.closeSync();
  rejected.closeSync();
  skipped.closeSync();
  const added = members?.used ?? [];
  await addMembers(connection, added);
  return added;
}

const JUDGED_AT_ONCE = 20_000;

async function* doubtfulEvents(
  connection: DuckDBConnection,
): AsyncGenerator<readonly DuckDBValue[], undefined> {
  for (let from = 0; ; from += JUDGED_AT_ONCE) {
    const page = await connection.runAndReadAll(
      // As bytes: decoding a text result drops a byte order mark, which the judge must see.
      `select event_no, encode(value) from source.doubtful
       where rowid >= ${String(from)} and rowid < ${String(from + JUDGED_AT_ONCE)}`,
    );
    const rows = page.getRows();
    if (rows.length === 0) {
      return undefined;
    }
    yield* rows;
  }
}

function textOf(value: DuckDBValue | undefined): string {
  if (!(value instanceof DuckDBBlobValue)) {
    throw new Error('the value of an event is not bytes');
  }
  return Buffer.from(value.bytes).toString('utf8');
}

/** Reads the events that the judge accepted, as it wrote them, in place of the doubtful ones. */
async function readJudged(connection: DuckDBConnection): Promise<void> {
  for (const table of ['items', 'events']) {
    await connection.run(
      `delete from source.${table} where event_no in (select event_no from source.doubtful)`,
    );
  }
  await connection.run(`create or replace view source.unread as ${readSourceSql('judged')}`);
  await connection.run(PARSED);
  await connection.run(`insert into source.events ${readSourceSql('events')}`);
  await connection.run(
    `insert into source.items
     select * from (${readSourceSql('items')}) where event_no in (select event_no from source.judged)`,
  );
  const contradictions = await connection.runAndReadAll(
    `select topic, partition, "offset" from source.doubtful
     where event_no in (select event_no from (${readSourceSql('doubtful')})) limit 1`,
  );
  const [contradiction] = contradictions.getRows();
  if (contradiction !== undefined) {
    throw contradictionOf(contradiction.map(String));
  }
}

/** A defect: the judge and an engine are of two minds about an event. */
export function contradictionOf(place: readonly string[]): Error {
  return new Error(`the judge accepted an event that the engine cannot read: ${place.join(' ')}`);
}

/** Makes a table or a view; returns the rows of a table that is made from a select. */
async function create(connection: DuckDBConnection, sql: string): Promise<number> {
  const [row] = await (await connection.run(sql)).getRows();
  return Number(row?.[0] ?? 0);
}
