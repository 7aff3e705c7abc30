import { changed, isRetriable, MedallionError, messageOf, withHint } from '../errors.ts';
import { BROKEN } from '../postgres/failures.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { isConnected, type Client } from '../postgres/client.ts';
import type { StageContext } from '../progress.ts';
import { Retry } from '../retry.ts';

export interface LossOptions {
  /** Retries after losses of the warehouse; one of its own unless given. */
  readonly retry: Retry | undefined;
  /** What a person reads who has waited in vain: how things stand, and what to do. */
  readonly hint: string;
}

/**
 * Runs `once`, and again from its beginning when it lost the warehouse: with a new lock, a new engine and a run of its
 * own. `once` is to say when it is connected.
 */
export async function retryLosses<T>(
  settings: ConnectionSettings,
  options: LossOptions,
  context: StageContext,
  once: (context: StageContext, onConnected: () => void) => Promise<T>,
): Promise<T> {
  const retry = options.retry ?? new Retry(`PostgreSQL at ${describeServer(settings)}`, context);
  let isAgain = false;
  const watched: StageContext = {
    signal: context.signal,
    emit: (event) => {
      if (event.type === 'step.progress') {
        retry.succeeded();
      }
      context.emit(event);
    },
  };
  try {
    return await retry.run(async () => {
      try {
        return await once(watched, () => {
          retry.answered();
        });
      } catch (error) {
        throw isAgain ? passing(error) : error;
      } finally {
        isAgain = true;
      }
    });
  } catch (error) {
    throw isRetriable(error) && error.code === 'unreachable'
      ? withHint(error, options.hint)
      : error;
  }
}

/** The server may take its time to see that a connection was cut, and keep its lock until then. */
function passing(error: unknown): unknown {
  return error instanceof MedallionError && error.code === 'locked'
    ? changed(error, { retriable: true })
    : error;
}

/**
 * What made a promotion fail: the loss of the server, when its client has lost it, too. An engine tells in many ways
 * that its connection broke; this one is the same server's.
 */
export async function failureOf(
  error: unknown,
  client: Client,
  settings: ConnectionSettings,
): Promise<unknown> {
  if ((await isConnected(client)) || isRetriable(error)) {
    return error;
  }
  return new MedallionError(
    'unreachable',
    `lost PostgreSQL at ${describeServer(settings)}: ${messageOf(error)}`,
    { cause: error, reason: BROKEN, retriable: true },
  );
}
