import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../errors.ts';
import { inputError } from './text.ts';

/** A file of the landing directory, and the partition that it is. */
export interface PartitionFile {
  readonly path: string;
  readonly partition: number;
}

const TOPIC = 'landing/';
const PARTITION_FILE = /^(0|[1-9]\d{0,8})\.ndjson$/;

/** What bronze calls a topic of the landing directory: nothing that Kafka takes as a topic's name. */
export function landingTopic(topic: string): string {
  return `${TOPIC}${topic}`;
}

/** The landing directory: in it a folder for each topic, and in that a file of NDJSON lines for each partition. */
export function landingDirectory(home: string): string {
  return path.join(home, 'landing');
}

/** The file of a partition. */
export function partitionFile(directory: string, topic: string, partition: number): string {
  return path.join(directory, topic, `${String(partition)}.ndjson`);
}

/**
 * The partition files of a topic below the home; none where there is no directory yet.
 * @throws MedallionError input
 */
export async function landingFiles(home: string, topic: string): Promise<PartitionFile[]> {
  const folder = path.join(landingDirectory(home), topic);
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw inputError(error, folder);
  });
  return names.flatMap((name) => {
    const partition = Number(PARTITION_FILE.exec(name)?.[1]);
    return Number.isInteger(partition) ? [{ path: path.join(folder, name), partition }] : [];
  });
}

/** The file that bronze has under this name; undefined for what is no file. */
export function fileOfPartition(
  home: string,
  topic: string,
  partition: number,
): { readonly path: string; readonly grows: boolean } | undefined {
  if (topic.startsWith('file:')) {
    return { path: topic.slice('file:'.length), grows: false };
  }
  return topic.startsWith(TOPIC)
    ? {
        path: partitionFile(landingDirectory(home), topic.slice(TOPIC.length), partition),
        grows: true,
      }
    : undefined;
}
