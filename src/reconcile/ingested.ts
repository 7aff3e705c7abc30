import { isImported } from '../log/table.ts';
import type { Client } from '../postgres/client.ts';
import { keyOf, type BookedPartition } from './books.ts';
import { compareCounts, events, offsetRange, type Comparison } from './comparison.ts';
import { least, type Held } from './held.ts';
import type { LogView } from './log.ts';
import { reconcileSql } from './sql.ts';

/** Runs of missing offsets that a note names. */
const NAMED = 5;

/**
 * Log = bronze + quarantined at ingest, for one partition. What the log held is counted in the log itself where it is a
 * file that is still there; else it is what ingest booked in the transactions that wrote the rows. Offsets behind the
 * books' place are waiting.
 *
 * An offset without an event is no loss by itself: Kafka's transaction markers, aborted and compacted records leave such.
 * Ingest books how many events it took on its way past them, so a row that went missing later shows as a difference, and
 * the rest is named in the note.
 * @param readWhole what the partition holds from its beginning, for a narrowed comparison that does not suffice
 */
export async function compareIngested(
  client: Client,
  booked: BookedPartition,
  held: Held,
  view: LogView | undefined,
  readWhole: () => Promise<Held>,
): Promise<Comparison[]> {
  const at = { check: 'log-to-bronze', scope: keyOf(booked), measure: 'events' } as const;
  const { waiting = 0n, beyondEnd } = view ?? {};
  if (booked.fromOffset > 0n) {
    const found = held.events + held.refusedAtIngest;
    const offsets = booked.nextOffset - booked.fromOffset;
    // Each offset has its event: nothing else is to be known.
    if (found === offsets && beyondEnd === undefined) {
      const notes = [`from offset ${booked.fromOffset} on`, ...(view?.notes ?? [])];
      return [compareCounts(at, { expected: found + waiting, found, waiting }, notes)];
    }
    return compareIngested(
      client,
      { ...booked, fromOffset: 0n },
      await readWhole(),
      view,
      readWhole,
    );
  }
  const found = held.events + held.refusedAtIngest + booked.pruned.events;
  const taken = view?.events ?? booked.landed + booked.quarantined;
  const compared = compareCounts(at, { expected: taken + waiting, found, waiting }, [
    ...(view === undefined ? ["not in this log: compared with ingest's own books"] : view.notes),
    ...(held.refusedAtIngest > 0n ? [`${held.refusedAtIngest} quarantined at ingest`] : []),
    ...(booked.pruned.events > 0n ? [`${booked.pruned.events} pruned`] : []),
    ...(booked.gaps.length > 0 ? [`offsets ${booked.gaps.join(', ')} expired unread`] : []),
  ]);
  const missing = taken - found;
  const note =
    missing > 0n
      ? await missingOffsets(client, booked, held, missing)
      : missing < 0n
        ? `${events(-missing)} more than were read`
        : holesNote(booked, held, view, found);
  const counted =
    note === undefined
      ? compared
      : { ...compared, note: [compared.note, note].filter((part) => part !== null).join('; ') };
  if (beyondEnd === undefined) {
    return [counted];
  }
  const offsets = {
    expected: booked.nextOffset - beyondEnd,
    found: booked.nextOffset,
    waiting: 0n,
  };
  return [
    counted,
    compareCounts({ ...at, measure: 'offsets' }, offsets, [
      `read up to offset ${offsets.found}, but the log ends at ${offsets.expected}: it was recreated or cut`,
    ]),
  ];
}

/** The offsets that were passed and gave no event. */
function holesNote(
  booked: BookedPartition,
  held: Held,
  view: LogView | undefined,
  found: bigint,
): string | undefined {
  const first = firstOffset(booked, held);
  const holes = first === undefined ? 0n : booked.nextOffset - first - found - booked.gapOffsets;
  if (holes <= 0n) {
    return undefined;
  }
  const kind = view?.holes ?? 'transaction markers, aborted or compacted records';
  return `${holes} ${holes === 1n ? 'offset' : 'offsets'} passed without an event (${kind})`;
}

function firstOffset(booked: BookedPartition, held: Held): bigint | undefined {
  const [firstGap] = booked.gaps.map((gap) => BigInt(gap.split('-')[0] ?? 0));
  return least(held.firstOffset, booked.pruned.from, firstGap);
}

async function missingOffsets(
  client: Client,
  booked: BookedPartition,
  held: Held,
  missing: bigint,
): Promise<string> {
  const { topic, partition, nextOffset, pruned } = booked;
  const from = pruned.to > 0n ? pruned.to : (firstOffset(booked, held) ?? 0n);
  const isFile = booked.position !== undefined && !isImported(topic);
  // A file begins at its first line; of a topic the first offset that was read is known by its event only.
  const { rows } = await client.query<{ from_offset: string; to_offset: string }>(
    reconcileSql('missing'),
    [topic, partition, isFile ? pruned.to : from, nextOffset, NAMED],
  );
  const ranges = rows.map((row) => offsetRange(BigInt(row.from_offset), BigInt(row.to_offset)));
  const where =
    ranges.length === 0
      ? ''
      : `: without an event ${ranges.length < NAMED ? 'are' : 'are first'} offsets ${ranges.join(', ')}`;
  return `${events(missing)} missing${where}`;
}
