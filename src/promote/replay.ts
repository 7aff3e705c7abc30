import type { BronzePlace, SilverBatch } from '../engine/engine.ts';
import type { Client } from '../postgres/client.ts';
import { lockQuarantine } from '../postgres/lock.ts';
import { conditionOf, type Selection } from '../postgres/quarantine.ts';
import { refuseHalfRefreshed } from './refresh.ts';
import { cutPlaces, BATCH_PLACES, batchOf, type PlaceRow, type BatchOptions } from './batches.ts';
import { sqlFile, statement } from '../sql-file.ts';

export interface ReplayOptions {
  /** Which events; of these the open ones are judged again. */
  readonly selection: Omit<Selection, 'status'>;
  /** Events that ingest found too large come into bronze when they are no larger than this. */
  readonly maxEventBytes: number;
}

/** What replayed events came to, by outcome; `reason` and `field` say why events are still rejected. */
export interface ReplayOutcome {
  readonly outcome: 'current' | 'duplicate' | 'superseded' | 'skipped' | 'refused';
  readonly reason: string | null;
  readonly field: string | null;
  readonly events: number;
}

/** Why an open event cannot be judged again; the command line has the words. */
export type Obstacle =
  | 'not_text'
  | 'empty_value'
  | 'undecodable'
  | 'not_stored'
  | 'cut_off'
  | 'over_limit'
  | 'not_promoted'
  | 'not_in_bronze';

export interface ReplayResult {
  readonly outcomes: readonly ReplayOutcome[];
  readonly obstacles: readonly { readonly obstacle: Obstacle; readonly events: number }[];
}

/** The detail of an event that was too large begins with its size; a reader may have kept the beginning only. */
const IS_WHOLE = `octet_length(q.raw) = substring(q.detail from '^(\\d+) bytes')::bigint`;

/** A statement of sql/quarantine over open events that are selected, and the values of its parameters after `given`. */
function overOpen(
  name: string,
  selection: ReplayOptions['selection'],
  given: readonly unknown[],
): { text: string; values: unknown[] } {
  const { sql, values } = conditionOf({ ...selection, status: 'open' }, given.length);
  const text = statement(`quarantine/${name}`, {
    ...{ selected: sql, is_whole: IS_WHOLE },
    is_promoted: statement('quarantine/is_promoted', {}),
    is_stored: statement('quarantine/is_stored', {}),
  });
  return { text, values: [...given, ...values] };
}

/**
 * Makes ready what is to be judged again: takes events that were too large for ingest into bronze, where they stay open
 * in the quarantine until silver has judged them.
 * @throws MedallionError check_failed while silver is being made again, locked
 */
export async function prepareReplay(
  client: Client,
  { selection, maxEventBytes }: ReplayOptions,
  runId: bigint,
): Promise<void> {
  await refuseHalfRefreshed(client);
  await lockQuarantine(client, 'connection');
  await client.query(overOpen('take_too_large', selection, [maxEventBytes, runId]));
}

/** Cuts the events that are to be judged again into batches of bounded size; each comes once, whatever it comes to. */
export async function* planReplay(
  client: Client,
  { selection }: ReplayOptions,
  options: BatchOptions,
): AsyncGenerator<SilverBatch, undefined> {
  let last: BronzePlace | undefined;
  for (;;) {
    const again = await readBatch(client, selection, last, options);
    last = again.at(-1);
    if (last === undefined) {
      return undefined;
    }
    yield await batchOf(client, again, options);
  }
}

async function readBatch(
  client: Client,
  selection: ReplayOptions['selection'],
  after: BronzePlace | undefined,
  options: BatchOptions,
): Promise<BronzePlace[]> {
  const most = Math.min(options.chunkRows, BATCH_PLACES);
  const { rows } = await client.query<PlaceRow>(
    overOpen('next', selection, [most, after?.topic, after?.partition, after?.offset]),
  );
  return cutPlaces(rows, options);
}

/** What a replay has come to, and what it had to leave. */
export async function readReplay(
  client: Client,
  { selection, maxEventBytes }: ReplayOptions,
  runIds: readonly bigint[],
): Promise<ReplayResult> {
  const { rows: outcomes } = await client.query<{
    outcome: ReplayOutcome['outcome'];
    reason: string | null;
    field: string | null;
    events: string;
  }>(sqlFile('quarantine/outcomes'), [runIds]);
  const { rows: obstacles } = await client.query<{ obstacle: Obstacle; events: string }>(
    overOpen('obstacles', selection, [maxEventBytes, runIds]),
  );
  const count = <Row extends { readonly events: string }>(row: Row): Row & { events: number } => ({
    ...row,
    events: Number(row.events),
  });
  return { outcomes: outcomes.map(count), obstacles: obstacles.map(count) };
}
