import { connect, type Client, type ConnectionSettings } from '../postgres/client.ts';

const IDLE_TIMEOUT = '1min';

/** A few connections to the warehouse, opened when they are first needed; who finds none free waits for one. */
export class Writers {
  readonly #settings: ConnectionSettings;
  readonly #idle: Client[] = [];
  readonly #waiting: (() => void)[] = [];
  #unopened: number;

  constructor(settings: ConnectionSettings, count: number) {
    this.#settings = settings;
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
    let client = this.#idle.pop();
    try {
      if (client === undefined) {
        this.#unopened -= 1;
        client = await this.#open();
      }
      const result = await work(client);
      this.#idle.push(client);
      return result;
    } catch (error) {
      this.#unopened += 1;
      await client?.end().catch(() => undefined);
      throw error;
    } finally {
      this.#waiting.shift()?.();
    }
  }

  /** A process that is frozen in mid-transaction loses it, and with it the partition that others wait for. */
  async #open(): Promise<Client> {
    const client = await connect(this.#settings);
    await client.query(`set idle_in_transaction_session_timeout = '${IDLE_TIMEOUT}'`);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((client) => client.end().catch(() => undefined)));
  }
}
