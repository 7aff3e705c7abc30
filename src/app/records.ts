import { Readable } from 'node:stream';
import type { Outcome } from '../engine/source-records.ts';
import { csvLines } from '../log/files/csv.ts';
import type { Source } from '../source/mapping.ts';

/** The records of a source that some texts hold: each is one, unless they are rows of CSV that are put together. */
export async function recordsOf(source: Source, texts: readonly string[]): Promise<string[]> {
  const { csv } = source;
  if (csv === undefined) {
    return [...texts];
  }
  const parts: Buffer[] = [];
  const rows = Readable.from([Buffer.from(texts.join(''))]);
  for await (const part of csvLines(
    rows,
    { form: { ...csv, encoding: 'utf-8' }, grows: false },
    source.file,
  )) {
    parts.push(part);
  }
  return Buffer.concat(parts)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

/**
 * Reads records as a promotion would, in DuckDB alone.
 * @param dimensions selects of the rows that orders point at, by the name of the dimension
 * @returns what becomes of each, in their order
 */
export async function outcomesOf(
  source: Source,
  records: readonly string[],
  dimensions: ReadonlyMap<string, string>,
): Promise<readonly Outcome[]> {
  const [{ openDetached }, { readRecords }] = await Promise.all([
    import('../engine/duckdb/detached.ts'),
    import('../engine/source-records.ts'),
  ]);
  const engine = await openDetached({ records, dimensions });
  try {
    const session = await engine.openSession();
    try {
      return await readRecords(session, source, records.length);
    } finally {
      await session.close();
    }
  } finally {
    await engine.close();
  }
}
