import { readFile } from 'node:fs/promises';
import { codeOf, isRetriable, MedallionError, messageOf } from '../errors.ts';
import { connect, type Client } from '../postgres/client.ts';
import { lostConnection } from '../postgres/failures.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { SUPERUSER, type Cluster } from './cluster.ts';
import { runningPostmaster } from './postmaster.ts';

/** Sessions with a server that may be starting or stopping. */

/** Advisory locks belong to a database; leases are all taken in this one. */
const LEASE_DATABASE = 'postgres';
/** A server that says it is ready and takes no session for so long is neither starting nor stopping. */
const REFUSED_FOR_MS = 10_000;
/** SQLSTATE of a server that starts, stops or recovers. */
const CANNOT_CONNECT_NOW = '57P03';

/**
 * A session with the server that runs on the cluster; undefined when there is none, or one that is starting or stopping.
 * @throws MedallionError, retriable where one that is ready takes no sessions now
 */
export async function session(cluster: Cluster): Promise<Client | undefined> {
  const server = await runningPostmaster(cluster);
  if (server?.port === undefined) {
    return undefined;
  }
  try {
    return await connect(await settingsOf(cluster, server.port));
  } catch (error) {
    if (isRetriable(error)) {
      // A server that recovers from the crash of one of its processes goes on calling itself ready.
      if (!server.isReady || codeOf(error.cause) === CANNOT_CONNECT_NOW) {
        return undefined;
      }
      throw error;
    }
    if (error instanceof MedallionError && error.code === 'denied') {
      throw new MedallionError(
        'denied',
        `the embedded PostgreSQL refuses the password in ${cluster.passwordFile}`,
        {
          hint: 'Somebody changed the password of its user "medallion": write the new password into that file.',
          cause: error,
        },
      );
    }
    throw error;
  }
}

/** How to reach the server that runs on the cluster. */
export async function settingsOf(cluster: Cluster, port: number): Promise<ConnectionSettings> {
  let password: string;
  try {
    password = (await readFile(cluster.passwordFile, 'utf8')).trim();
  } catch (error) {
    throw new MedallionError(
      'storage',
      `cannot read the password of the embedded PostgreSQL: ${messageOf(error)}`,
      {
        hint: 'Run medallion as the user who made this home folder, or choose another folder with --home.',
        cause: error,
      },
    );
  }
  return {
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: LEASE_DATABASE,
    tls: undefined,
  };
}

/** Whether the error is that of a server which has gone. */
export function isLost(error: unknown, settings: ConnectionSettings): boolean {
  return isRetriable(lostConnection(error, settings));
}

/** Attempts at a server that may be starting or stopping, which pass; what lasts has another reason, and is thrown. */
export class Waiting {
  readonly #logFile: string;
  #refusedSince: number | undefined;

  constructor(logFile: string) {
    this.#logFile = logFile;
  }

  /** There is another server now. */
  restart(): void {
    this.#refusedSince = undefined;
  }

  /**
   * @returns undefined when a new attempt may do better
   * @throws MedallionError unreachable
   */
  async tryTo<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const result = await work();
      this.restart();
      return result;
    } catch (error) {
      if (!isRetriable(error)) {
        throw error;
      }
      const now = performance.now();
      this.#refusedSince ??= now;
      if (now - this.#refusedSince < REFUSED_FOR_MS) {
        return undefined;
      }
      throw new MedallionError(
        'unreachable',
        `the embedded PostgreSQL is up but takes no connection: ${error.reason}`,
        { hint: `Its log is ${this.#logFile}`, cause: error },
      );
    }
  }
}
