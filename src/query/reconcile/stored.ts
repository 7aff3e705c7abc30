import type { Client } from '../../postgres/client.ts';
import { keyOf } from '../../postgres/offsets.ts';
import { hasTables } from '../../postgres/ask.ts';
import { askRows } from '../ask.ts';
import { asked, type RecordedPartition } from './recorded.ts';

/** Events and the sum of their offsets' hashes: two sets of events with both alike are the same set. */
export interface Counted {
  readonly events: bigint;
  readonly checksum: bigint;
}

/** What the tables hold of a partition, from the offset on that it is compared from. */
export interface Stored {
  /** Rows of bronze.events, in all and below the watermark. */
  readonly events: bigint;
  readonly promoted: Counted;
  /** Refused at ingest, without those that were replayed to their place in bronze. */
  readonly rejectedAtIngest: bigint;
  readonly rejectedBySilver: Counted;
  /** The first offset that bronze or the quarantine has; undefined where they have none. */
  readonly firstOffset: bigint | undefined;
}

const NONE: Counted = { events: 0n, checksum: 0n };
const NOTHING_STORED: Stored = {
  ...{ events: 0n, promoted: NONE, rejectedAtIngest: 0n, rejectedBySilver: NONE },
  firstOffset: undefined,
};

/** Counts bronze and the quarantine: ranges of their primary keys. */
export async function readStored(
  client: Client,
  partitions: readonly RecordedPartition[],
): Promise<(partition: RecordedPartition) => Stored> {
  const stored = new Map<string, Stored>();
  const names = [...asked(partitions), partitions.map(({ promotedTo }) => promotedTo)];
  const bronze = await askRows<
    CountRow & { readonly promoted: string; readonly first_offset: string | null }
  >(client, 'reconcile/bronze', names);
  for (const row of bronze) {
    stored.set(keyOf(row), {
      ...NOTHING_STORED,
      events: BigInt(row.events),
      promoted: { events: BigInt(row.promoted), checksum: BigInt(row.checksum) },
      firstOffset: row.first_offset === null ? undefined : BigInt(row.first_offset),
    });
  }
  const quarantine = await askRows<
    CountRow & {
      readonly stage: 'ingest' | 'silver';
      readonly first_offset: string;
      readonly replayed_to_bronze: string;
      readonly replayed: string;
    }
  >(client, 'reconcile/quarantine', names);
  for (const row of quarantine) {
    const key = keyOf(row);
    const known = stored.get(key) ?? NOTHING_STORED;
    if (row.stage === 'ingest') {
      stored.set(key, {
        ...known,
        rejectedAtIngest: BigInt(row.events) - BigInt(row.replayed_to_bronze),
        firstOffset: least(known.firstOffset, BigInt(row.first_offset)),
      });
    } else {
      const rejectedBySilver = { events: BigInt(row.events), checksum: BigInt(row.checksum) };
      stored.set(key, { ...known, rejectedBySilver });
    }
  }
  if (quarantine.some(({ replayed }) => replayed !== '0') && (await hasSilver(client))) {
    await leaveOutReplayed(client, names, stored);
  }
  return (partition) => stored.get(keyOf(partition)) ?? NOTHING_STORED;
}

async function leaveOutReplayed(
  client: Client,
  names: readonly unknown[],
  stored: Map<string, Stored>,
): Promise<void> {
  for (const row of await askRows<CountRow>(client, 'reconcile/replayed', names)) {
    const key = keyOf(row);
    const known = stored.get(key) ?? NOTHING_STORED;
    const { events, checksum } = known.rejectedBySilver;
    stored.set(key, {
      ...known,
      rejectedBySilver: {
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
export const OUTCOMES = ['current', 'duplicate', 'superseded', 'skipped', 'deferred'] as const;
export type Outcomes = Readonly<Record<(typeof OUTCOMES)[number], Counted>>;
export const NO_OUTCOMES: Outcomes = {
  ...{ current: NONE, duplicate: NONE, superseded: NONE, skipped: NONE, deferred: NONE },
};

/** What silver made of each partition's events: one scan of its transactions. */
export async function readOutcomes(
  client: Client,
  partitions: readonly RecordedPartition[],
): Promise<Map<string, Outcomes>> {
  const outcomes = new Map<string, Outcomes>();
  if (!(await hasSilver(client))) {
    return outcomes;
  }
  const rows = await askRows<CountRow & { readonly outcome: (typeof OUTCOMES)[number] }>(
    client,
    'reconcile/outcomes',
    asked(partitions),
  );
  for (const row of rows) {
    const key = keyOf(row);
    outcomes.set(key, {
      ...(outcomes.get(key) ?? NO_OUTCOMES),
      [row.outcome]: { events: BigInt(row.events), checksum: BigInt(row.checksum) },
    });
  }
  return outcomes;
}

/** Whether the tables of the models are there. */
export async function hasSilver(client: Client): Promise<boolean> {
  return hasTables(client, 'silver.fact_transactions', 'gold.sales_performance');
}

export function least(...offsets: readonly (bigint | undefined)[]): bigint | undefined {
  return offsets
    .filter((offset) => offset !== undefined)
    .reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
}
