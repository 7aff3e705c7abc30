import type { Client } from 'pg';

/** How many transactions, one in another, each connection is in. */
const depths = new WeakMap<Client, number>();

/** Ends with the statement that was begun last on each connection that several share. */
const turns = new WeakMap<Client, Promise<unknown>>();

/** Runs a statement when those before it have ended, on a connection that several share: pg has each wait by itself. */
export function inTurn<T>(client: Client, statement: () => Promise<T>): Promise<T> {
  const ended = (turns.get(client) ?? Promise.resolve()).then(statement);
  turns.set(
    client,
    ended.catch(() => undefined),
  );
  return ended;
}

/** Whether the connection is in a transaction that `withTransaction` has begun. */
export function isInTransaction(client: Client): boolean {
  return (depths.get(client) ?? 0) > 0;
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. Within another one it is a
 * part of that, which is rolled back alone and committed with the whole.
 */
export async function withTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const depth = depths.get(client) ?? 0;
  const savepoint = `medallion_${String(depth)}`;
  const [begin, commit, rollback] =
    depth === 0
      ? ['begin', 'commit', 'rollback']
      : [
          `savepoint ${savepoint}`,
          `release savepoint ${savepoint}`,
          `rollback to savepoint ${savepoint}; release savepoint ${savepoint}`,
        ];
  await inTurn(client, () => client.query(begin));
  depths.set(client, depth + 1);
  try {
    const result = await work();
    await inTurn(client, () => client.query(commit));
    return result;
  } catch (error) {
    await inTurn(client, () => client.query(rollback)).catch(() => undefined);
    throw error;
  } finally {
    depths.set(client, depth);
  }
}

const UNDO = new Error('rolled back on purpose');

/** The result of work in one transaction, or a part of one, that leaves nothing behind. */
export async function withRollback<T>(client: Client, work: () => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  try {
    await withTransaction(client, async () => {
      result = { value: await work() };
      throw UNDO;
    });
  } catch (error) {
    if (error !== UNDO) {
      throw error;
    }
  }
  if (result === undefined) {
    throw new Error('work without a result');
  }
  return result.value;
}
