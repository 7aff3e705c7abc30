import { afterEach, beforeEach } from 'vitest';
import type { ConnectionSettings } from '../../src/config/server.ts';
import type { PromoteResult } from '../../src/promote/promote.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { landEvents, promoteAll, rowsOf } from './promotion.ts';

/** A warehouse, and a log that takes in an event a second. */
export interface TestWarehouse {
  readonly settings: ConnectionSettings;
  readonly land: (...events: readonly string[]) => Promise<void>;
  /** Lands and promotes. */
  readonly arrive: (...events: readonly string[]) => Promise<PromoteResult>;
  readonly ask: (sql: string) => ReturnType<typeof rowsOf>;
}

export interface TestWarehouseOptions {
  readonly topic?: string;
  readonly promotion?: Parameters<typeof promoteAll>[1];
}

/** Gives each test of a file, or of a part of it, a warehouse of its own: call it where tests are described. */
export function useWarehouse({ topic, promotion }: TestWarehouseOptions = {}): TestWarehouse {
  let db: TestDatabase;
  let landed: number;
  beforeEach(async () => {
    db = await createTestDatabase();
    landed = 0;
  });
  afterEach(() => db.drop());
  const land = async (...events: readonly string[]): Promise<void> => {
    const producedAt = new Date(Date.UTC(2026, 3, 1, 0, 0, landed)).toISOString();
    await landEvents(db.settings, events, {
      ...{ from: landed, producedAt },
      ...(topic === undefined ? {} : { topic }),
    });
    landed += events.length;
  };
  return {
    get settings() {
      return db.settings;
    },
    land,
    arrive: async (...events) => {
      await land(...events);
      return promoteAll(db.settings, promotion);
    },
    ask: (sql) => rowsOf(db.settings, sql),
  };
}
