import { randomInt } from 'node:crypto';
import type { Config } from '../config.ts';
import { MedallionError, usageError, withHint } from '../errors.ts';
import { MOST_CITIES } from '../generate/catalogue.ts';
import { openEncoding } from '../generate/encoding.ts';
import {
  generate as generateWith,
  type GenerateOptions,
  type GenerateResult,
} from '../generate/generate.ts';
import { writeManifest } from '../generate/manifest.ts';
import { resolvePeriod } from '../generate/timeline.ts';
import type { Compression, Log, LogWriter } from '../log/log.ts';
import { openLog } from '../log/open.ts';
import { grouped } from '../number.ts';
import { openRunFile, type WrittenPartition } from '../postgres/run-files.ts';
import { DEFAULT_RETRY_POLICY } from '../retry.ts';
import { checkWritable } from '../whole-file.ts';
import { contextOf, openLines, type CallOptions, type LineTarget } from './call.ts';

export { COMPRESSIONS } from '../log/log.ts';

export interface GenerateRequest extends CallOptions {
  /** Events in all, faults included; no end with `follow` when left out. */
  readonly count?: number | undefined;
  /** The same seed, period and sizes give the same events; another one each time when left out. */
  readonly seed?: number | undefined;
  /** First and last UTC day of the purchases, YYYY-MM-DD; the 31 days up to yesterday when left out. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly customers?: number | undefined;
  readonly products?: number | undefined;
  readonly cities?: number | undefined;
  /** Shares of all events, from 0 to 1. */
  readonly faults?: Partial<GenerateOptions['faults']> | undefined;
  /** Go on until the signal, each purchase made now. */
  readonly follow?: boolean | undefined;
  /** Events a second; as fast as it goes when left out, 50 with `follow`. */
  readonly rate?: number | undefined;
  /** A file for the answers that the warehouse must give. */
  readonly manifest?: string | undefined;
  /** A file of NDJSON, or what takes lines, instead of the log of the configuration. */
  readonly to?: LineTarget | undefined;
  /** Files of the landing topic, 1 unless said otherwise; a missing Kafka topic is made with so many. */
  readonly partitions?: number | undefined;
  /** How batches to Kafka are compressed. */
  readonly compression?: Compression | undefined;
}

export interface Generated extends GenerateResult {
  /** Where the events went, in words. */
  readonly target: string;
  readonly seed: number;
  readonly period: GenerateOptions['period'];
}

export const DEFAULT_COUNT = 5000;
/** Events a second of a stream that runs now. */
export const DEFAULT_RATE = 50;
/** A shop of a size that looks real and is quick. */
export const DEFAULT_SIZES = { customers: 1000, products: 200, cities: 40 };

/**
 * Writes made-up purchases to the log: the topic, which has to exist, or the landing directory. Its record waits in the
 * home for the next call that opens the warehouse.
 * @throws MedallionError usage, unreachable, denied, config, storage
 */
export async function generate(config: Config, request: GenerateRequest): Promise<Generated> {
  const context = contextOf(request);
  const options = optionsOf(request);
  const { to, manifest: manifestFile, retryFor = DEFAULT_RETRY_POLICY } = request;
  if (manifestFile !== undefined) {
    await checkWritable(manifestFile);
  }
  // A file is of plain JSON.
  const wire =
    to === undefined ? await openEncoding(config, options.faults, context, retryFor) : undefined;
  const log = openLog(config, context);
  const run = { command: 'generate', arguments: request.arguments ?? [] };
  const finish = await openRunFile(config.home, run, context);
  try {
    const writer = await openTarget(log, request);
    const result = await generateWith({ ...options, wire }, writer, context).catch(
      async (error: unknown) => {
        await (writer.discard ?? writer.close).call(writer).catch(() => undefined);
        throw error instanceof MedallionError && error.code === 'unreachable'
          ? withHint(error, stateOf(writer))
          : error;
      },
    );
    await writer.close();
    if (manifestFile !== undefined && result.manifest !== undefined) {
      await writeManifest(manifestFile, result.manifest);
    }
    const { events, bytes, kinds, elapsedMs } = result;
    // What bronze calls the log that is written.
    const topic = typeof to === 'string' ? to : to === undefined ? log.topic : '-';
    await finish({
      counts: { events, bytes, ...kinds, seconds: Math.round(elapsedMs) / 1000 },
      partitions: writtenPartitions(topic, writer),
      error: context.signal.aborted ? new MedallionError('interrupted', 'interrupted') : undefined,
    });
    const { seed, period } = options;
    return { ...result, target: writer.description, seed, period };
  } catch (error) {
    await finish({ counts: {}, partitions: [], error });
    throw error;
  }
}

/** What is left where the log stayed away. */
function stateOf({ appended, description }: LogWriter): string {
  const taken = [...(appended ?? new Map<number, number>()).values()].reduce((a, b) => a + b, 0);
  return (
    `${grouped(taken)} events are in ${description}; it is not known whether it took the last request before it ` +
    'went away. A new run makes new events.'
  );
}

function writtenPartitions(topic: string, { appended, written }: LogWriter): WrittenPartition[] {
  return [...(appended ?? [])]
    .filter(([, events]) => events > 0)
    .map(([partition, events]) => ({
      ...{ topic, partition, events },
      from: written?.get(partition)?.from,
      to: written?.get(partition)?.to,
    }));
}

/** @throws MedallionError usage */
function optionsOf(request: GenerateRequest): GenerateOptions {
  const { customers, products, cities } = DEFAULT_SIZES;
  const sizes = {
    customers: request.customers ?? customers,
    products: request.products ?? products,
    cities: request.cities ?? cities,
  };
  const { follow = false } = request;
  const { late = 0, duplicates = 0, malformed = 0, corrections = 0 } = request.faults ?? {};
  if (follow && (request.since !== undefined || request.until !== undefined)) {
    throw usageError('--follow makes purchases of now: it cannot be used with --since or --until');
  }
  if (late + duplicates + malformed + corrections > 1) {
    throw usageError(
      '--late, --duplicates, --malformed and --corrections add up to more than 100%',
    );
  }
  if (sizes.cities > MOST_CITIES) {
    throw usageError(`there are only ${String(MOST_CITIES)} cities to choose from`);
  }
  return {
    seed: request.seed ?? randomInt(2 ** 32),
    count: request.count ?? (follow ? undefined : DEFAULT_COUNT),
    period: follow ? 'now' : resolvePeriod(request.since, request.until),
    rate: request.rate ?? (follow ? DEFAULT_RATE : undefined),
    sizes,
    faults: { late, duplicates, malformed, corrections },
    manifest: request.manifest !== undefined,
  };
}

/** @throws MedallionError usage, unreachable, denied, config, storage */
async function openTarget(
  log: Log,
  { to, partitions, compression, retryFor: retryPolicy }: GenerateRequest,
): Promise<LogWriter> {
  if (to === undefined) {
    return log.write({ partitions, compression, retryPolicy });
  }
  if (compression !== undefined) {
    throw usageError(
      '--compression works only for events written to Kafka',
      'To compress a file, give it a name that ends in .gz: --to sales.ndjson.gz',
    );
  }
  return openLines(to);
}
