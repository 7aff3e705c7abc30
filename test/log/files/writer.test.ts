import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingRecord } from '../../../src/log/log.ts';
import { openLandingWriter } from '../../../src/log/files/writer.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'medallion-landing-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

function record(key: string, value: string): OutgoingRecord {
  return { key, value: Buffer.from(value) };
}

async function linesOf(partition = 0): Promise<string[]> {
  const text = await readFile(path.join(directory, 'sales', `${String(partition)}.ndjson`), 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

describe('the landing writer', () => {
  it('makes the folders and appends a line for each event, also to what is there', async () => {
    for (const round of ['a', 'b']) {
      const writer = await openLandingWriter({ directory, topic: 'sales', partitions: 1 });
      await writer.append([record('1', `{"${round}": 1}`), record('2', `{"${round}": 2}`)]);
      await writer.close();
    }
    expect(await linesOf()).toEqual(['{"a": 1}', '{"a": 2}', '{"b": 1}', '{"b": 2}']);
  });

  it('sends a key to one of the partitions, always the same, and keeps its order', async () => {
    const writer = await openLandingWriter({ directory, topic: 'sales', partitions: 3 });
    const records = Array.from({ length: 300 }, (_, n) =>
      record(`cust_${String(n % 30)}`, `cust_${String(n % 30)} ${String(n)}`),
    );
    await writer.append(records.slice(0, 150));
    await writer.append(records.slice(150));
    await writer.close();
    const partitions = await Promise.all([0, 1, 2].map(linesOf));
    expect(partitions.flat()).toHaveLength(300);
    const homes = new Map<string, number>();
    for (const [partition, lines] of partitions.entries()) {
      expect(lines.length).toBeGreaterThan(30);
      expect(writer.appended?.get(partition)).toBe(lines.length);
      const numbers = lines.map((line) => Number(line.split(' ')[1]));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      for (const line of lines) {
        const customer = line.split(' ')[0] ?? '';
        expect(homes.get(customer) ?? partition).toBe(partition);
        homes.set(customer, partition);
      }
    }
  });

  it('does not glue an event to the half line of a writer that was killed', async () => {
    await mkdir(path.join(directory, 'sales'));
    await writeFile(path.join(directory, 'sales', '0.ndjson'), '{"whole": 1}\n{"ha');
    const writer = await openLandingWriter({ directory, topic: 'sales', partitions: 1 });
    await writer.append([record('1', '{"next": 1}')]);
    expect(await linesOf()).toEqual(['{"whole": 1}', '{"ha', '{"next": 1}']);
    // Another writer is killed while this one is at work.
    await appendFile(path.join(directory, 'sales', '0.ndjson'), '{"again');
    await writer.append([record('1', '{"after": 1}')]);
    await writer.close();
    expect((await linesOf()).slice(3)).toEqual(['{"again', '{"after": 1}']);
  });

  it('never mixes lines of writers that append at once, however large the batches', async () => {
    const writers = await Promise.all(
      [0, 1, 2].map(() => openLandingWriter({ directory, topic: 'sales', partitions: 1 })),
    );
    await Promise.all(
      writers.map(async (writer, number) => {
        for (let batch = 0; batch < 4; batch += 1) {
          const records = Array.from({ length: 1500 }, (_, line) =>
            record('1', `${String(number)}:${String(batch * 1500 + line)}:${'x'.repeat(1000)}`),
          );
          await writer.append(records);
        }
        await writer.close();
      }),
    );
    const next = [0, 0, 0];
    for (const line of await linesOf()) {
      const [writer = '', number, filler] = line.split(':');
      expect(filler).toHaveLength(1000);
      expect(Number(number)).toBe(next[Number(writer)]);
      next[Number(writer)] = Number(number) + 1;
    }
    expect(next).toEqual([6000, 6000, 6000]);
  });

  it('says where it cannot write', async () => {
    await writeFile(path.join(directory, 'sales'), 'a file where a folder should be');
    await expect(
      openLandingWriter({ directory, topic: 'sales', partitions: 1 }),
    ).rejects.toMatchObject({
      code: 'storage',
      message: `cannot write ${path.join(directory, 'sales')}: a part of the path is not a folder`,
    });
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not write', async () => {
    await chmod(directory, 0o500);
    await expect(
      openLandingWriter({ directory, topic: 'sales', partitions: 1 }),
    ).rejects.toMatchObject({ code: 'storage' });
    await chmod(directory, 0o700);
  });
});
