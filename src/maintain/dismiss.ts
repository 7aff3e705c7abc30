import { withClient } from '../postgres/client.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { lockQuarantine } from '../postgres/lock.ts';
import { conditionOf, type Selection } from '../postgres/quarantine.ts';
import { literal } from '../postgres/quote.ts';
import { thisRunner } from '../runner.ts';
import { finishRun, startRun } from '../postgres/runs.ts';
import { statement } from '../sql-file.ts';

/** What a person decides about rejected events: the status they come from and go to, and how the metadata calls it. */
const DECISIONS = {
  dismiss: { from: 'open', to: 'dismissed', action: 'dismissed' },
  reopen: { from: 'dismissed', to: 'open', action: 'reopened' },
} as const;

export type Decision = keyof typeof DECISIONS;

/** The status that events must have for a decision. */
export function statusFor(decision: Decision): 'open' | 'dismissed' {
  return DECISIONS[decision].from;
}

export interface DismissOptions {
  readonly selection: Omit<Selection, 'status'>;
  /** Why, for those who come after. */
  readonly note: string | undefined;
  /** The command line, for the run's record; secrets removed. */
  readonly arguments: readonly string[];
}

/**
 * Dismisses or reopens events, in one transaction with their history and the run's record.
 * @returns how many
 * @throws MedallionError locked while a replay is at work
 */
export async function decide(
  settings: ConnectionSettings,
  decision: Decision,
  { selection, note, arguments: commandLine }: DismissOptions,
): Promise<number> {
  const { from, to, action } = DECISIONS[decision];
  const { sql, values } = conditionOf({ ...selection, status: from });
  const parameter = (number: number): string => `$${String(values.length + number)}`;
  return withClient(settings, (client) =>
    withTransaction(client, async () => {
      await lockQuarantine(client, 'transaction');
      const run = { command: `quarantine ${decision}`, arguments: commandLine };
      const runId = await startRun(client, run);
      const { rowCount } = await client.query(
        statement('quarantine/decide', {
          selected: sql,
          ...{ to: literal(to), action: literal(action) },
          ...{ run_id: parameter(1), note: parameter(2), os_user: parameter(3) },
        }),
        [...values, runId, note ?? null, thisRunner().osUser],
      );
      const events = rowCount ?? 0;
      await finishRun(client, runId, { events });
      return events;
    }),
  );
}
