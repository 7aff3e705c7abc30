import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileWriter } from '../../../src/log/files/stream-writer.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'medallion-file-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const RECORDS = Array.from({ length: 5000 }, (_, n) => ({
  key: 'k',
  value: Buffer.from(`{"n": ${String(n)}}`),
}));
const LINES = RECORDS.map(({ value }) => `${value.toString()}\n`).join('');

describe('the file writer', () => {
  it('shows the file under its name once it is whole, in place of an older one', async () => {
    const file = path.join(directory, 'sales.ndjson');
    await writeFile(file, 'old\n');
    const writer = await openFileWriter(file);
    await writer.append(RECORDS);
    expect(await readFile(file, 'utf8')).toBe('old\n');
    await writer.close();
    expect(await readFile(file, 'utf8')).toBe(LINES);
    expect(await readdir(directory)).toEqual(['sales.ndjson']);
  });

  it('compresses a file whose name ends in .gz', async () => {
    const file = path.join(directory, 'sales.ndjson.gz');
    const writer = await openFileWriter(file);
    await writer.append(RECORDS);
    await writer.close();
    expect(gunzipSync(await readFile(file)).toString()).toBe(LINES);
  });

  it('leaves nothing of a run that failed, and what was there before', async () => {
    const file = path.join(directory, 'sales.ndjson');
    await writeFile(file, 'old\n');
    const writer = await openFileWriter(file);
    await writer.append(RECORDS);
    await writer.discard?.();
    expect(await readFile(file, 'utf8')).toBe('old\n');
    expect(await readdir(directory)).toEqual(['sales.ndjson']);
  });

  it('says that the folder is missing', async () => {
    await expect(openFileWriter(path.join(directory, 'no', 'sales.ndjson'))).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('the folder does not exist') as string,
    });
  });

  it.runIf(existsSync('/dev/full'))('says that the disk is full', async () => {
    const writer = await openFileWriter('/dev/full');
    await expect(
      (async () => {
        await writer.append(RECORDS);
        await writer.close();
      })(),
    ).rejects.toMatchObject({
      code: 'storage',
      message: 'cannot write /dev/full: the disk is full',
    });
    await writer.discard?.();
    expect(existsSync('/dev/full')).toBe(true);
  });
});
