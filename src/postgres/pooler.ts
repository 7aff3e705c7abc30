import type { Client } from 'pg';
import { MedallionError, messageOf } from '../errors.ts';

/** Another client that takes a session from the pool, and then one more: whatever its order, one of them gets that of the first. */
const PROBES = 2;
const TIMEOUT_MS = 10_000;

/** The process of the server that was named when the client connected; a pooler names one that is not at work. */
export function namedBackend(client: Client): string {
  return String((client as unknown as { processID: number | null }).processID ?? 0);
}

/**
 * Whether a pooler gives each client a session of its own for as long as it is connected. One that lends sessions for a
 * transaction gives this client's to others meanwhile.
 * @param connectAgain a further connection as it comes, through the same pooler
 * @throws MedallionError unreachable, where it has no session left to try with
 */
export async function keepsSessions(
  client: Client,
  connectAgain: () => Promise<Client>,
): Promise<boolean> {
  const own = await backendOf(client);
  const others: Client[] = [];
  try {
    while (others.length < PROBES) {
      const other = await connectAgain();
      others.push(other);
      await other.query(timely('begin'));
      if ((await backendOf(other)) === own || (await backendOf(client)) !== own) {
        return false;
      }
    }
    return true;
  } catch (error) {
    // What PgBouncer says to "begin" where it lends sessions for a statement.
    if (/statement pooling mode/i.test(messageOf(error))) {
      return false;
    }
    throw /timeout/i.test(messageOf(error))
      ? new MedallionError('unreachable', 'the connection pooler has no session left', {
          hint: 'A promotion needs five: raise the pool size (default_pool_size of PgBouncer), or end other sessions.',
          cause: error,
          reason: 'no session is left',
          retriable: true,
        })
      : error;
  } finally {
    await Promise.all(others.map((other) => other.end().catch(() => undefined)));
  }
}

async function backendOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ pid: string }>(timely('select pg_backend_pid() as pid'));
  return rows[0]?.pid ?? '';
}

/** A pooler without a session to lend lets a statement wait. */
function timely(text: string): { text: string } {
  const query = { text, query_timeout: TIMEOUT_MS };
  return query;
}
