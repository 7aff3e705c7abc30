import type { Client } from '../../postgres/client.ts';
import { readRows } from '../../postgres/rows.ts';
import { keyOf } from '../../postgres/offsets.ts';
import type { RecordedPartition } from './recorded.ts';
import { compareCounts, events, type Comparison } from './comparison.ts';
import { OUTCOMES, type Counted, type Stored, type Outcomes } from './stored.ts';

/** Events of each kind that a note names. */
const NAMED = 5;

const KINDS = {
  lost: 'nowhere in silver',
  unknown: 'in silver but not in bronze',
  twice: 'accounted for more than once',
  early: 'in silver before the watermark came to them',
} as const;

/**
 * Bronze = silver + duplicates + superseded + skipped + quarantined by silver, for one partition, up to its watermark. Counts and
 * the sums of the offsets' hashes are compared; only where they differ the events are looked for one by one.
 */
export async function comparePromoted(
  client: Client,
  recorded: RecordedPartition,
  stored: Stored,
  outcomes: Outcomes,
): Promise<Comparison[]> {
  const at = { check: 'bronze-to-silver', scope: keyOf(recorded), measure: 'events' } as const;
  const isWhole = recorded.fromOffset === 0n;
  const prunedInSilver = isWhole ? recorded.prunedInSilver : 0n;
  const prunedChecksum = isWhole ? recorded.prunedChecksum : 0n;
  const accounted = [...OUTCOMES.map((outcome) => outcomes[outcome]), stored.rejectedBySilver];
  const found = sumOf(accounted, 'events');
  const expected = stored.promoted.events + prunedInSilver;
  const deferred = outcomes.deferred.events;
  const waiting = stored.events - stored.promoted.events;
  const notes = [
    `${outcomes.current.events} current, ${outcomes.duplicate.events} duplicates, ` +
      `${outcomes.superseded.events} superseded, ${stored.rejectedBySilver.events} quarantined`,
    ...(outcomes.skipped.events > 0n ? [`${outcomes.skipped.events} skipped by their source`] : []),
    ...(deferred > 0n ? [`${deferred} deferred by a fill that has not ended`] : []),
    ...(prunedInSilver > 0n ? [`${prunedInSilver} pruned`] : []),
    ...(isWhole ? [] : [`from offset ${recorded.fromOffset} on`]),
  ];
  const isSame =
    found === expected &&
    sumOf(accounted, 'checksum') === stored.promoted.checksum + prunedChecksum;
  const strays = isSame ? { notes: [], events: 0n } : await findStrays(client, recorded);
  const places = {
    expected: expected + waiting,
    found: found - deferred,
    waiting: waiting + deferred,
  };
  const counted = compareCounts(at, places, [
    ...notes,
    ...(found === expected ? [] : strays.notes),
  ]);
  if (isSame || found !== expected) {
    return [counted];
  }
  // As many events are missing as there are too many: the counts agree, the events do not.
  const inPlace = expected - (strays.events > 0n ? strays.events : 1n);
  const inPlaces = { expected, found: inPlace, waiting: 0n };
  return [counted, compareCounts({ ...at, measure: 'places' }, inPlaces, strays.notes)];
}

function sumOf(counts: readonly Counted[], what: keyof Counted): bigint {
  return counts.reduce((sum, count) => sum + count[what], 0n);
}

async function findStrays(
  client: Client,
  { topic, partition, fromOffset, promotedTo }: RecordedPartition,
): Promise<{ readonly notes: string[]; readonly events: bigint }> {
  const kinds = await readRows<{ kind: keyof typeof KINDS; events: bigint; offsets: string[] }>(
    client,
    'query/reconcile/strays',
    [topic, partition, fromOffset, promotedTo, NAMED],
  );
  if (kinds.length === 0) {
    return {
      notes: ['no single event explains it: bronze, or what prune recorded, has changed since'],
      events: 0n,
    };
  }
  return {
    notes: kinds.map(
      ({ kind, events: count, offsets }) =>
        `${events(count)} ${KINDS[kind]}: offsets ${offsets.join(', ')}${count > offsets.length ? ', ..' : ''}`,
    ),
    events: kinds.reduce((most, kind) => (kind.events > most ? kind.events : most), 0n),
  };
}
