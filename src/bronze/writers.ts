import { connect, withClient, type Client } from '../postgres/client.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { sqlFile } from '../sql-file.ts';

const IDLE_TIMEOUT = '1min';
/** As long as a member of a consumer group may be silent before its partitions go to others. */
const STALLED_AFTER_MS = 30_000;

export interface WritersOptions {
  /** Called when sessions that held others up, and whose clients stood still, have been ended. */
  readonly onStalled?: (sessions: number) => void;
  readonly stalledAfterMs?: number;
}

interface Writer {
  readonly client: Client;
  /** Its session's process on the server. */
  readonly pid: number;
}

/** A few connections to the warehouse, opened when they are first needed; who finds none free waits for one. */
export class Writers {
  readonly #settings: ConnectionSettings;
  readonly #options: WritersOptions;
  readonly #idle: Writer[] = [];
  readonly #waiting: (() => void)[] = [];
  #unopened: number;

  constructor(settings: ConnectionSettings, count: number, options: WritersOptions = {}) {
    this.#settings = settings;
    this.#options = options;
    this.#unopened = count;
  }

  /**
   * Runs `work` with a connection of its own. One on which it failed is closed: it may be broken.
   * @throws MedallionError unreachable, denied
   */
  async use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    while (this.#idle.length === 0 && this.#unopened === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    let writer = this.#idle.pop();
    try {
      if (writer === undefined) {
        this.#unopened -= 1;
        writer = await this.#open();
      }
      const result = await this.#fenced(writer, work);
      this.#idle.push(writer);
      return result;
    } catch (error) {
      this.#unopened += 1;
      await writer?.client.end().catch(() => undefined);
      throw error;
    } finally {
      this.#waiting.shift()?.();
    }
  }

  /** A process that is frozen in mid-transaction loses it, and with it the partition that others wait for. */
  async #open(): Promise<Writer> {
    const client = await connect(this.#settings);
    const { rows } = await client.query<{ pid: string }>(
      `select pg_backend_pid() as pid,
              set_config('idle_in_transaction_session_timeout', $1, false)`,
      [IDLE_TIMEOUT],
    );
    return { client, pid: Number(rows[0]?.pid) };
  }

  /**
   * Runs `work`, and ends what holds it up for too long: a process frozen in mid-COPY is active to the server, which
   * has no timeout for it. Who has the partition now fences off who had it.
   */
  async #fenced<T>({ client, pid }: Writer, work: (client: Client) => Promise<T>): Promise<T> {
    const { stalledAfterMs = STALLED_AFTER_MS, onStalled } = this.#options;
    const fence = setInterval(() => {
      withClient(this.#settings, (other) => endStalledBlockers(other, pid, stalledAfterMs)).then(
        (sessions) => {
          if (sessions > 0) {
            onStalled?.(sessions);
          }
        },
        // The work itself finds a server that is away, and is retried.
        () => undefined,
      );
    }, stalledAfterMs);
    try {
      return await work(client);
    } finally {
      clearInterval(fence);
    }
  }

  async close(): Promise<void> {
    const idle = this.#idle.splice(0);
    await Promise.all(idle.map(({ client }) => client.end().catch(() => undefined)));
  }
}

/**
 * Ends the sessions that the session of process `pid` waits for and that stand still themselves: in a transaction for
 * `longerThanMs`, waiting for the next bytes of their client, as when that is frozen. Nothing is lost by it: the
 * transaction is rolled back, and a client that comes to finds its connection lost.
 * @returns how many were ended; those of other users are left alone
 */
async function endStalledBlockers(
  client: Client,
  pid: number,
  longerThanMs: number,
): Promise<number> {
  const { rows } = await client.query<{ ended: string }>(sqlFile('runs/end_stalled'), [
    pid,
    longerThanMs,
  ]);
  return rows.filter(({ ended }) => ended === 'true').length;
}
