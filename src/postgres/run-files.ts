import { arraysOf } from './ask.ts';
import * as v from '@badrap/valita';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, messageOf } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import type { StageContext } from '../progress.ts';
import { sqlFile } from '../sql-file.ts';
import { VERSION } from '../version.ts';
import { writeWhole } from '../whole-file.ts';
import { withTransaction } from './transaction.ts';
import type { Client } from './client.ts';
import { isGone, thisRunner } from '../runner.ts';
import { runEnd, type RunRecord } from './runs.ts';

/**
 * Runs of commands that need no warehouse leave their record as a file below the home. The next command that opens the
 * warehouse takes it into the metadata, and removes it when that is committed; its id makes a second taking do nothing.
 */

const matching = (pattern: RegExp): v.Type<string> =>
  v.string().assert((text) => pattern.test(text));
const offset = matching(/^\d+$/).nullable();
const integer = v.number().assert(Number.isSafeInteger);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

const runFileSchema = v.object({
  id: matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i),
  command: v.string(),
  version: v.string(),
  arguments: v.array(v.string()),
  os_user: v.string(),
  host: v.string(),
  process_id: integer,
  started_at: time,
  finished_at: time.nullable(),
  outcome: v.union(
    ...(['running', 'done', 'failed', 'interrupted'] as const).map((end) => v.literal(end)),
  ),
  error: v.string().nullable(),
  counts: v.record(v.unknown()),
  partitions: v.array(
    v.object({
      topic: v.string(),
      partition: integer,
      from_offset: offset,
      to_offset: offset,
      events: integer,
    }),
  ),
});

type RunFile = v.Infer<typeof runFileSchema>;

/** What a run wrote to one partition; the offsets are undefined when the log did not say. */
export interface WrittenPartition {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  readonly events: number;
}

export interface RunOutcome {
  readonly counts: Readonly<Record<string, unknown>>;
  readonly partitions: readonly WrittenPartition[];
  /** Undefined is a good end. */
  readonly error?: unknown;
}

/**
 * Opens the record of a run as a file. A record that cannot be written is a warning: the run itself goes on.
 * @returns what closes the record
 */
export async function openRunFile(
  home: string,
  run: RunRecord,
  { emit }: Pick<StageContext, 'emit'>,
): Promise<(outcome: RunOutcome) => Promise<void>> {
  const { osUser, host, processId } = thisRunner();
  const opened: RunFile = {
    id: randomUUID(),
    command: run.command,
    version: VERSION,
    arguments: [...run.arguments],
    os_user: osUser,
    host,
    process_id: processId,
    started_at: new Date().toISOString(),
    finished_at: null,
    outcome: 'running',
    error: null,
    counts: {},
    partitions: [],
  };
  const folder = folderOf(home);
  const write = async (record: RunFile): Promise<boolean> => {
    try {
      await makeFolder(folder);
      const file = path.join(folder, `${record.id}.json`);
      await writeWhole(file, `${JSON.stringify(record, undefined, 2)}\n`);
      return true;
    } catch (error) {
      emit({ type: 'warning', message: `cannot record this run: ${messageOf(error)}` });
      return false;
    }
  };
  const isOpen = await write(opened);
  return async ({ counts, partitions, error }) => {
    if (isOpen) {
      await write({
        ...opened,
        finished_at: new Date().toISOString(),
        outcome: runEnd(error),
        error: error === undefined ? null : messageOf(error),
        counts: { ...counts },
        partitions: partitions.map(({ topic, partition, from, to, events }) => ({
          ...{ topic, partition, events },
          from_offset: from === undefined ? null : String(from),
          to_offset: to === undefined ? null : String(to),
        })),
      });
    }
  };
}

/** Takes the records that lie below the home into the metadata, each once: those of runs that have ended or were killed. */
export async function takeRunFiles(
  client: Client,
  home: string,
  { emit }: Pick<StageContext, 'emit'>,
): Promise<void> {
  for (const file of await runFiles(folderOf(home))) {
    const record = await readRunFile(file);
    if (record === 'unreadable') {
      emit({
        type: 'warning',
        message: `${file} is not a record of a run`,
        hint: 'Delete it, or update medallion if a newer version wrote it.',
      });
      continue;
    }
    if (record === 'taken') {
      continue;
    }
    const { outcome, host, process_id: processId } = record;
    if (outcome === 'running' && !isGone({ host, processId })) {
      continue;
    }
    try {
      await withTransaction(client, async () => recordRunFile(client, record));
    } catch (error) {
      // Who may only read leaves the records to the next one.
      if (codeOf(error) === '42501' || codeOf(error) === '25006') {
        return;
      }
      throw error;
    }
    await rm(file, { force: true }).catch(() => undefined);
  }
}

async function recordRunFile(client: Client, record: RunFile): Promise<void> {
  const isKilled = record.outcome === 'running';
  const { rows } = await client.query<{ run_id: string }>(sqlFile('runs/take'), [
    ...[record.command, record.version, record.arguments],
    ...[record.os_user, record.host, record.process_id],
    ...[record.started_at, record.finished_at, isKilled ? 'failed' : record.outcome],
    ...[JSON.stringify(record.counts), isKilled ? 'killed' : record.error, record.id],
  ]);
  const [run] = rows;
  if (run !== undefined) {
    const columns = ['topic', 'partition', 'from_offset', 'to_offset', 'events'] as const;
    const partitions = arraysOf(record.partitions, ...columns);
    await client.query(sqlFile('runs/take_partitions'), [run.run_id, ...partitions]);
  }
}

async function readRunFile(file: string): Promise<RunFile | 'unreadable' | 'taken'> {
  try {
    const found = runFileSchema.try(JSON.parse(await readFile(file, 'utf8')));
    return found.ok ? found.value : 'unreadable';
  } catch (error) {
    // Another command was faster.
    return codeOf(error) === 'ENOENT' ? 'taken' : 'unreadable';
  }
}

/** In the order of their names, so that two commands meet at the same file. */
async function runFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => path.join(folder, name));
}

function folderOf(home: string): string {
  return path.join(home, 'runs');
}
