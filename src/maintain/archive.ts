import { randomBytes, createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isS3 } from '../config/s3.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { MedallionError, throwIfInterrupted } from '../errors.ts';
import { counted } from '../number.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { warehouseIdentity } from '../postgres/identity.ts';
import { sortOutBegun, type FileToWrite } from './begun-files.ts';
import { withRun, type RunOptions } from './run.ts';
import { BEGIN_PUBLICATION } from '../postgres/lock.ts';
import type { PartitionName } from '../postgres/offsets.ts';
import { literal } from '../postgres/quote.ts';
import { readRows } from '../postgres/rows.ts';
import { LARGE_EVENT } from '../postgres/watermarks.ts';
import type { StageContext } from '../progress.ts';
import { statement } from '../sql-file.ts';

/** What of a partition is to be moved. */
export interface PlannedPartition extends PartitionName {
  readonly events: number;
  readonly bytes: bigint;
  /** First offset to be moved, and first one behind the last. */
  readonly fromOffset: bigint;
  readonly toOffset: bigint;
}

export interface ArchivePlan {
  /** Only events that the log took in before this moment are moved; ISO 8601. */
  readonly before: string;
  readonly partitions: readonly PlannedPartition[];
}

/** What was moved of a partition. */
export interface ArchivedPartition extends PartitionName {
  readonly events: number;
  /** Of their values. */
  readonly bytes: bigint;
  readonly files: number;
  /** Of the files; undefined at S3. */
  readonly fileBytes: number | undefined;
}

export interface ArchiveOptions extends RunOptions {
  readonly before: string;
  /** A folder that is there, as an absolute path, or s3://bucket/prefix. */
  readonly archive: string;
  /** Events in one file, and one transaction, at most. */
  readonly fileRows: number;
  /** Files in one run, at most. */
  readonly maxFiles?: number;
}

export interface ArchiveResult {
  readonly partitions: readonly ArchivedPartition[];
  /** False where `maxFiles` left something for the next run. */
  readonly isComplete: boolean;
  readonly seconds: number;
}

export const DEFAULT_FILE_ROWS = 500_000;
/** Bytes of the values in one file, at most: more events than that make more files. */
const FILE_BYTES = 512 * 1024 * 1024;
const STEP = 'archive';

/** Says what `archive` would move now; changes nothing. */
export async function planArchive(
  settings: ConnectionSettings,
  before: string,
): Promise<ArchivePlan> {
  return withClient(settings, (client) => readPlan(client, before));
}

async function readPlan(client: Client, before: string): Promise<ArchivePlan> {
  return { before, partitions: await readRows(client, 'archive/plan', [before]) };
}

/**
 * Moves promoted events from bronze.events to Parquet files, file by file: each is written whole, read again, and then
 * recorded in the transaction that takes its events out of PostgreSQL. So every event is in one of the two at any moment;
 * a file that a killed run has begun is recorded as begun, and the next run writes it again. Promotions wait meanwhile,
 * ingest does not.
 * @throws MedallionError locked, check_failed, storage, unreachable, denied, interrupted
 */
export async function archive(
  settings: ConnectionSettings,
  openEngine: () => Promise<Engine>,
  options: ArchiveOptions,
  context: StageContext,
): Promise<ArchiveResult> {
  await requirePlace(options.archive);
  const started = performance.now();
  const moved = new Map<string, ArchivedPartition>();
  const sum = (of: (partition: ArchivedPartition) => number): number =>
    [...moved.values()].reduce((total, partition) => total + of(partition), 0);
  let isComplete = false;
  const counts = (): Record<string, unknown> => ({
    ...{ before: options.before, complete: isComplete },
    ...{ events: sum(({ events }) => events), files: sum(({ files }) => files) },
    bytes: sum(({ bytes }) => Number(bytes)),
  });
  return withRun(settings, 'archive', options, counts, async (client, runId) => {
    let engine: Engine | undefined;
    let hasFailed = true;
    try {
      const { partitions } = await readPlan(client, options.before);
      const total = partitions.reduce((events, planned) => events + planned.events, 0);
      context.emit({ type: 'step.started', step: STEP });
      const run: Run = { client, runId, options, warehouse: await warehouseIdentity(client) };
      const { archive: place } = options;
      const begun = await sortOutBegun(
        client,
        run.warehouse,
        (file) => file.archive === place,
        context,
      );
      isComplete = true;
      if (begun.length > 0 || total > 0) {
        engine = await openEngine();
        const session = await engine.openSession();
        let files = 0;
        for await (const file of filesToWrite(run, begun, partitions)) {
          if (files === options.maxFiles) {
            isComplete = false;
            break;
          }
          throwIfInterrupted(context.signal);
          add(moved, await writeFile(run, session, file));
          files += 1;
          context.emit({
            ...{ type: 'step.progress', step: STEP, total, unit: 'events' },
            done: sum(({ events }) => events),
          });
        }
      }
      context.emit({ type: 'step.finished', step: STEP });
      hasFailed = false;
      return {
        partitions: [...moved.values()],
        isComplete,
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      await engine?.close(hasFailed);
    }
  });
}

/**
 * A folder that is not there may be one that is not mounted: it is not made.
 * @throws MedallionError storage
 */
async function requirePlace(place: string): Promise<void> {
  const found = await stat(place).catch(() => undefined);
  if (!isS3(place) && found?.isDirectory() !== true) {
    throw new MedallionError('storage', `the archive folder ${place} does not exist`, {
      hint: 'Nothing was moved. Mount the folder, or make it (mkdir -p), then run the command again.',
    });
  }
}

interface Run {
  readonly client: Client;
  readonly runId: bigint;
  readonly options: ArchiveOptions;
  readonly warehouse: string;
}

/** When, in Unix milliseconds, everything was archived last that was old enough; undefined: never. */
export async function lastArchived(settings: ConnectionSettings): Promise<number | undefined> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<{ at: string | null }>(
      `select floor(extract(epoch from max(started_at)) * 1000) as at from medallion.runs
       where command = 'archive' and outcome = 'done' and counts->>'complete' = 'true'`,
    );
    const at = rows[0]?.at ?? null;
    return at === null ? undefined : Number(at);
  });
}

