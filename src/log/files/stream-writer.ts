import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { LogWriter, OutgoingRecord } from '../log.ts';
import { isSpecial, partialName, storageError } from '../../whole-file.ts';
import { linesOf } from './writer.ts';

/** Writes events as lines to something that someone else opened and will close, such as standard output. */
export function lineWriter(
  write: (lines: Uint8Array) => Promise<void>,
  description: string,
): LogWriter {
  return {
    description,
    append: (records) => write(linesOf(records.map(({ value }) => value))),
    close: () => Promise.resolve(),
  };
}

/**
 * Writes events as lines to a file, compressed when its name ends in .gz. The file appears under its name, in place of
 * one that was there, when the writer is closed; until then the lines lie beside it, so that half a run is never taken
 * for a whole one.
 * @throws MedallionError storage
 */
export async function openFileWriter(file: string): Promise<LogWriter> {
  // A pipe or a device cannot be replaced, and shows nothing of a run that failed.
  const special = await isSpecial(file);
  const path = special ? file : partialName(file);
  const fail = (error: unknown): never => {
    throw storageError(file, error);
  };
  const handle = await open(path, 'w').catch(fail);
  const source = file.endsWith('.gz') ? createGzip() : new PassThrough();
  const written = pipeline(source, createWriteStream(path, { fd: handle }));
  // Who writes next hears of it; before that nobody waits.
  written.catch(() => undefined);
  const discard = async (): Promise<void> => {
    source.destroy();
    await written.catch(() => undefined);
    if (!special) {
      await rm(path, { force: true });
    }
  };
  return {
    description: file,
    append: (records) => Promise.race([writeLines(source, records), written]).catch(fail),
    async close() {
      source.end();
      try {
        await written;
        if (!special) {
          await rename(path, file);
        }
      } catch (error) {
        await discard();
        fail(error);
      }
    },
    discard,
  };
}

/** Resolves when the stream has room for more. */
async function writeLines(stream: Writable, records: readonly OutgoingRecord[]): Promise<void> {
  if (records.length > 0 && !stream.write(linesOf(records.map(({ value }) => value)))) {
    await once(stream, 'drain');
  }
}
