import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '../../folder.ts';
import { storageError } from '../../whole-file.ts';
import type { LogWriter, OutgoingRecord } from '../log.ts';
import { partitionFile } from './landing.ts';

export interface LandingConfig {
  /** The landing directory. */
  readonly directory: string;
  readonly topic: string;
  readonly partitions: number;
}

const NEWLINE = Buffer.from('\n');
/** How long half a line must stay as it is before it counts as left behind. */
const SETTLE_MS = 20;

/**
 * Opens the partition files for appending; they and their folders are made when they are missing.
 * @throws MedallionError storage
 */
export async function openLandingWriter(config: LandingConfig): Promise<LogWriter> {
  const folder = path.join(config.directory, config.topic);
  const files: PartitionFile[] = [];
  try {
    await makeFolder(folder);
  } catch (error) {
    throw storageError(folder, error);
  }
  const close = async (): Promise<void> => {
    await Promise.all(files.map((file) => file.close()));
  };
  try {
    for (let partition = 0; partition < config.partitions; partition += 1) {
      files.push(await openPartition(partitionFile(config.directory, config.topic, partition)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const appended = new Map(files.map((_, partition) => [partition, 0]));
  return {
    description: `landing directory ${folder}`,
    appended,
    async append(records) {
      const parts = split(records, files.length);
      await Promise.all(files.map((file, partition) => file.append(parts[partition] ?? [])));
      parts.forEach((part, partition) => {
        appended.set(partition, (appended.get(partition) ?? 0) + part.length);
      });
    },
    close,
  };
}

function split(records: readonly OutgoingRecord[], partitions: number): Buffer[][] {
  if (partitions === 1) {
    return [records.map(({ value }) => value)];
  }
  const parts = Array.from({ length: partitions }, (): Buffer[] => []);
  for (const { key, value } of records) {
    parts[hash(key) % partitions]?.push(value);
  }
  return parts;
}

/** FNV-1a over the key's UTF-16 code units. */
function hash(key: string): number {
  let bits = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    bits = Math.imul(bits ^ key.charCodeAt(index), 0x01000193);
  }
  return bits >>> 0;
}

interface PartitionFile {
  append(values: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * One file that several processes may append to at once. Each write is one system call with O_APPEND and holds whole
 * lines: local file systems do such writes one after the other, whatever their size, so lines never mix. No lock file
 * that a killed process could leave behind.
 * @throws MedallionError storage
 */
async function openPartition(file: string): Promise<PartitionFile> {
  const fail = (error: unknown): never => {
    throw storageError(file, error);
  };
  const handle = await open(file, 'a+').catch(fail);
  return {
    append: (values) => appendLines(handle, linesOf(values)).catch(fail),
    close: () => handle.close(),
  };
}

async function appendLines(handle: FileHandle, all: Buffer): Promise<void> {
  for (let lines = all; lines.length > 0;) {
    const glued = await endsInsideLine(handle);
    const bytes = glued ? Buffer.concat([NEWLINE, lines]) : lines;
    const { bytesWritten } = await handle.write(bytes);
    // A write that the disk cut short ended inside a line: that line is written again, whole, on a line of its own.
    const written = Math.max(0, bytesWritten - (glued ? 1 : 0));
    lines = lines.subarray(
      written === lines.length ? written : lines.subarray(0, written).lastIndexOf(NEWLINE) + 1,
    );
  }
}

/**
 * Whether a killed writer left half a line at the end. It gets a line end then and becomes an event of its own, which
 * the quarantine catches; glued to it, a good event would be lost with it.
 */
async function endsInsideLine(handle: FileHandle): Promise<boolean> {
  let seen = -1;
  for (;;) {
    const { size } = await handle.stat();
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    if (size === 0 || buffer[0] === NEWLINE[0]) {
      return false;
    }
    // Half a line that still grows is another writer's at work. Were that one only slow, a blank line would come of
    // it, which is no event.
    if (size === seen) {
      return true;
    }
    seen = size;
    await sleep(SETTLE_MS);
  }
}

/** The values as lines, each with its line end. */
export function linesOf(values: readonly Buffer[]): Buffer {
  return Buffer.concat(values.flatMap((value) => [value, NEWLINE]));
}
