import type { Ingested } from '../../app/ingest.ts';
import type { IngestResult } from '../../bronze/ingest.ts';
import { counted, grouped, megabytes } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { CommandContext } from '../context.ts';
import { numbers, quantities, resultOf, texts } from './result.ts';
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
  context: CommandContext,
  result: Omit<Ingested, 'whenEmpty'>,
  more = '',
): Promise<void> {
  // Files may be called anything.
  const text = visible(ingestedSummary(result, result.source) + more, { lines: true });
  await context.writeText(hanging(text, context.width), () => partitionTable(result));
}

/** What an ingest wrote, for people. */
export function ingestedSummary(result: IngestResult, source: string): string {
  const { events, bytes, seconds, quarantined, partitions } = result;
  const rejected = Object.entries(quarantined);
  const rate = `${grouped(Math.round(events / seconds))}/s`;
  const lines = [
    events === 0 && rejected.length === 0
      ? `nothing new in ${source}${ENDS[result.end]}`
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
      `  warning: ${counted(result.implausible, 'event')} with an impossible time in the log`,
    );
  }
  if (result.droppedBatches > 0) {
    const batches = counted(result.droppedBatches, 'batch', 'batches');
    lines.push(`  ${batches} were left out: another ingest had already written them`);
  }
  return `${lines.join('\n')}\n`;
}

function partitionTable({ partitions }: IngestResult): ResultTable {
  const columns = {
    ...{ ...texts('topic'), ...numbers('partition', 'fromOffset', 'nextOffset') },
    ...quantities('events', 'bytes', 'quarantined'),
  };
  return resultOf(columns, partitions);
}
