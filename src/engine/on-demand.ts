import type { Engine } from './engine.ts';

export interface EngineOnDemand extends Engine {
  /** Begins to open it, for soon it will be needed. */
  start(): void;
  /** Until it is open. */
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
    openLane: async () => (await ready()).openLane(),
    async close() {
      const engine = await opening?.catch(() => undefined);
      await engine?.close();
    },
  };
}
