import type { Client } from '../../postgres/client.ts';
import { arraysOf, hasTables } from '../../postgres/ask.ts';
import { keyOf, type PartitionName } from '../../postgres/offsets.ts';
import { readRows } from '../../postgres/rows.ts';
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
  /** Rejected at ingest, without those that were replayed to their place in bronze. */
  readonly rejectedAtIngest: bigint;
  readonly rejectedBySilver: Counted;
  /** The first offset that bronze or the quarantine has; undefined where they have none. */
  readonly firstOffset?: bigint | undefined;
}

const NONE: Counted = { events: 0n, checksum: 0n };
const NOTHING_STORED: Stored = {
  ...{ events: 0n, promoted: NONE, rejectedAtIngest: 0n, rejectedBySilver: NONE },
};

interface CountRow extends PartitionName, Counted {}

interface StoredRow extends CountRow, Pick<Stored, 'rejectedAtIngest' | 'firstOffset'> {
  readonly promoted: bigint;
  readonly rejectedBySilver: bigint;
  readonly rejectedChecksum: bigint;
  readonly hasReplayed: boolean;
}

/** Counts bronze and the quarantine: ranges of their primary keys. */
export async function readStored(
  client: Client,
  partitions: readonly RecordedPartition[],
): Promise<(partition: RecordedPartition) => Stored> {
  const names = [...asked(partitions), ...arraysOf(partitions, 'promotedTo')];
  const rows = await readRows<StoredRow>(client, 'query/reconcile/stored', names);
  const isReplayed = rows.some(({ hasReplayed }) => hasReplayed) && (await hasSilver(client));
  const replayed = isReplayed
    ? await readRows<CountRow>(client, 'query/reconcile/replayed', names)
    : [];
  const stored = new Map(
    rows.map(({ promoted, checksum, rejectedBySilver, rejectedChecksum, ...row }) => {
      const key = keyOf(row);
      const again = replayed.find((one) => keyOf(one) === key) ?? NONE;
      return [
        key,
        {
          ...row,
          promoted: { events: promoted, checksum },
          rejectedBySilver: {
            events: rejectedBySilver - again.events,
            checksum: rejectedChecksum - again.checksum,
          },
        },
      ];
    }),
  );
  return (partition) => stored.get(keyOf(partition)) ?? NOTHING_STORED;
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
  const rows = await readRows<CountRow & { readonly outcome: keyof Outcomes }>(
    client,
    'query/reconcile/outcomes',
    asked(partitions),
  );
  for (const { outcome, events, checksum, ...name } of rows) {
    const key = keyOf(name);
    const known = outcomes.get(key) ?? NO_OUTCOMES;
    outcomes.set(key, { ...known, [outcome]: { events, checksum } });
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
