import type { Reason } from '../event/reasons.ts';
import { FEWEST_REJECTED, mostlyRejected } from '../event/rejections.ts';
import type { Client } from '../postgres/client.ts';
import type { StageContext } from '../progress.ts';
import { sqlFile } from '../sql-file.ts';

/**
 * Warns of topics of which a run rejected most.
 * @param rejected how many events the run rejected
 */
export async function warnOfRejections(
  client: Client,
  runId: bigint,
  rejected: number,
  { emit }: StageContext,
): Promise<void> {
  if (rejected < FEWEST_REJECTED) {
    return;
  }
  const { rows } = await client.query<{
    topic: string;
    events: string;
    rejected: string;
    reason: Reason;
    sample: string | null;
  }>(sqlFile('promote/rejected'), [runId]);
  for (const { sample, ...row } of rows) {
    const warning = mostlyRejected({
      ...row,
      events: Number(row.events),
      rejected: Number(row.rejected),
      sample: Buffer.from(sample ?? '', 'base64'),
    });
    if (warning !== undefined) {
      emit({ type: 'warning', ...warning });
    }
  }
}
