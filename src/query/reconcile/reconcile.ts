import type { Config } from '../../config.ts';
import { checkArchive } from '../../engine/duckdb/archive-reader.ts';
import { readArchiveFiles } from '../../postgres/archive.ts';
import type { Client } from '../../postgres/client.ts';
import { keyOf } from '../../postgres/offsets.ts';
import { readTopicSources } from '../../postgres/topic-sources.ts';
import type { StageContext } from '../../progress.ts';
import { readRecorded, unknownPartition, type RecordedPartition } from './recorded.ts';
import type { Comparison } from './comparison.ts';
import {
  hasSilver,
  NO_OUTCOMES,
  readStored,
  readOutcomes,
  type Stored,
  type Outcomes,
} from './stored.ts';
import { compareIngested } from './ingested.ts';
import { lookAtLogs } from './log.ts';
import { comparePromoted } from './promoted.ts';
import { comparePublished } from './published.ts';

export interface ReconcileResult {
  /** Every line, by check; within a check by partition or day. */
  readonly comparisons: readonly Comparison[];
  readonly seconds: number;
}

/**
 * Compares what each layer holds with the layer before: log and bronze, bronze and silver, silver and gold. Nothing is
 * changed. All tables are seen in one snapshot, and the log after it, so what arrives meanwhile is waiting. Files of the
 * archive are asked how many events they have.
 * @param since only what was ingested since then is compared, and the days that this may have changed; as PostgreSQL reads it
 * @throws MedallionError unreachable, denied, storage, interrupted
 */
export async function reconcile(
  client: Client,
  config: Config,
  since: string | undefined,
  context: StageContext,
): Promise<ReconcileResult> {
  const started = performance.now();
  const partitions = await readRecorded(client, since);
  await checkArchive(await readArchiveFiles(client), config.duckdb, context);
  const stored = await readStored(client, partitions);
  const looks = { onlyWaiting: since !== undefined, topicSources: await readTopicSources(client) };
  const logs = await lookAtLogs(config, partitions, looks, context);
  const ingested: Comparison[] = [];
  for (const recorded of [...partitions, ...logs.unread]) {
    const readWhole = async (): Promise<Stored> => {
      const whole = { ...recorded, fromOffset: 0n };
      return (await readStored(client, [whole]))(whole);
    };
    const view = logs.views.get(keyOf(recorded));
    ingested.push(...(await compareIngested(client, recorded, stored(recorded), view, readWhole)));
  }
  const comparisons = [
    ...ingested,
    ...(await compareAllPromoted(client, partitions, stored)),
    ...((await hasSilver(client)) ? await comparePublished(client, partitions, since) : []),
  ];
  return { comparisons, seconds: (performance.now() - started) / 1000 };
}

/**
 * Only the second comparison, of bronze and silver: what must hold before anything of bronze may go.
 * @throws MedallionError unreachable, denied, interrupted
 */
export async function reconcilePromoted(client: Client): Promise<Comparison[]> {
  const partitions = await readRecorded(client, undefined);
  return compareAllPromoted(client, partitions, await readStored(client, partitions));
}

async function compareAllPromoted(
  client: Client,
  partitions: readonly RecordedPartition[],
  stored: (partition: RecordedPartition) => Stored,
): Promise<Comparison[]> {
  const outcomes = await readOutcomes(client, partitions);
  const compared: Comparison[] = [];
  for (const recorded of [...partitions, ...strangers(partitions, outcomes)]) {
    const ofPartition = outcomes.get(keyOf(recorded)) ?? NO_OUTCOMES;
    compared.push(...(await comparePromoted(client, recorded, stored(recorded), ofPartition)));
  }
  return compared;
}

/** Partitions that silver names and nobody else knows. */
function strangers(
  partitions: readonly RecordedPartition[],
  outcomes: ReadonlyMap<string, Outcomes>,
): RecordedPartition[] {
  const known = new Set(partitions.map(keyOf));
  return [...outcomes.keys()]
    .filter((key) => !known.has(key))
    .map((key) => {
      const cut = key.lastIndexOf('/');
      return unknownPartition({ topic: key.slice(0, cut), partition: Number(key.slice(cut + 1)) });
    });
}
