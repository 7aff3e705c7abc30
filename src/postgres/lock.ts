import { isTrue } from './ask.ts';
import { codeOf, MedallionError } from '../errors.ts';
import { withClient, type Client } from './client.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { sqlFile } from '../sql-file.ts';

/** Key of the advisory lock that a promotion holds: "promote" in ASCII. */
const PROMOTION_LOCK = '31650322083705957';
/** Key of the advisory lock that each transaction holds that publishes, prunes, archives or forgets: "publish" in ASCII. */
const PUBLICATION_LOCK = '31654262977688424';
/** Key of the one under which rows of the quarantine are changed: "quarant" in ASCII. */
const QUARANTINE_LOCK = '31935733759569524';
/** A person who dismisses waits for another one, but not for a long replay. */
const QUARANTINE_LOCK_TIMEOUT = '5s';

/**
 * What a transaction that publishes begins with. Its commit does not wait for the disk: a crash of the server may take
 * the last ones back, each whole and with its watermarks, and the next promotion does them again. The record of a run,
 * which is written last, does wait, for all that came before it.
 */
export const BEGIN_PUBLICATION = `select pg_advisory_xact_lock_shared(${PUBLICATION_LOCK}),
  set_config('synchronous_commit', 'off', true)`;

/** What a run that holds the promotion lock is called to one that finds it taken. */
const HOLDERS = {
  ...{ promote: 'a promotion', prune: 'a prune', archive: 'an archive' },
  forget: 'a forget',
} as const;
type Command = keyof typeof HOLDERS;
const isCommand = (name: string): name is Command => Object.hasOwn(HOLDERS, name);

/**
 * Runs `work` while this process is the only one that promotes, prunes, archives or forgets. The lock ends with its connection, so a killed
 * promotion leaves none behind.
 * @param holder how this run is named to another that finds the lock taken
 * @throws MedallionError locked, saying who holds it
 */
export async function withPromotionLock<T>(
  settings: ConnectionSettings,
  holder: string,
  work: () => Promise<T>,
  command: Command = 'promote',
): Promise<T> {
  return withClient(settings, async (client) => {
    await client.query(`select set_config('application_name', $1, false)`, [
      `medallion ${command} (${holder})`,
    ]);
    await takeLock(client, command);
    // The server may still be committing for a promotion that died, or was cut off: what it says next would be late.
    await client.query('select pg_advisory_lock($1), pg_advisory_unlock($1)', [PUBLICATION_LOCK]);
    return work();
  });
}

async function takeLock(client: Client, command: Command): Promise<void> {
  for (;;) {
    if (await isTrue(client, 'select pg_try_advisory_lock($1)', [PROMOTION_LOCK])) {
      return;
    }
    const { rows: holders } = await client.query<{ name: string; since: string }>(
      sqlFile('runs/lock_holders'),
      [PROMOTION_LOCK],
    );
    const [other] = holders;
    // Without a holder it ended between the two questions.
    if (other !== undefined) {
      const [, named = ''] = /^medallion (\w+)/.exec(other.name) ?? [];
      const kind = isCommand(named) ? named : 'promote';
      throw new MedallionError(
        'locked',
        `${kind === command ? HOLDERS[kind].replace(/^an?/, 'another') : HOLDERS[kind]} is running: ${other.name}, since ${other.since} UTC`,
        { hint: 'Wait until it has ended, then run the command again.' },
      );
    }
  }
}

/**
 * Waits until nobody else changes rows of the quarantine, and holds on to that: until the transaction ends, or the
 * connection, as asked. What a promotion has judged would not fit a change made meanwhile.
 * @throws MedallionError locked
 */
export async function lockQuarantine(
  client: Client,
  until: 'transaction' | 'connection',
): Promise<void> {
  const kind = until === 'transaction' ? '_xact' : '';
  try {
    await client.query(`set lock_timeout = '${QUARANTINE_LOCK_TIMEOUT}'`);
    await client.query(`select pg_advisory${kind}_lock($1)`, [QUARANTINE_LOCK]);
  } catch (error) {
    throw codeOf(error) === '55P03'
      ? new MedallionError('locked', 'another run is changing the quarantine', {
          hint: 'A replay, or a full refresh of silver, is running. Wait until it has ended, then run the command again.',
          cause: error,
        })
      : error;
  }
  await client.query('set lock_timeout = 0');
}
