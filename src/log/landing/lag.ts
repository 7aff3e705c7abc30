import { codeOf } from '../../errors.ts';
import type { PartitionLag, ReadPlace } from '../lag.ts';
import { sameBeginning } from './digest.ts';
import { inputError } from './file-partition.ts';
import { LineSplitter } from './lines.ts';
import { landingFiles } from './reader.ts';
import { fileState, hasFingerprint, readText, type FileState } from './text.ts';

/** As much of what is unread is counted; longer rests are estimated by it. */
const SAMPLE_BYTES = 4 << 20;
/** As much of what was read is compared with the file; of more, the first line. */
const COMPARED_BYTES = 16 << 20;

/**
 * How far reading is behind the ends of the partition files. Lines up to 4 MiB are counted, more are estimated from the
 * first 4 MiB. Files hold no times: unread lines wait since the file was last read, at most. Whether a file was rewritten
 * behind its first line shows where up to 16 MiB of it were read; of more, the next ingest finds out.
 * @throws MedallionError input
 */
export async function landingLag(
  home: string,
  topic: string,
  places: readonly ReadPlace[],
): Promise<PartitionLag[]> {
  const files = await landingFiles(home, topic);
  return Promise.all(
    files.map(async ({ path, partition }) => {
      const place = places.find((candidate) => candidate.partition === partition);
      try {
        return await fileLag(path, partition, place);
      } catch (error) {
        // It was there a moment ago.
        if (codeOf(error) === 'ENOENT') {
          return { partition, end: undefined, events: 0, since: undefined };
        }
        throw inputError(error, path);
      }
    }),
  );
}

async function fileLag(
  path: string,
  partition: number,
  place: ReadPlace | undefined,
): Promise<PartitionLag> {
  const lag = { partition, end: undefined, since: undefined };
  const state = await fileState(path);
  const position = Number(place?.position ?? 0n);
  if (place !== undefined) {
    if (!(await isSame(state, place, position))) {
      return { ...lag, events: undefined, note: 'was replaced since it was read' };
    }
  }
  const lines = new LineSplitter();
  let bytes = 0;
  for await (const chunk of readText(state, position, position + SAMPLE_BYTES)) {
    lines.push(chunk);
    bytes += chunk.length;
  }
  const counted = lines.size;
  const unread = state.size - position;
  const events = bytes >= unread ? counted : Math.round((counted * unread) / bytes);
  return events === 0
    ? { ...lag, events }
    : { ...lag, events, since: place?.readUpTo ?? state.madeAt };
}

async function isSame(
  state: FileState,
  { source, digest }: ReadPlace,
  position: number,
): Promise<boolean> {
  return position <= COMPARED_BYTES
    ? (await sameBeginning(state, { source, position, digest })) !== undefined
    : state.size >= position && (await hasFingerprint(state, source));
}
