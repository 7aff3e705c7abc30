import type { Client } from './client.ts';

/** Whether these tables are there. */
export async function hasTables(client: Client, ...names: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ all: string }>(
    'select bool_and(to_regclass(name) is not null)::text as all from unnest($1::text[]) as tables (name)',
    [names],
  );
  return rows[0]?.all === 'true';
}