/** What a killed run has begun comes first, under the same names: so no file is left that nobody knows. */
async function* filesToWrite(
  run: Run,
  begun: readonly FileToWrite[],
  partitions: readonly PlannedPartition[],
): AsyncGenerator<FileToWrite> {
  yield* begun;
  for (const partition of partitions) {
    for (;;) {
      const file = await beginFile(run, partition);
      if (file === undefined) {
        break;
      }
      yield file;
    }
  }
}

/** Records the next file of a partition before a byte of it is written. */
async function beginFile(
  { client, runId, options, warehouse }: Run,
  { topic, partition }: PartitionName,
): Promise<FileToWrite | undefined> {
  const [next] = await readRows<NextFile>(client, 'archive/next', [
    ...[topic, partition, options.before, options.fileRows, FILE_BYTES],
  ]);
  if (next?.from === undefined || next.to === undefined) {
    return undefined;
  }
  const { from, to, events, bytes } = next;
  const path = pathOf({ topic, partition }, from, to);
  const [begun] = await readRows<Pick<FileToWrite, 'fileId'>>(client, 'archive/begin_file', [
    ...[options.archive, path, topic, partition, from, to, events, bytes, warehouse, runId],
  ]);
  return { topic, partition, fileId: begun?.fileId ?? 0n, path, from, to };
}

/** Without offsets where nothing is left to move. */
interface NextFile {
  readonly events: bigint;
  readonly bytes: bigint;
  readonly from?: bigint;
  readonly to?: bigint;
}

const OFFSET_DIGITS = 12;
/** What file systems take as the name of a folder, and a little less. */
const LONGEST_NAME = 200;

/** Below the archive: a folder for the topic, one for the partition; files sort by offset, and none has another's name. */
function pathOf({ topic, partition }: PartitionName, from: bigint, to: bigint): string {
  const padded = (offset: bigint): string => String(offset).padStart(OFFSET_DIGITS, '0');
  const name = `${padded(from)}-${padded(to)}-${randomBytes(4).toString('hex')}.parquet`;
  return `${folderOf(topic)}/${String(partition)}/${name}`;
}

/** A topic as the name of a folder, which every file system, S3 and Spark take as it is. */
function folderOf(topic: string): string {
  const name = topic.replaceAll(/^[._]|[^\w.-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `~${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  const hash = createHash('sha256').update(topic).digest('hex').slice(0, 16);
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}~${hash}`;
}

/** Writes a file, and then takes its events out of bronze in the transaction that records it. */
async function writeFile(
  { client, options }: Run,
  session: Session,
  { topic, partition, fileId, path, from, to }: FileToWrite,
): Promise<ArchivedPartition> {
  const file = `${options.archive}/${path}`;
  const written = await session.writeArchive(
    statement('archive/events', {
      ...{ topic: literal(topic), partition: String(partition) },
      ...{ from: String(from), to: String(to) },
    }),
    file,
  );
  await withTransaction(client, async () => {
    await client.query(BEGIN_PUBLICATION);
    const sums = ['events', 'offsets', 'bytes'] as const;
    const [taken] = await readRows<Record<(typeof sums)[number], bigint>>(client, 'archive/take', [
      ...[topic, partition, from, to, fileId, written.fileBytes ?? null],
      ...[LARGE_EVENT.bytes, LARGE_EVENT.weight],
    ]);
    const isSame = sums.every((sum) => taken?.[sum] === written[sum]);
    if (!isSame) {
      throw new MedallionError(
        'check_failed',
        `${file} holds ${counted(Number(written.events), 'event')}, but bronze has other events there now: none of them was moved`,
        { hint: 'Somebody changed bronze.events by hand. Run the command again.' },
      );
    }
  });
  return {
    ...{ topic, partition, events: Number(written.events), bytes: written.bytes, files: 1 },
    fileBytes: written.fileBytes,
  };
}

function add(moved: Map<string, ArchivedPartition>, more: ArchivedPartition): void {
  const key = `${String(more.partition)} ${more.topic}`;
  const { events = 0, bytes = 0n, files = 0, fileBytes = 0 } = moved.get(key) ?? {};
  moved.set(key, {
    ...{ topic: more.topic, partition: more.partition, files: files + more.files },
    ...{ events: events + more.events, bytes: bytes + more.bytes },
    fileBytes: more.fileBytes === undefined ? undefined : fileBytes + more.fileBytes,
  });
}
