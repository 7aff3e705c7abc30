import type { Config } from '../config.ts';
import { usageError } from '../errors.ts';
import { lineWriter, openFileWriter } from '../log/files/stream-writer.ts';
import type { LogWriter } from '../log/log.ts';
import type { ConnectionSettings } from '../config/server.ts';
import type { Client } from '../postgres/client.ts';
import { withSnapshot } from '../postgres/query.ts';
import { withWarehouse, type WarehouseOptions } from '../postgres/warehouse.ts';
import type { Emit, StageContext } from '../progress.ts';
import { DEFAULT_RETRY_POLICY, type Retry, type RetryPolicy } from '../retry.ts';

/** What every call takes. */
export interface CallOptions {
  /** Aborted, it ends the call after what is under way: everything that was committed stays. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of progress, warnings and notes. */
  readonly onEvent?: Emit | undefined;
  /** For the record of a run: the command line, secrets removed. */
  readonly arguments?: readonly string[] | undefined;
  /** How long a lost PostgreSQL, Kafka or Spark is waited for. */
  readonly retryFor?: RetryPolicy | undefined;
}

/** A warehouse that is open, and what is done with it. */
export interface OpenWarehouse {
  readonly config: Config;
  readonly settings: ConnectionSettings;
  readonly retry: Retry;
  readonly context: StageContext;
}

/** Runs `work` with the warehouse open, to be written unless `options` say otherwise. */
export async function withOpen<T>(
  config: Config,
  request: CallOptions,
  work: (warehouse: OpenWarehouse) => Promise<T>,
  options: WarehouseOptions = {},
): Promise<T> {
  const context = contextOf(request);
  return withWarehouse(
    config,
    context,
    (settings, retry) => work({ config, settings, retry, context }),
    { writes: true, retryPolicy: request.retryFor ?? DEFAULT_RETRY_POLICY, ...options },
  );
}

/** What only reads is opened so: also a server that takes no writes. */
export const READS: WarehouseOptions = { writes: false };

/** Reads from one snapshot. */
export async function readSnapshot<T>(
  config: Config,
  request: CallOptions,
  work: (client: Client, context: StageContext) => Promise<T>,
): Promise<T> {
  const inSnapshot = ({ settings, context }: OpenWarehouse): Promise<T> =>
    withSnapshot(settings, context.signal, (client) => work(client, context));
  return withOpen(config, request, inSnapshot, READS);
}

/** How stages are called. */
export function contextOf({ signal, onEvent }: CallOptions): StageContext {
  return { signal: signal ?? new AbortController().signal, emit: onEvent ?? (() => undefined) };
}

/**
 * The moment so many milliseconds ago.
 * @throws MedallionError usage
 */
export function momentBefore(milliseconds: number): string {
  const before = new Date(Date.now() - milliseconds);
  if (Number.isNaN(before.getTime()) || before.getUTCFullYear() < 1) {
    throw usageError('--older-than is too long: it begins before the year 1');
  }
  return before.toISOString();
}

/** Where lines go: a file, gzipped when its name ends in .gz, or what takes them as standard output does. */
export type LineTarget = string | ((lines: Uint8Array) => Promise<void>);

export async function openLines(target: LineTarget): Promise<LogWriter> {
  return typeof target === 'string' ? openFileWriter(target) : lineWriter(target, 'stdout');
}
