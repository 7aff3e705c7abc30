import { DEFAULT_REPORTING, type Reporting } from '../config/reporting.ts';
import type { Client } from './client.ts';
import { hasTables } from './ask.ts';

/** What the rows of silver and gold are made by. */
export async function readReporting(client: Client): Promise<Reporting> {
  if (!(await hasTables(client, 'gold.reporting'))) {
    return DEFAULT_REPORTING;
  }
  const { rows } = await client.query<{ timezone: string; currency: string | null }>(
    'select timezone, currency from gold.reporting',
  );
  const { timezone, currency } = rows[0] ?? DEFAULT_REPORTING;
  return { timezone, currency: currency ?? undefined };
}

export async function recordReporting(
  client: Client,
  { timezone, currency }: Reporting,
): Promise<void> {
  await client.query(
    `update gold.reporting set timezone = $1, currency = $2
     where (timezone, currency) is distinct from ($1, $2)`,
    [timezone, currency ?? null],
  );
}
