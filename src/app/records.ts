import path from 'node:path';
import { Readable } from 'node:stream';
import { admit, MAX_EVENT_BYTES } from '../bronze/admission.ts';
import { csvLines } from '../log/files/csv.ts';
import { openFileReader } from '../log/files/reader.ts';
import type { RecordBatch, Sink, StoredOffset } from '../log/log.ts';
import type { StageContext } from '../progress.ts';
import { dropped } from '../source/drop.ts';
import type { CsvForm, Source } from '../source/mapping.ts';

/** A record, and where it stands, for people; without its text where ingest would reject it, as bronze cannot store it. */
export type PlacedRecord = { readonly place: string } & (
  { readonly value: string } | { readonly reason: string; readonly detail: string }
);

/** The records of a source that some texts hold: each is one, unless they are rows of CSV that are put together. */
export async function recordsOf(source: Source, texts: readonly string[]): Promise<string[]> {
  const { csv } = source;
  if (csv === undefined) {
    return [...texts];
  }
  return csvRecords(Buffer.from(texts.join('')), { ...csv, encoding: 'utf-8' }, source.file);
}

/** The records that rows of CSV, in UTF-8 and below their names, are put together to. */
export async function csvRecords(rows: Buffer, form: CsvForm, name: string): Promise<string[]> {
  const parts: Buffer[] = [];
  for await (const part of csvLines(Readable.from([rows]), { form, grows: false }, name)) {
    parts.push(part);
  }
  return Buffer.concat(parts)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

/**
 * Reads the first records of files, as ingest would; nothing is written.
 * @throws MedallionError input
 */
export async function readFiles(
  source: Source,
  files: readonly string[],
  most: number,
  { signal, emit }: StageContext,
): Promise<readonly PlacedRecord[]> {
  const reader = await openFileReader(
    files.map((file) => path.resolve(file)),
    source.csv,
  );
  const sink = new RecordSink((message, hint) => {
    emit({ type: 'warning', message, hint });
  });
  await reader.read(sink, { signal, follow: false, maxRecords: most });
  const drop = dropped(source);
  const placed: { readonly offset: bigint; readonly record: PlacedRecord }[] = [];
  for (const { topic, records } of sink.batches) {
    const placeOf = (offset: bigint): string => `${path.basename(topic)}:${String(offset + 1n)}`;
    const { admitted, rejected } = await admit(records, MAX_EVENT_BYTES, undefined, drop);
    const found = [
      ...admitted.map(({ offset, value }) => ({
        offset,
        record: { place: placeOf(offset), value: value.toString('utf8') },
      })),
      ...rejected.map(({ record: { offset }, reason, detail }) => ({
        offset,
        record: { place: placeOf(offset), reason, detail },
      })),
    ];
    placed.push(...found.sort((a, b) => Number(a.offset - b.offset)));
  }
  return placed.map(({ record }) => record);
}

/** Keeps what is written to it, in memory. */
class RecordSink implements Sink {
  readonly batches: RecordBatch[] = [];
  readonly #warn: Sink['warn'];

  constructor(warn: Sink['warn']) {
    this.#warn = warn;
  }

  identity(): Promise<string> {
    return Promise.resolve('memory');
  }

  storedOffsets(): Promise<StoredOffset[]> {
    return Promise.resolve([]);
  }

  write(batch: RecordBatch): Promise<boolean> {
    this.batches.push(batch);
    return Promise.resolve(true);
  }

  recordGap(): Promise<void> {
    return Promise.resolve();
  }

  resetOffset(): Promise<boolean> {
    return Promise.resolve(true);
  }

  warn(message: string, hint?: string): void {
    this.#warn(message, hint);
  }
}
