import type { IngestResult } from '../../ingest/ingest.ts';
import type { LogReader } from '../../log/log.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from './output.ts';

const ENDS: Readonly<Record<IngestResult['end'], string>> = {
  end: '',
  idle: '; nothing more came',
  'max-records': '; --max-messages reached',
  interrupted: '; interrupted',
};

/** What an ingest landed, for people. */
export function landedSummary(
  result: IngestResult,
  reader: Pick<LogReader, 'description'>,
): string {
  const { events, bytes, seconds, quarantined, partitions } = result;
  const refused = Object.entries(quarantined);
  const rate = `${grouped(Math.round(events / seconds))}/s`;
  const lines = [
    events === 0 && refused.length === 0
      ? `nothing new in ${reader.description}${ENDS[result.end]}`
      : `${counted(events, 'event')} (${megabytes(bytes)}) landed in ${seconds.toFixed(1)} s, ${rate}${ENDS[result.end]}`,
    ...partitions.map(
      ({ topic, partition, fromOffset, nextOffset, events: landed }) =>
        `  ${topic} ${partition}: ${counted(landed, 'event')}, offsets ${fromOffset} to ${nextOffset - 1n}`,
    ),
  ];
  if (refused.length > 0) {
    const reasons = refused.map(([reason, count]) => `${grouped(count)} ${reason}`).join(', ');
    lines.push(`  refused: ${reasons} (kept in bronze.quarantine)`);
  }
  if (result.implausible > 0) {
    lines.push(
      `  warning: ${counted(result.implausible, 'event')} with a time in the log that cannot be right`,
    );
  }
  if (result.droppedBatches > 0) {
    const batches = counted(result.droppedBatches, 'batch', 'batches');
    lines.push(`  ${batches} had been landed by another ingest and were left to it`);
  }
  return `${lines.join('\n')}\n`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The same, one row per partition. */
export function partitionTable({ partitions }: IngestResult): ResultTable {
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
