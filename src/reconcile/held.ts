import type { Client } from '../postgres/client.ts';
import { asked, keyOf, type BookedPartition } from './books.ts';
import { reconcileSql } from './sql.ts';

/** Events and the sum of their offsets' hashes: two sets of events with both alike are the same set. */
export interface Counted {
  readonly events: bigint;
  readonly checksum: bigint;
}

/** What the tables hold of a partition, from the offset on that it is compared from. */
export interface Held {
  /** Rows of bronze.events, in all and below the watermark. */
  readonly events: bigint;
  readonly promoted: Counted;
  /** Refused at ingest, without those that were replayed to their place in bronze. */
  readonly refusedAtIngest: bigint;
  readonly refusedBySilver: Counted;
  /** The first offset that bronze or the quarantine has; undefined where they have none. */
  readonly firstOffset: bigint | undefined;
}

const NONE: Counted = { events: 0n, checksum: 0n };
const NOTHING_HELD: Held = {
  ...{ events: 0n, promoted: NONE, refusedAtIngest: 0n, refusedBySilver: NONE },
  firstOffset: undefined,
};

/** Counts bronze and the quarantine: ranges of their primary keys. */
export async function readHeld(
  client: Client,
  books: readonly BookedPartition[],
): Promise<(partition: BookedPartition) => Held> {
  const held = new Map<string, Held>();
  const names = [...asked(books), books.map(({ promotedTo }) => promotedTo)];
  const bronze = await client.query<{
    topic: string;
    partition: string;
    events: string;
    promoted: string;
    checksum: string;
    first_offset: string | null;
  }>(reconcileSql('bronze'), names);
  for (const row of bronze.rows) {
    held.set(`${row.topic}/${row.partition}`, {
      ...NOTHING_HELD,
      events: BigInt(row.events),
      promoted: { events: BigInt(row.promoted), checksum: BigInt(row.checksum) },
      firstOffset: row.first_offset === null ? undefined : BigInt(row.first_offset),
    });
  }
  const quarantine = await client.query<{
    topic: string;
    partition: string;
    stage: 'ingest' | 'silver';
    events: string;
    checksum: string;
    first_offset: string;
    replayed_to_bronze: string;
    replayed: string;
  }>(reconcileSql('quarantine'), names);
  for (const row of quarantine.rows) {
    const key = `${row.topic}/${row.partition}`;
    const known = held.get(key) ?? NOTHING_HELD;
    if (row.stage === 'ingest') {
      held.set(key, {
        ...known,
        refusedAtIngest: BigInt(row.events) - BigInt(row.replayed_to_bronze),
        firstOffset: least(known.firstOffset, BigInt(row.first_offset)),
      });
    } else {
      const refusedBySilver = { events: BigInt(row.events), checksum: BigInt(row.checksum) };
      held.set(key, { ...known, refusedBySilver });
    }
  }
  if (quarantine.rows.some(({ replayed }) => replayed !== '0') && (await hasSilver(client))) {
    await leaveOutReplayed(client, names, held);
  }
  return (partition) => held.get(keyOf(partition)) ?? NOTHING_HELD;
}

async function leaveOutReplayed(
  client: Client,
  names: readonly unknown[],
  held: Map<string, Held>,
): Promise<void> {
  const { rows } = await client.query<CountRow>(reconcileSql('replayed'), [...names]);
  for (const row of rows) {
    const key = `${row.topic}/${row.partition}`;
    const known = held.get(key) ?? NOTHING_HELD;
    const { events, checksum } = known.refusedBySilver;
    held.set(key, {
      ...known,
      refusedBySilver: {
        events: events - BigInt(row.events),
        checksum: checksum - BigInt(row.checksum),
      },
    });
  }
}

interface CountRow {
  readonly topic: string;
  readonly partition: string;
  readonly events: string;
  readonly checksum: string;
}

/** Deferred: taken out of bronze's order by a fill that has not ended, and judged by the next promotion. */
export const OUTCOMES = ['current', 'duplicate', 'superseded', 'deferred'] as const;
export type Outcomes = Readonly<Record<(typeof OUTCOMES)[number], Counted>>;
export const NO_OUTCOMES: Outcomes = {
  ...{ current: NONE, duplicate: NONE, superseded: NONE, deferred: NONE },
};

/** What silver made of each partition's events: one scan of its transactions. */
export async function readOutcomes(
  client: Client,
  books: readonly BookedPartition[],
): Promise<Map<string, Outcomes>> {
  const outcomes = new Map<string, Outcomes>();
  if (!(await hasSilver(client))) {
    return outcomes;
  }
  const { rows } = await client.query<CountRow & { outcome: (typeof OUTCOMES)[number] }>(
    reconcileSql('outcomes'),
    asked(books),
  );
  for (const row of rows) {
    const key = `${row.topic}/${row.partition}`;
    outcomes.set(key, {
      ...(outcomes.get(key) ?? NO_OUTCOMES),
      [row.outcome]: { events: BigInt(row.events), checksum: BigInt(row.checksum) },
    });
  }
  return outcomes;
}

/** Whether the tables of the models are there. */
export async function hasSilver(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: string }>(
    `select (to_regclass('silver.fact_transactions') is not null
             and to_regclass('gold.sales_performance') is not null)::text as exists`,
  );
  return rows[0]?.exists === 'true';
}

export function least(...offsets: readonly (bigint | undefined)[]): bigint | undefined {
  return offsets
    .filter((offset) => offset !== undefined)
    .reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
}
