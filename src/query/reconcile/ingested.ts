import { isImported } from '../../log/table.ts';
import type { Client } from '../../postgres/client.ts';
import { readRows } from '../../postgres/rows.ts';
import { keyOf } from '../../postgres/offsets.ts';
import type { RecordedPartition } from './recorded.ts';
import { compareCounts, events, offsetRange, type Comparison } from './comparison.ts';
import { least, type Stored } from './stored.ts';
import type { LogView } from './log.ts';

/** Runs of missing offsets that a note names. */
const NAMED = 5;

/**
 * Log = bronze + quarantined at ingest, for one partition. What the log held is counted in the log itself where it is a
 * file that is still there; else it is what ingest recorded in the transactions that wrote the rows. Offsets behind the
 * recorded place are waiting.
 *
 * An offset without an event is no loss by itself: Kafka's transaction markers, aborted and compacted records leave such.
 * Ingest records how many events it took on its way past them, so a row that went missing later shows as a difference, and
 * the rest is named in the note.
 * @param readWhole what the partition holds from its beginning, for a narrowed comparison that does not suffice
 */
export async function compareIngested(
  client: Client,
  recorded: RecordedPartition,
  stored: Stored,
  view: LogView | undefined,
  readWhole: () => Promise<Stored>,
): Promise<Comparison[]> {
  const at = { check: 'log-to-bronze', scope: keyOf(recorded), measure: 'events' } as const;
  const { waiting = 0n, beyondEnd } = view ?? {};
  if (recorded.fromOffset > 0n) {
    const found = stored.events + stored.rejectedAtIngest;
    const offsets = recorded.nextOffset - recorded.fromOffset;
    // Each offset has its event: nothing else is to be known.
    if (found === offsets && beyondEnd === undefined) {
      const notes = [`from offset ${recorded.fromOffset} on`, ...(view?.notes ?? [])];
      return [compareCounts(at, { expected: found + waiting, found, waiting }, notes)];
    }
    return compareIngested(
      client,
      { ...recorded, fromOffset: 0n },
      await readWhole(),
      view,
      readWhole,
    );
  }
  const found = stored.events + stored.rejectedAtIngest + recorded.prunedEvents;
  const taken = view?.events ?? recorded.written + recorded.quarantined;
  const compared = compareCounts(at, { expected: taken + waiting, found, waiting }, [
    ...(view === undefined ? ["not in this log: compared with ingest's own records"] : view.notes),
    ...(stored.rejectedAtIngest > 0n ? [`${stored.rejectedAtIngest} quarantined at ingest`] : []),
    ...(recorded.prunedEvents > 0n ? [`${recorded.prunedEvents} pruned`] : []),
    ...(recorded.gaps.length > 0 ? [`offsets ${recorded.gaps.join(', ')} expired unread`] : []),
  ]);
  const missing = taken - found;
  const note =
    missing > 0n
      ? await missingOffsets(client, recorded, stored, missing)
      : missing < 0n
        ? `${events(-missing)} more than were read`
        : holesNote(recorded, stored, view, found);
  const counted =
    note === undefined
      ? compared
      : { ...compared, note: [compared.note, note].filter((part) => part !== null).join('; ') };
  if (beyondEnd === undefined) {
    return [counted];
  }
  const offsets = {
    expected: recorded.nextOffset - beyondEnd,
    found: recorded.nextOffset,
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
  recorded: RecordedPartition,
  stored: Stored,
  view: LogView | undefined,
  found: bigint,
): string | undefined {
  const first = firstOffset(recorded, stored);
  const holes =
    first === undefined ? 0n : recorded.nextOffset - first - found - recorded.gapOffsets;
  if (holes <= 0n) {
    return undefined;
  }
  const kind = view?.holes ?? 'transaction markers, aborted or compacted records';
  return `${holes} ${holes === 1n ? 'offset' : 'offsets'} passed without an event (${kind})`;
}

function firstOffset(recorded: RecordedPartition, stored: Stored): bigint | undefined {
  const [firstGap] = recorded.gaps.map((gap) => BigInt(gap.split('-')[0] ?? 0));
  return least(stored.firstOffset, recorded.prunedFrom, firstGap);
}

async function missingOffsets(
  client: Client,
  recorded: RecordedPartition,
  stored: Stored,
  missing: bigint,
): Promise<string> {
  const { topic, partition, nextOffset, prunedTo } = recorded;
  const from = prunedTo > 0n ? prunedTo : (firstOffset(recorded, stored) ?? 0n);
  const isFile = recorded.position !== undefined && !isImported(topic);
  // A file begins at its first line; of a topic the first offset that was read is known by its event only.
  const rows = await readRows<{ from: bigint; to: bigint }>(client, 'query/reconcile/missing', [
    ...[topic, partition, isFile ? prunedTo : from, nextOffset, NAMED],
  ]);
  const ranges = rows.map((row) => offsetRange(row.from, row.to));
  const where =
    ranges.length === 0
      ? ''
      : `: without an event ${ranges.length < NAMED ? 'are' : 'are first'} offsets ${ranges.join(', ')}`;
  return `${events(missing)} missing${where}`;
}
