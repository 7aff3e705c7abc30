import path from 'node:path';
import type { Readable } from 'node:stream';
import { MAX_EVENT_BYTES } from '../bronze/admission.ts';
import { ingest as ingestFrom, type IngestOptions, type IngestResult } from '../bronze/ingest.ts';
import type { Config } from '../config.ts';
import { logsOf } from '../config/kafka.ts';
import { usageError } from '../errors.ts';
import type { Decoder } from '../format/decoder.ts';
import { formatOf, openDecoder } from '../format/open.ts';
import { openFileReader } from '../log/files/reader.ts';
import { openStdinReader } from '../log/files/stream-reader.ts';
import type { LogReader } from '../log/log.ts';
import { openLogs } from '../log/open.ts';
import { readSeveral } from '../log/several.ts';
import { openTableReader } from '../log/table.ts';
import type { StageContext } from '../progress.ts';
import type { CsvForm, Source, Sources } from '../source/mapping.ts';
import { loadSources } from '../source/read.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { DEFAULT_RETRY_POLICY, retryMsAtStart, type RetryPolicy } from '../retry.ts';
import { contextOf, withOpen, type CallOptions } from './call.ts';
import { findSource } from './source.ts';

export interface IngestRequest extends CallOptions {
  /** Files of NDJSON, or with a mapping of CSV, plain or gzip, instead of the log of the configuration. */
  readonly files?: readonly string[] | undefined;
  /** The same as a stream. */
  readonly input?: Readable | undefined;
  /** With `files`: the source that maps their records, of the package or of the project. */
  readonly mapping?: string | undefined;
  /** Go on as events arrive, until the signal. */
  readonly follow?: boolean | undefined;
  /** With `follow`: stop when none has come for so many milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Stop when so many have been taken. */
  readonly maxRecords?: number | undefined;
  /** Larger events go to the quarantine; 16 MiB unless said otherwise. */
  readonly maxEventBytes?: number | undefined;
  /** Read a recreated Kafka topic from its beginning. */
  readonly resetOffsets?: boolean | undefined;
}

export interface Ingested extends IngestResult {
  /** What was read, in words. */
  readonly source: string;
  /** What to do where the log held nothing new, if there is something to say. */
  readonly whenEmpty: string | undefined;
}

/** PostgreSQL takes values up to 1 GB, and a server needs several times a value's size to write it. */
const LARGEST_EVENT = 256 << 20;

/** @throws MedallionError usage */
export function checkEventLimit(maxEventBytes = 0): void {
  if (maxEventBytes > LARGEST_EVENT) {
    throw usageError(`--max-event-bytes is at most ${LARGEST_EVENT}`);
  }
}

/**
 * The source that a request names.
 * @throws MedallionError usage, config
 */
function sourceOf(sources: Sources, { mapping, files }: IngestRequest): Source | undefined {
  if (mapping === undefined) {
    return undefined;
  }
  if (files === undefined) {
    throw usageError(
      '--source works only with files: --from FILE',
      'A topic gets its source from the file that lists it: topics: [..] in sources/<name>.yaml.',
    );
  }
  return findSource(sources, mapping);
}

/**
 * Writes what is new in the log to bronze, each event exactly once.
 * @throws MedallionError usage, unreachable, denied, input, source_changed, storage
 */
export async function ingest(config: Config, request: IngestRequest = {}): Promise<Ingested> {
  const { follow = false, resetOffsets = false, arguments: commandLine = [] } = request;
  const { idleTimeoutMs, maxRecords, maxEventBytes, mapping } = request;
  checkEventLimit(maxEventBytes);
  const sources = loadSources(config.project);
  const csv = sourceOf(sources, request)?.csv;
  const context = contextOf(request);
  const { reader, decoder, whenEmpty } = await openInput(config, request, csv, context);
  const options: IngestOptions = {
    ...{ arguments: commandLine, follow, resetOffsets, decoder },
    ...{ idleTimeoutMs, maxRecords, maxEventBytes, source: mapping, sources },
  };
  const result = await withOpen(config, request, ({ settings, retry }) =>
    ingestFrom(reader, settings, { ...options, retry }, context),
  );
  const isEmpty = result.end === 'end' && result.partitions.length === 0;
  return { ...result, source: reader.description, whenEmpty: isEmpty ? whenEmpty : undefined };
}

/** What is read, and what its values are decoded by. */
export interface IngestInput {
  readonly reader: LogReader;
  readonly decoder?: Decoder | undefined;
  readonly whenEmpty?: string | undefined;
}

async function openInput(
  config: Config,
  request: IngestRequest,
  csv: CsvForm | undefined,
  context: StageContext,
): Promise<IngestInput> {
  const { input, files, follow = false, maxRecords } = request;
  const isOfLog = input === undefined && files === undefined;
  if (isOfLog && follow && maxRecords !== undefined && logsOf(config.log).length > 1) {
    throw usageError(
      '--max-messages with --follow works with one topic only, and several are named',
      'Nothing was read. Name one topic with --topic, or leave out --follow or --max-messages.',
    );
  }
  if (input !== undefined) {
    return { reader: openStdinReader(input) };
  }
  return files === undefined
    ? openConfiguredLog(config, request, context)
    : {
        reader: await openFileReader(
          files.map((file) => path.resolve(file)),
          csv,
        ),
      };
}

/** @param topicWaitMs how long a topic that is not there is waited for; as long as a broker unless said otherwise */
export async function openConfiguredLog(
  config: Config,
  request: Pick<IngestRequest, 'retryFor' | 'maxEventBytes'>,
  context: StageContext,
  topicWaitMs?: number,
): Promise<IngestInput> {
  const { retryFor: retryPolicy = DEFAULT_RETRY_POLICY, maxEventBytes = MAX_EVENT_BYTES } = request;
  const logs = openLogs(config, context);
  const format = formatOf(config);
  const decoder =
    format && (await openDecoder(config, format, context, retryPolicy, maxEventBytes));
  const waitMs = topicWaitMs ?? retryMsAtStart(retryPolicy);
  const readers: LogReader[] = [];
  for (const log of logs) {
    readers.push(await log.read({ retryPolicy, topicWaitMs: waitMs }));
  }
  const [only, ...others] = readers;
  const reader = only === undefined || others.length > 0 ? readSeveral(readers) : only;
  return {
    reader,
    decoder,
    whenEmpty: logs.find(({ whenEmpty }) => whenEmpty !== undefined)?.whenEmpty,
  };
}

export interface ImportRequest extends CallOptions {
  /** PostgreSQL of the older pipeline. */
  readonly source: ConnectionSettings;
  /** Its table, or a view like it. */
  readonly table: string;
  readonly retryFor: RetryPolicy;
}

export interface Imported extends Omit<Ingested, 'whenEmpty'> {
  /** How many rows of each processed_status were written to bronze. */
  readonly writtenByStatus: ReadonlyMap<string, number>;
}

/**
 * Writes the rows of an older pipeline's table to bronze, each once.
 * @throws MedallionError unreachable, denied, input, storage
 */
export async function importBronze(config: Config, request: ImportRequest): Promise<Imported> {
  const { source, table, retryFor, arguments: commandLine = [] } = request;
  return withOpen(config, request, async ({ settings, retry, context }) => {
    const reader = await openTableReader(source, table, context, retryFor);
    const options = {
      ...{ command: 'import-bronze', arguments: commandLine, retry, follow: false },
      sources: loadSources(config.project),
    };
    const result = await ingestFrom(reader, settings, options, context);
    const { description, writtenByStatus } = reader;
    return { ...result, source: description, writtenByStatus };
  });
}
