import type { SilverBatch } from '../engine/engine.ts';
import type { Decoder } from '../format/decoder.ts';
import { storable } from '../format/storable.ts';
import type { Client } from '../postgres/client.ts';
import { lockQuarantine } from '../postgres/lock.ts';
import { conditionOf, fromHex } from '../postgres/quarantine.ts';
import type { SourceOf } from '../postgres/topic-sources.ts';
import { dropped } from '../source/drop.ts';
import type { Path } from '../source/mapping.ts';
import type { ReplayOptions } from './run.ts';
import { refuseHalfRefreshed } from './refresh.ts';
import { planPlaces, type BatchOptions, type PlaceRow } from './batches.ts';
import { sqlFile, statement } from '../sql-file.ts';

/** What replayed events came to, by outcome; `reason` and `field` say why events are still rejected. */
export interface ReplayOutcome {
  readonly outcome: 'current' | 'duplicate' | 'superseded' | 'skipped' | 'rejected';
  readonly reason: string | null;
  readonly field: string | null;
  readonly events: number;
}

/** Why an open event cannot be judged again; the command line has the words. */
export type Obstacle =
  | 'not_text'
  | 'invalid_json'
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

/** Bytes of values that are decoded at once. */
const DECODED_BYTES = 8 << 20;

/** A statement of sql/quarantine over open events that are selected, and the values of its parameters after `given`. */
function overOpen(
  name: string,
  selection: ReplayOptions['selection'],
  given: readonly unknown[],
): { readonly text: string; readonly values: unknown[] } {
  const { sql, values } = conditionOf({ ...selection, status: 'open' }, given.length);
  const text = statement(`quarantine/${name}`, {
    ...{ selected: sql, is_whole: IS_WHOLE },
    is_promoted: statement('quarantine/is_promoted', {}),
    is_stored: statement('quarantine/is_stored', {}),
  });
  return { text, values: [...given, ...values] };
}

/**
 * Makes ready what is to be judged again: takes events that were too large for ingest, or that can be decoded by now, into
 * bronze, where they stay open in the quarantine until silver has judged them.
 * @throws MedallionError check_failed while silver is being made again, locked; what `decoding` throws
 */
export async function prepareReplay(
  client: Client,
  options: ReplayOptions,
  sourceOf: SourceOf,
  runId: bigint,
): Promise<void> {
  await refuseHalfRefreshed(client);
  await lockQuarantine(client, 'connection');
  const { selection, maxEventBytes } = options;
  const dropOf = (topic: string): readonly Path[] => {
    const source = sourceOf(topic);
    return source === undefined ? [] : dropped(source);
  };
  const plain: string[] = [];
  const others: string[] = [];
  for (const topic of await readWaitingTopics(client, options)) {
    const isPlain = options.decoding?.isOf(topic) !== true && dropOf(topic).length === 0;
    (isPlain ? plain : others).push(topic);
  }
  if (plain.length > 0) {
    const { text: chosen, values } = overOpen('too_large', selection, [
      runId,
      maxEventBytes,
      plain,
    ]);
    await client.query(statement('quarantine/taken', { chosen }), values);
  }
  await decodeAgain(client, options, others, dropOf, runId);
}

async function readWaitingTopics(
  client: Client,
  { selection }: Pick<ReplayOptions, 'selection'>,
): Promise<string[]> {
  const { rows } = await client.query<{ topic: string }>(overOpen('waiting_topics', selection, []));
  return rows.map(({ topic }) => topic);
}

/** A value that waits, in hexadecimal digits. */
interface Waiting {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
  readonly raw: string;
}

/** Takes events of topics whose values bronze does not store as they were received, some after the other. */
async function decodeAgain(
  client: Client,
  { selection, maxEventBytes, decoding }: ReplayOptions,
  topics: readonly string[],
  dropOf: (topic: string) => readonly Path[],
  runId: bigint,
): Promise<void> {
  let decoder: Decoder | undefined;
  let last: Waiting | undefined;
  while (topics.length > 0) {
    const encoded = topics.filter((topic) => decoding?.isOf(topic));
    const { rows } = await client.query<Waiting>(
      overOpen('next_waiting', selection, [
        ...[maxEventBytes, topics, encoded, DECODED_BYTES],
        ...[last?.topic, last?.partition, last?.offset],
      ]),
    );
    last = rows.at(-1);
    if (last === undefined) {
      return;
    }
    if (rows.some(({ topic }) => encoded.includes(topic))) {
      decoder ??= await decoding?.open();
    }
    const waiting = rows.map(({ raw, ...place }) => ({ place, value: fromHex(raw) }));
    await decoder?.prepare?.(waiting.map(({ value }) => value));
    const found = waiting.map(({ place, value }) => {
      const { topic } = place;
      const isEncoded = encoded.includes(topic);
      const drop = dropOf(topic);
      const text = storable(value, isEncoded ? decoder : undefined, drop);
      return 'reason' in text
        ? { ...place, fault: text.reason, fault_detail: text.detail }
        : {
            ...{ ...place, ...text, value: text.value.toString(), schema_id: text.schemaId },
            is_cut: drop.length > 0,
          };
    });
    const chosen = statement('quarantine/decoded', {});
    await client.query(statement('quarantine/taken', { chosen }), [runId, JSON.stringify(found)]);
  }
}

/** Cuts the events that are to be judged again into batches; each comes once, whatever it comes to. */
export function planReplay(
  client: Client,
  { selection }: ReplayOptions,
  options: BatchOptions,
): AsyncGenerator<SilverBatch, undefined> {
  return planPlaces(client, options, async (most, after) => {
    const given = [most, after?.topic, after?.partition, after?.offset];
    const { rows } = await client.query<PlaceRow>(overOpen('next', selection, given));
    return rows;
  });
}

export async function readReplay(
  client: Client,
  { selection, maxEventBytes, decoding }: ReplayOptions,
  runIds: readonly bigint[],
): Promise<ReplayResult> {
  const { rows: outcomes } = await client.query<{
    outcome: ReplayOutcome['outcome'];
    reason: string | null;
    field: string | null;
    events: string;
  }>(sqlFile('quarantine/outcomes'), [runIds]);
  const topics = await readWaitingTopics(client, { selection });
  const encoded = topics.filter((topic) => decoding?.isOf(topic));
  const { rows: obstacles } = await client.query<{ obstacle: Obstacle; events: string }>(
    overOpen('obstacles', selection, [maxEventBytes, runIds, encoded]),
  );
  const count = <Row extends { readonly events: string }>(row: Row): Row & { events: number } => ({
    ...row,
    events: Number(row.events),
  });
  return { outcomes: outcomes.map(count), obstacles: obstacles.map(count) };
}
