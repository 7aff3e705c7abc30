import { MedallionError } from '../errors.ts';
import type { Client } from '../postgres/client.ts';

/**
 * Until a refresh has ended, bronze is what silver is made of again, and the watermarks do not say what silver has.
 * @param done what is done to events otherwise
 * @throws MedallionError check_failed
 */
export async function refuseRefreshing(client: Client, done: string): Promise<void> {
  const { rowCount } = await client.query('select from medallion.refreshes');
  if (rowCount !== 0) {
    throw new MedallionError(
      'check_failed',
      `silver is being made again from bronze: nothing was ${done}`,
      { hint: 'medallion promote completes that.' },
    );
  }
}
