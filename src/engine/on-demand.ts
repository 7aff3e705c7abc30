import type { Engine } from './engine.ts';

export interface EngineOnDemand extends Engine {
  /** Begins to open it, for soon it will be needed. */
  start(): void;
  readonly ready: () => Promise<unknown>;
}

/** An engine that is opened when it is first needed: a watch mostly finds nothing to do. */
export function onDemand(open: () => Promise<Engine>): EngineOnDemand {
  let opening: Promise<Engine> | undefined;
  const ready = (): Promise<Engine> => (opening ??= open());
  return {
    ready,
    start() {
      // Whoever needs it hears of a failure; in the meantime it must not end the process.
      ready().catch(() => undefined);
    },
    openSession: async () => (await ready()).openSession(),
    async reset() {
      await (await opening?.catch(() => undefined))?.reset();
    },
    async close(hasFailed) {
      await (await opening?.catch(() => undefined))?.close(hasFailed);
    },
  };
}

/** An engine that stays open between promotions. What has failed may be in any state: it is opened anew. */
export class OpenEngine {
  readonly #open: () => Promise<Engine>;
  #engine: Promise<Engine> | undefined;

  constructor(open: () => Promise<Engine>) {
    this.#open = open;
  }

  /** The engine for one promotion, which gives it back by closing it. */
  readonly lend = async (): Promise<Engine> => {
    this.#engine ??= this.#open();
    const engine = await this.#engine.catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return {
      ...engine,
      close: async (hasFailed) => (hasFailed === true ? this.close() : engine.reset()),
    };
  };

  async close(): Promise<void> {
    const engine = await this.#engine?.catch(() => undefined);
    this.#engine = undefined;
    await engine?.close();
  }
}
