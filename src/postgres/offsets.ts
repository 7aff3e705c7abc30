import { affectsRows, arraysOf } from './ask.ts';
import { sqlFile } from '../sql-file.ts';
import type { Client } from './client.ts';

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** A partition as the key of a map, or as a comparison names it. */
export function keyOf(of: { readonly topic: string; readonly partition: number | string }): string {
  return `${of.topic}/${of.partition}`;
}

export interface OffsetRow extends PartitionName {
  readonly nextOffset: bigint;
  readonly source: string;
  readonly position: bigint | null;
  /** Of a file's text up to `position`. */
  readonly digest?: string | undefined;
}

/** A partition's current row; `logTopic` is what was asked for, `topic` the generation of it that is being read. */
export interface CurrentOffset extends OffsetRow {
  readonly logTopic: string;
}

export interface WrittenBatch {
  readonly events: number;
  readonly bytes: number;
  readonly quarantined: number;
  /** Events whose time in the log cannot be right. */
  readonly implausible: number;
  /** Unix milliseconds; undefined when the batch holds no event. */
  readonly lastProducedAt: number | undefined;
}

/**
 * The current rows of the partitions that have one.
 * @see generationOf
 */
export async function currentOffsets(
  client: Client,
  partitions: readonly PartitionName[],
): Promise<CurrentOffset[]> {
  const { rows } = await client.query<{
    topic: string;
    partition: string;
    next_offset: string;
    source: string;
    position: string | null;
    digest: string | null;
  }>(sqlFile('bronze/current_offsets'), arraysOf(partitions, 'topic', 'partition'));
  const stored = rows.map((row) => ({
    topic: row.topic,
    partition: Number(row.partition),
    nextOffset: BigInt(row.next_offset),
    source: row.source,
    position: row.position === null ? null : BigInt(row.position),
    digest: row.digest ?? undefined,
  }));
  return partitions.flatMap(({ topic: logTopic, partition }) =>
    currentGenerations(
      logTopic,
      stored.filter((row) => row.partition === partition),
    ).map((row) => ({ ...row, logTopic })),
  );
}

/**
 * What a name in bronze has that the log's name of the topic has not: the landing directory in front, or the generation
 * behind. A Kafka topic that was recreated goes on under its next generation: "sales#2" follows "sales". No other log has
 * generations, and no Kafka topic has a "#" in its name. JavaScript and PostgreSQL read the pattern alike.
 */
const ADDED = String.raw`^landing/|(?<=^[a-zA-Z0-9._-]+)#\d{1,9}$`;

/** A topic as people and sources name it: sales for landing/sales and for sales#2. */
export function plainTopic(name: string): string {
  return name.replace(new RegExp(ADDED), '');
}

/** The same in SQL, of an expression. */
export function plainTopicSql(name: string): string {
  return `regexp_replace(${name}, '${ADDED}', '')`;
}

/** Which generation of a topic a name in bronze is; undefined: it is another topic. */
function generationOf(logTopic: string, name: string): number | undefined {
  if (name === logTopic) {
    return 1;
  }
  const isLater = name.startsWith(`${logTopic}#`) && plainTopic(name) === logTopic;
  return isLater ? Number(name.slice(logTopic.length + 1)) : undefined;
}

/** Whether a name in bronze is that of a topic of Kafka, of any generation. */
export function isOfTopic(logTopic: string, name: string): boolean {
  return generationOf(logTopic, name) !== undefined;
}

/** Of each partition of a topic the row that counts: that of the highest generation. */
export function currentGenerations<T extends PartitionName>(
  logTopic: string,
  rows: readonly T[],
): T[] {
  const current = new Map<number, { readonly row: T; readonly generation: number }>();
  for (const row of rows) {
    const generation = generationOf(logTopic, row.topic) ?? 0;
    if (generation > (current.get(row.partition)?.generation ?? 0)) {
      current.set(row.partition, { row, generation });
    }
  }
  return [...current.values()].map(({ row }) => row);
}

/** The name under which bronze takes a topic that starts over: "sales", "sales#2", "sales#3". */
export function nextGeneration({ logTopic, topic }: CurrentOffset): string {
  return `${logTopic}#${(generationOf(logTopic, topic) ?? 0) + 1}`;
}

/**
 * Moves a partition from `fromOffset` to `next`, in the transaction of the rows in between; a partition that has no
 * row yet gets one.
 * @returns false when the row says something else, so another consumer has moved the partition on
 */
export async function advanceOffset(
  client: Client,
  fromOffset: bigint,
  next: OffsetRow,
  written: WrittenBatch,
): Promise<boolean> {
  const values = [
    next.topic,
    next.partition,
    next.nextOffset,
    next.source,
    next.position,
    written.events,
    written.bytes,
    written.quarantined,
    written.lastProducedAt === undefined ? null : new Date(written.lastProducedAt).toISOString(),
    next.digest,
    written.implausible,
  ];
  return (
    (await affectsRows(client, sqlFile('bronze/advance_offset'), [...values, fromOffset])) ||
    affectsRows(client, sqlFile('bronze/first_offset'), values)
  );
}

/**
 * Points a partition's row at another log, or another place of it.
 * @returns false when the row is no longer `stored`
 */
export async function replaceOffset(
  client: Client,
  stored: OffsetRow,
  next: Pick<OffsetRow, 'nextOffset' | 'source' | 'position' | 'digest'>,
): Promise<boolean> {
  return affectsRows(
    client,
    `update medallion.offsets set next_offset = $5, source = $6, position = $7, digest = $8, updated_at = now()
      where topic = $1 and partition = $2 and next_offset = $3 and source = $4`,
    [
      ...[stored.topic, stored.partition, stored.nextOffset, stored.source],
      ...[next.nextOffset, next.source, next.position, next.digest],
    ],
  );
}

/** Inserts a partition's first row; false when it has one. */
export async function insertOffset(client: Client, row: OffsetRow): Promise<boolean> {
  const { topic, partition, nextOffset, source, position } = row;
  const values = [topic, partition, nextOffset, source, position];
  return affectsRows(client, sqlFile('bronze/insert_offset'), values);
}

/** Records offsets from..to (exclusive) that the log lost before anybody read them. */
export async function insertGap(
  client: Client,
  { topic, partition, from, to }: PartitionName & { readonly from: bigint; readonly to: bigint },
  runId: bigint,
): Promise<void> {
  await client.query(sqlFile('bronze/insert_gap'), [topic, partition, from, to, runId]);
}
