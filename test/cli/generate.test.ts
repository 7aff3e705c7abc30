import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kafkaBrokers, kafkaClient } from '../support/kafka.ts';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'medallion-generate-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

const generate = (...args: string[]): Promise<CliResult> =>
  runCommand(['generate', ...args], { cwd });
const DAYS = ['--since', '2026-01-01', '--until', '2026-01-07'];
const FAULTS = ['--late', '3%', '--duplicates', '0.03', '--malformed', '3%', '--corrections', '3%'];

async function landed(): Promise<string> {
  return readFile(path.join(cwd, '.medallion', 'landing', 'sales', '0.ndjson'), 'latin1');
}

/** Where runs are on record. */
const RECORDS = path.join('.medallion', 'runs');

describe('medallion generate', () => {
  it('writes the same bytes for the same seed and arguments, wherever they go', async () => {
    const args = ['-n', '2000', '--seed', '7', ...DAYS, ...FAULTS];
    const [landing, file, zipped] = [
      await generate(...args),
      await generate(...args, '--to', 'sales.ndjson'),
      await generate(...args, '--to', 'sales.ndjson.gz'),
    ];
    expect([landing.code, file.code, zipped.code]).toEqual([0, 0, 0]);
    expect(landing.stdout).toMatch(/^2,000 events \(\d\.\d MB\) of 2026-01-01 to 2026-01-07 to /);
    expect(landing.stdout).toMatch(/purchases, \d+ late, .*; seed 7\n$/);
    const bytes = await readFile(path.join(cwd, 'sales.ndjson'));
    expect(await landed()).toBe(bytes.toString('latin1'));
    expect(gunzipSync(await readFile(path.join(cwd, 'sales.ndjson.gz'))).equals(bytes)).toBe(true);
    const other = await generate(...args.with(3, '8'), '--to', 'other.ndjson');
    expect(other.code).toBe(0);
    expect(bytes.equals(await readFile(path.join(cwd, 'other.ndjson')))).toBe(false);
  });

  it('pipes events to stdout and everything else to stderr', async () => {
    const { code, stdout, stderr } = await generate(
      '-n',
      '50',
      '--seed',
      '1',
      ...DAYS,
      '--to',
      '-',
    );
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(50);
    expect(lines.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
    expect(stderr).toContain('50 events');
    expect(stderr).toContain('seed 1');
  });

  it('ends quietly when the reader of the pipe has enough', async () => {
    const { child, stderr, result } = spawnCli(['generate', '-n', '10000000', '--to', '-'], {
      cwd,
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect((await result).code).toBe(141);
    expect(stderr()).not.toMatch(/error|defect/);
  });

  it('gives the summary as a row', async () => {
    const { stdout } = await generate('-n', '30', '--seed', '5', ...DAYS, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      { events: 30, purchase: 30, late: 0, malformed: 0, seed: 5, since: '2026-01-01' },
    ]);
  });

  it('writes the manifest of the run, with the events of each partition', async () => {
    const args = [
      '-n',
      '500',
      '--partitions',
      '3',
      ...DAYS,
      ...FAULTS,
      '--manifest',
      'answers.json',
    ];
    expect((await generate(...args)).code).toBe(0);
    const manifest = JSON.parse(await readFile(path.join(cwd, 'answers.json'), 'utf8')) as {
      events: { written: number; by_partition: Record<string, number> };
      gold: { sales_performance: { date_key: string }[] };
    };
    expect(manifest.events.written).toBe(500);
    const folder = path.join(cwd, '.medallion', 'landing', 'sales');
    for (const partition of ['0', '1', '2']) {
      const text = await readFile(path.join(folder, `${partition}.ndjson`), 'latin1');
      expect(text.split('\n')).toHaveLength((manifest.events.by_partition[partition] ?? 0) + 1);
    }
    expect(manifest.gold.sales_performance.map((row) => row.date_key)).toContain('2026-01-07');
  });

  it('may run twice at once on the same landing file', async () => {
    const results = await Promise.all(
      [1, 2].map((seed) => generate('-n', '8000', '--seed', String(seed))),
    );
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    // A blank line between two batches would be no event.
    const lines = (await landed()).split('\n').filter((line) => line !== '');
    expect(lines).toHaveLength(16_000);
    expect(lines.every((line) => /^\{"data": .*"to_process"\}\}$/.test(line))).toBe(true);
  });

  it('follows until it is interrupted, at about the rate asked for, with purchases made now', async () => {
    const { child, result } = spawnCli(['generate', '--follow', '--rate', '200'], { cwd });
    const file = path.join(cwd, '.medallion', 'landing', 'sales', '0.ndjson');
    const count = async (): Promise<number> =>
      existsSync(file) ? (await readFile(file, 'utf8')).split('\n').length - 1 : 0;
    const until = async (goal: number): Promise<number> => {
      while ((await count()) < goal) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return Date.now();
    };
    const began = await until(1);
    const took = (await until(400)) - began;
    expect(took).toBeGreaterThan(1500);
    expect(took).toBeLessThan(15_000);
    child.kill('SIGINT');
    const { code, stdout } = await result;
    expect(code).toBe(130);
    expect(stdout).toMatch(/events .* made now to landing directory/);
    const last = (await readFile(file, 'utf8')).trimEnd().split('\n').at(-1) ?? '';
    const { data } = JSON.parse(last) as {
      data: { transaction_details: { event_timestamp: string } };
    };
    const age = Date.now() - Date.parse(`${data.transaction_details.event_timestamp}Z`);
    expect(Math.abs(age)).toBeLessThan(30_000);
  });

  it('creates a missing Kafka topic with the partitions asked for, and not without being asked', async () => {
    const topic = `generate-${String(process.pid)}-${String(Date.now())}`;
    const kafka = ['--brokers', await kafkaBrokers(), '--topic', topic, '-n', '300', '--seed', '3'];
    const missing = await generate(...kafka);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain(topic);
    expect((await generate(...kafka, '--partitions', '3', '--manifest', 'answers.json')).code).toBe(
      0,
    );
    const { events } = JSON.parse(await readFile(path.join(cwd, 'answers.json'), 'utf8')) as {
      events: { by_partition: Record<string, number> };
    };
    const admin = (await kafkaClient()).admin();
    await admin.connect();
    const ends = (await admin.fetchTopicOffsets(topic)).map(
      ({ partition, high }) => [String(partition), Number(high)] as const,
    );
    await admin.disconnect();
    expect(ends.map(([, count]) => count).reduce((a, b) => a + b)).toBe(300);
    expect(Object.fromEntries(ends)).toEqual(events.by_partition);
    const again = await generate(...kafka, '--partitions', '5');
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('already exists, with 3 partitions');
  });

  it.each([
    [['--to', 'sales.txt'], 2, '.ndjson'],
    [['--to', 'missing/sales.ndjson'], 3, 'the folder does not exist'],
    [['--manifest', 'missing/answers.json'], 3, 'the folder does not exist'],
    [['--follow', '--since', '2026-01-01'], 2, '--follow'],
    [['--since', '2026-01-02', '--until', '2026-01-01'], 2, 'before it begins'],
    [['--late', '60%', '--malformed', '60%'], 2, 'add up to more than 100%'],
    [['--late', '2'], 2, 'share'],
    [['-n', '0'], 2, 'whole number'],
    [['--cities', '1000000'], 2, 'only'],
  ])('refuses %j', async (args, exit, message) => {
    const { code, stdout, stderr } = await generate('-n', '10', ...args);
    expect(code).toBe(exit);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/ at .*:\d+/);
    const files = await readdir(cwd, { recursive: true });
    expect(files.filter((file) => /json/.test(file) && !file.startsWith(RECORDS))).toEqual([]);
  });

  it.runIf(existsSync('/dev/full'))('says that stdout cannot be written', async () => {
    const bin = fileURLToPath(new URL('../../bin/medallion.js', import.meta.url));
    const child = spawn(process.execPath, [bin, 'generate', '-n', '10', '--to', '-'], {
      cwd,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(3);
    expect(stderr).toContain('cannot write stdout: the disk is full');
  });
});
