import type { IngestResult } from '../../bronze/ingest.ts';
import type { LogReader } from '../../log/log.ts';
import { counted, grouped } from '../../number.ts';
import type { CommandContext } from '../context.ts';
import type { ResultTable } from './output.ts';
import { visible } from './text.ts';
import { hanging } from './wrap.ts';

const ENDS: Readonly<Record<IngestResult['end'], string>> = {
  end: '',
  idle: '; nothing more came',
  'max-records': '; --max-messages reached',
  interrupted: '; interrupted',
};

/** Prints what an ingest wrote: for people, with a line more if there is one, or a row for each partition. */
export async function writeIngested(
  result: IngestResult,
  reader: Pick<LogReader, 'description'>,
  context: CommandContext,
  more = '',
): Promise<void> {
  if (context.format === undefined) {
    // Files may be called anything.
    const summary = visible(ingestedSummary(result, reader) + more, { lines: true });
    await context.write(hanging(summary, context.width));
  } else {
    await context.writeRows(partitionTable(result));
  }
}

/** What an ingest wrote, for people. */
export function ingestedSummary(
  result: IngestResult,
  reader: Pick<LogReader, 'description'>,
): string {
  const { events, bytes, seconds, quarantined, partitions } = result;
  const rejected = Object.entries(quarantined);
  const rate = `${grouped(Math.round(events / seconds))}/s`;
  const lines = [
    events === 0 && rejected.length === 0
      ? `nothing new in ${reader.description}${ENDS[result.end]}`
      : `${counted(events, 'event')} (${megabytes(bytes)}) written to bronze in ${seconds.toFixed(1)} s, ${rate}${ENDS[result.end]}`,
    ...partitions.map(
      ({ topic, partition, fromOffset, nextOffset, events: written }) =>
        `  ${topic} ${partition}: ${counted(written, 'event')}, offsets ${fromOffset} to ${nextOffset - 1n}`,
    ),
  ];
  if (rejected.length > 0) {
    const reasons = rejected.map(([reason, count]) => `${grouped(count)} ${reason}`).join(', ');
    lines.push(`  rejected: ${reasons} (kept in bronze.quarantine)`);
  }
  if (result.implausible > 0) {
    lines.push(
      `  warning: ${counted(result.implausible, 'event')} with a time in the log that cannot be right`,
    );
  }
  if (result.droppedBatches > 0) {
    const batches = counted(result.droppedBatches, 'batch', 'batches');
    lines.push(`  ${batches} had been written by another ingest and were left to it`);
  }
  return `${lines.join('\n')}\n`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function partitionTable({ partitions }: IngestResult): ResultTable {
  const numbers = ['partition', 'from_offset', 'next_offset', 'events', 'bytes', 'quarantined'];
  return {
    columns: [
      { name: 'topic', kind: 'text' },
      ...numbers.map((name) => ({
        ...{ name, kind: 'number' as const },
        isQuantity: ['events', 'bytes', 'quarantined'].includes(name),
      })),
    ],
    rows: partitions.map((row) => [
      row.topic,
      ...[
        row.partition,
        row.fromOffset,
        row.nextOffset,
        row.events,
        row.bytes,
        row.quarantined,
      ].map(String),
    ]),
  };
}
