import type { Config } from '../../config.ts';
import { countLines } from '../../log/files/extent.ts';
import { fileOfPartition } from '../../log/files/landing.ts';
import { mismatchOf } from '../../log/kafka/topic.ts';
import type { Log } from '../../log/log.ts';
import { openLogs } from '../../log/open.ts';
import { isImported } from '../../log/table.ts';
import { currentGenerations, keyOf } from '../../postgres/offsets.ts';
import type { TopicSource } from '../../postgres/topic-sources.ts';
import type { StageContext } from '../../progress.ts';
import type { CsvForm } from '../../source/mapping.ts';
import { loadSources } from '../../source/read.ts';
import { unknownPartition, type RecordedPartition } from './recorded.ts';
import { offsetRange } from './comparison.ts';

/** What the log itself says of a partition. */
export interface LogView {
  /** Events behind the place that is recorded; of Kafka offsets, which may be a few more than events. */
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
  readonly unread: readonly RecordedPartition[];
}

/** A table of the older pipeline is asked once, when it is imported. */
const IMPORTED: LogView = {
  waiting: 0n,
  holes: 'ids that the table does not have',
  notes: ["imported: compared with import-bronze's own records"],
};

/** Whoever else has read it, this warehouse has not. */
const NEVER_READ = 'this warehouse has read nothing of it yet';

/**
 * Looks at the logs behind the partitions: at the configured Kafka topic, or landing topic, and at each file that is
 * still there. What was read from another log (stdin, another topic) has no view.
 * @param options onlyWaiting: do not count what was read; topicSources: what says of a file that it holds CSV
 * @throws MedallionError unreachable, denied, input
 */
export async function lookAtLogs(
  config: Config,
  partitions: readonly RecordedPartition[],
  options: { readonly onlyWaiting: boolean; readonly topicSources: readonly TopicSource[] },
  context: StageContext,
): Promise<LogViews> {
  const { home } = config;
  const formOf = csvForms(config, options.topicSources);
  const views = new Map<string, LogView>();
  for (const recorded of partitions) {
    const view = isImported(recorded.topic)
      ? IMPORTED
      : await lookAtFile(home, recorded, formOf(recorded.topic), options.onlyWaiting);
    if (view !== undefined) {
      views.set(keyOf(recorded), view);
    }
  }
  const unread: RecordedPartition[] = [];
  for (const log of openLogs(config, context)) {
    unread.push(...(await lookAtOne(log, partitions, home, views)));
  }
  return { views, unread };
}

/** Adds the views of the partitions of one log. @returns those that nobody has read */
async function lookAtOne(
  log: Log,
  partitions: readonly RecordedPartition[],
  home: string,
  views: Map<string, LogView>,
): Promise<RecordedPartition[]> {
  const current = currentGenerations(
    log.topic,
    partitions.filter(({ source }) => source !== undefined),
  );
  const unread: RecordedPartition[] = [];
  for (const extent of await log.extent()) {
    const { partition, offsets } = extent;
    const recorded = current.find((candidate) => candidate.partition === partition);
    const name = unknownPartition({ topic: log.topic, partition });
    if (recorded === undefined) {
      unread.push(name);
      const view =
        offsets === undefined
          ? ((await lookAtFile(home, name, undefined, false)) ?? { waiting: 0n, notes: [] })
          : { waiting: offsets.high - offsets.low, notes: [NEVER_READ] };
      views.set(keyOf(name), view);
    } else if (offsets !== undefined) {
      views.set(keyOf(recorded), viewOfTopic(recorded, extent.source, offsets.low, offsets.high));
    }
  }
  return unread;
}

function viewOfTopic(
  recorded: RecordedPartition,
  source: string,
  low: bigint,
  high: bigint,
): LogView {
  const { nextOffset, source: from = 'unknown' } = recorded;
  switch (mismatchOf({ nextOffset, source: from }, source, high)) {
    case 'cluster':
      return { waiting: 0n, notes: [`read from another log (${from}; this one is ${source})`] };
    case 'recreated': {
      const note = 'the topic was recreated: ingest --reset-offsets reads the new one';
      return { waiting: high - low, notes: [note] };
    }
    case 'cut':
      return { waiting: 0n, beyondEnd: nextOffset - high, notes: [] };
    case undefined:
  }
  const isExpired = nextOffset < low;
  return {
    waiting: high - (isExpired ? low : nextOffset),
    notes: isExpired
      ? [`offsets ${offsetRange(nextOffset, low)} expired unread; the next ingest records the gap`]
      : [],
  };
}

type FormOf = (topic: string) => CsvForm | 'unknown' | undefined;

/** How the files of CSV among the topics are read; unknown where the source of one is not there. */
function csvForms({ project }: Config, topicSources: readonly TopicSource[]): FormOf {
  const sources = topicSources.length === 0 ? undefined : loadSources(project);
  return (topic) => {
    const name = topicSources.find((one) => one.topic === topic)?.source;
    const source = name === undefined ? undefined : sources?.get(name);
    return name !== undefined && source === undefined ? 'unknown' : source?.csv;
  };
}

async function lookAtFile(
  home: string,
  recorded: RecordedPartition,
  csv: ReturnType<FormOf>,
  onlyAfter: boolean,
): Promise<LogView | undefined> {
  const file = fileOfPartition(home, recorded.topic, recorded.partition);
  if (file === undefined) {
    return undefined;
  }
  if (csv === 'unknown') {
    return { waiting: 0n, notes: ['not checked: its source is not in this project'] };
  }
  const { source, position = 0n, digest } = recorded;
  const { path, grows } = file;
  const read = source === undefined ? undefined : { source, position: Number(position), digest };
  const counts = await countLines(path, read, { grows, onlyAfter, csv });
  if (counts === undefined) {
    return { waiting: 0n, notes: ['the file is gone'] };
  }
  const { before, after, isReplaced } = counts;
  if (isReplaced) {
    const note = 'the file was replaced: the next ingest reads it from its beginning';
    return { waiting: after.events, notes: [note] };
  }
  const view = {
    waiting: after.events,
    holes: csv === undefined ? 'blank lines' : 'further rows of orders',
    notes: [],
  };
  if (before === undefined) {
    return view;
  }
  // In a file that was replaced offsets go on, and are no line numbers any more.
  return before.lines === recorded.nextOffset
    ? { ...view, events: before.events }
    : { ...view, notes: ['the file was replaced, or its last line grew'] };
}
