import type { Config } from '../config.ts';
import { compareSources, findTopicLog } from '../log/kafka/source.ts';
import {
  countHeldLines,
  fileOfPartition,
  landingPartitionNames,
} from '../log/landing/held-lines.ts';
import { isImported } from '../log/table/table.ts';
import type { StageContext } from '../progress.ts';
import { keyOf, unknownPartition, type BookedPartition } from './books.ts';
import { offsetRange } from './comparison.ts';

/** What the log itself says of a partition. */
export interface LogView {
  /** Events behind the place that the books hold; of Kafka offsets, which may be a few more than events. */
  readonly waiting: bigint;
  /** Events before that place, where the log can count them. */
  readonly events?: bigint;
  /** Offsets that were read, and that the log does not hold: it was recreated, or cut. */
  readonly beyondEnd?: bigint;
  /** What the offsets without an event are, where the log shows it. */
  readonly holes?: string;
  readonly notes: readonly string[];
}

export interface LogViews {
  readonly views: ReadonlyMap<string, LogView>;
  /** Partitions of the log that ingest has not begun. */
  readonly unread: readonly BookedPartition[];
}

/** A table of the older pipeline is asked once, when it is imported. */
const IMPORTED: LogView = {
  waiting: 0n,
  holes: 'ids that the table does not have',
  notes: ["imported: compared with import-bronze's own books"],
};

/** Whoever else has read it, this warehouse has not. */
const NEVER_READ = 'this warehouse has read nothing of it yet';

/**
 * Looks at the logs behind the partitions: at the configured Kafka topic, or landing topic, and at each file that is
 * still there. What was read from another log (stdin, another topic) has no view.
 * @param options onlyWaiting: do not count what was read
 * @throws MedallionError unreachable, denied, input
 */
export async function lookAtLogs(
  config: Config,
  books: readonly BookedPartition[],
  options: { readonly onlyWaiting: boolean },
  context: StageContext,
): Promise<LogViews> {
  const { log, home } = config;
  const views = new Map<string, LogView>();
  for (const booked of books) {
    const view = isImported(booked.topic)
      ? IMPORTED
      : await lookAtFile(home, booked, options.onlyWaiting);
    if (view !== undefined) {
      views.set(keyOf(booked), view);
    }
  }
  if (log.kind === 'landing') {
    const unread = (await landingPartitionNames(home, log.topic))
      .filter((name) => books.every((booked) => keyOf(booked) !== keyOf(name)))
      .map(unknownPartition);
    for (const partition of unread) {
      views.set(
        keyOf(partition),
        (await lookAtFile(home, partition, false)) ?? { waiting: 0n, notes: [] },
      );
    }
    return { views, unread };
  }
  const found = await findTopicLog(log, log.topic, context.signal);
  const unread: BookedPartition[] = [];
  for (const { partition, low, high } of found?.ranges.values() ?? []) {
    const booked = currentGeneration(books, log.topic, partition);
    if (booked === undefined) {
      const name = unknownPartition({ topic: log.topic, partition });
      unread.push(name);
      views.set(keyOf(name), { waiting: high - low, notes: [NEVER_READ] });
    } else {
      views.set(keyOf(booked), viewOfTopic(booked, found?.source ?? '', low, high));
    }
  }
  return { views, unread };
}

function viewOfTopic(booked: BookedPartition, source: string, low: bigint, high: bigint): LogView {
  const { nextOffset } = booked;
  const change = compareSources(booked.source ?? '', source);
  if (change === 'cluster') {
    const note = `read from another log (${booked.source ?? 'unknown'}; this one is ${source})`;
    return { waiting: 0n, notes: [note] };
  }
  if (change === 'recreated') {
    const note = 'the topic was recreated: ingest --reset-offsets takes the new one';
    return { waiting: high - low, notes: [note] };
  }
  if (nextOffset > high) {
    return { waiting: 0n, beyondEnd: nextOffset - high, notes: [] };
  }
  const isExpired = nextOffset < low;
  return {
    waiting: high - (isExpired ? low : nextOffset),
    notes: isExpired
      ? [`offsets ${offsetRange(nextOffset, low)} expired unread; the next ingest books the gap`]
      : [],
  };
}

/** The row that ingest goes on with: "sales#2" follows "sales" when the topic was recreated. */
function currentGeneration(
  books: readonly BookedPartition[],
  topic: string,
  partition: number,
): BookedPartition | undefined {
  const generation = (booked: BookedPartition): number =>
    booked.topic === topic ? 1 : Number(/^#(\d{1,9})$/.exec(booked.topic.slice(topic.length))?.[1]);
  return books
    .filter(
      (booked) =>
        booked.partition === partition &&
        booked.source !== undefined &&
        booked.topic.startsWith(topic) &&
        generation(booked) > 0,
    )
    .sort((a, b) => generation(b) - generation(a))[0];
}

async function lookAtFile(
  home: string,
  booked: BookedPartition,
  onlyAfter: boolean,
): Promise<LogView | undefined> {
  const file = fileOfPartition(home, booked.topic, booked.partition);
  if (file === undefined) {
    return undefined;
  }
  const { source, position = 0n, digest } = booked;
  const { path, grows } = file;
  const read = source === undefined ? undefined : { source, position: Number(position), digest };
  const counts = await countHeldLines(path, read, { grows, onlyAfter });
  if (counts === undefined) {
    return { waiting: 0n, notes: ['the file is gone'] };
  }
  const { before, after, isReplaced } = counts;
  if (isReplaced) {
    const note = 'the file was replaced: the next ingest reads it from its beginning';
    return { waiting: after.events, notes: [note] };
  }
  const view = { waiting: after.events, holes: 'blank lines', notes: [] };
  if (before === undefined) {
    return view;
  }
  // In a file that was replaced offsets go on, and are no line numbers any more.
  return before.lines === booked.nextOffset
    ? { ...view, events: before.events }
    : { ...view, notes: ['the file was replaced, or its last line grew'] };
}
