import { DEFAULT_REPORTING } from '../../config/reporting.ts';
import type { NewMember } from '../../event/new-members.ts';
import type { Source } from '../../source/mapping.ts';
import { sqlFile, statement } from '../../sql-file.ts';
import type { EngineRow } from '../engine.ts';
import type { DetachedEngine } from './detached.ts';
import type { DuckDbSession } from './session.ts';

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

/** A value of a record that DuckDB and the judge, each on its own, read differently. */
export interface Disagreement {
  readonly record: number;
  readonly column: string;
  readonly duckdb: string | null;
  readonly judge: string | null;
}

export interface RecordsRead {
  /** What becomes of each, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly disagreements: readonly Disagreement[];
  /** Rows that it would add to dimensions. */
  readonly added: readonly NewMember[];
  /** How many DuckDB left to the judge. */
  readonly judged: number;
  /** Sums by event type and currency, where `addsUp` was given. */
  readonly amounts: readonly EngineRow[];
  /** Orders whose total does not add up, the first ones. */
  readonly oddTotals: readonly EngineRow[];
}

/** What stands for bronze and silver. */
export interface Given {
  readonly records: readonly string[];
  /** Selects of the rows of silver.<name>, by the name. */
  readonly dimensions: ReadonlyMap<string, string>;
}

/**
 * Reads records as a promotion would, and once more by the judge alone.
 * @param addsUp an expression over the columns of silver.fact_transactions: whether the total of an order adds up
 */
export async function readRecords(
  engine: DetachedEngine,
  source: Source,
  { records, dimensions }: Given,
  addsUp?: string,
): Promise<RecordsRead> {
  if (records.length === 0) {
    return { outcomes: [], disagreements: [], added: [], judged: 0, amounts: [], oddTotals: [] };
  }
  const batch = { source, topic: await engine.give(records), count: records.length };
  const session = await engine.openSession(dimensions);
  try {
    const { outcomes, added } = await read(session, batch);
    const judged = await session.query('select event_no from source.doubtful');
    const ask = async (name: string): Promise<EngineRow[]> =>
      addsUp === undefined ? [] : session.query(statement(`source/${name}`, { adds_up: addsUp }));
    const found = {
      ...{ outcomes, added, judged: judged.length },
      ...{ amounts: await ask('read_amounts'), oddTotals: await ask('read_odd_totals') },
    };
    const { outcomes: byJudge } = await read(session, batch, 'judge');
    const disagreements = outcomes.flatMap((outcome, record) =>
      contrast(outcome, byJudge[record] ?? outcome).map((one) => ({ record, ...one })),
    );
    return { ...found, disagreements };
  } finally {
    await session.close();
  }
}

async function read(
  session: DuckDbSession,
  { source, topic, count }: { source: Source; topic: string; count: number },
  reader?: 'judge',
): Promise<Pick<RecordsRead, 'outcomes' | 'added'>> {
  const range = { topic, partition: 0, from: 0n, to: BigInt(count), events: count };
  const { added } = await session.readBatch(
    {
      ...{ ranges: [range], again: [], archive: [], source, runId: 1n, firstKey: 1n },
      reporting: DEFAULT_REPORTING,
    },
    reader,
  );
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
  return { outcomes, added };
}

/** What two readers make of one record, as far as it differs. */
export function contrast(duckdb: Outcome, judge: Outcome): Omit<Disagreement, 'record'>[] {
  const ours = cellsOf(duckdb);
  const theirs = cellsOf(judge);
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .map((column) => ({
      column,
      duckdb: ours.get(column) ?? null,
      judge: theirs.get(column) ?? null,
    }))
    .filter((cell) => cell.duckdb !== cell.judge);
}

function cellsOf(outcome: Outcome): Map<string, string | null> {
  switch (outcome.kind) {
    case 'skipped':
      return new Map([['outcome', 'skipped']]);
    case 'rejected':
      return new Map([
        ['outcome', 'rejected'],
        ['reason', outcome.reason],
        ['field', outcome.field],
      ]);
    case 'read':
      return new Map([
        ...Object.entries(outcome.transaction),
        ...outcome.items.flatMap((item, index) =>
          Object.entries(item).map(
            ([column, value]) => [`items[${String(index)}].${column}`, value] as const,
          ),
        ),
      ]);
  }
}
