import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, type LosslessNumber } from 'lossless-json';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { emptyGold, filledGold } from '../query/report/gold.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await filledGold();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-report-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function report(args: readonly string[], of = database): Promise<CliResult> {
  return runCommand(['report', ...args], { cwd: folder, env: { DATABASE_URL: of.url } });
}

const JANUARY = ['--since', '2026-01-01', '--until', '2026-01-03'];

describe('medallion report', () => {
  it('prints a page of at most 80 columns into a pipe, without colour', async () => {
    const { code, stdout, stderr } = await report(JANUARY);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Sales 2026-01-01 to 2026-01-03 {2}3 days, UTC/);
    expect(stdout).toContain('Revenue         350.05  100.00       ▲ +250.1%  █ ▆\n');
    expect(stdout).toContain('JP       東京');
    expect(stdout).not.toContain('\u001b');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('prints the sections asked for', async () => {
    const { stdout } = await report([
      ...JANUARY,
      '--section',
      'payments',
      '--section',
      'quarantine',
    ]);
    expect(stdout).toContain('Payment methods\n');
    expect(stdout).toContain('Quarantine, open\n');
    expect(stdout).not.toContain('Headline');
  });

  it('prints json with every digit', async () => {
    const { stdout } = await report([...JANUARY, '--output', 'json']);
    const page = parse(stdout) as {
      period: unknown;
      sections: Record<string, Record<string, LosslessNumber | string>[]>;
    };
    expect(page.period).toEqual({ since: '2026-01-01', until: '2026-01-03' });
    expect(Object.keys(page.sections)).toHaveLength(19);
    expect(page.sections['headline']?.[0]?.['value']?.toString()).toBe('350.05');
    expect(page.sections['days']?.[0]?.['average_ticket']?.toString()).toBe('100.0000');
    expect(page.sections['state']?.[0]?.['last_event_at']).toBe('2026-01-03T12:00:09Z');
    expect(stdout).toContain('"revenue": 200.00,');
  });

  it('prints a section as csv', async () => {
    expect(await report([...JANUARY, '--section', 'places', '--output', 'csv'])).toMatchObject({
      code: 0,
      stdout:
        'country,city,orders,revenue,share_percent\nDE,Berlin,2,250.15,71.5\nunknown,unknown,1,50.00,14.3\nJP,東京,1,49.90,14.3\n',
    });
  });

  it.each([
    [['--output', 'csv']],
    [['--output', 'csv', '--section', 'days', '--section', 'places']],
  ])('asks for one section with %j', async (args) => {
    const { code, stdout, stderr } = await report(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^error: csv output has one section only\n {2}Choose it with --section: headline, days/,
    );
  });

  it('prints markdown', async () => {
    const { stdout } = await report([
      ...JANUARY,
      '--section',
      'categories',
      'payments',
      '--output',
      'markdown',
    ]);
    expect(stdout).toBe(
      [
        '# Sales 2026-01-01 to 2026-01-03',
        '',
        '## Categories',
        '',
        '| category | units | order_lines | revenue | share_percent |',
        '| --- | ---: | ---: | ---: | ---: |',
        '| toys | 4 | 3 | 180.00 | 60.0 |',
        '| sports | 3 | 1 | 120.00 | 40.0 |',
        '',
        '## Payments',
        '',
        '| payment_method | orders | revenue | average_ticket | share_percent |',
        '| --- | ---: | ---: | ---: | ---: |',
        '| credit card | 3 | 300.15 | 100.05 | 85.7 |',
        '| paypal | 1 | 49.90 | 49.90 | 14.3 |',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [['--section', 'weather'], "argument 'weather' is invalid"],
    [['--since', '2026-02-30'], 'It must be a day'],
    [['--since', '2026-01-02', '--until', '2026-01-01'], 'the period begins on 2026-01-02'],
    [['--top', '0'], 'It must be a whole number from 1'],
  ])('refuses %j', async (args, message) => {
    const result = await report(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('writes nothing, even where it could', async () => {
    const tables = `select sum(n_tup_ins + n_tup_upd + n_tup_del) as writes from pg_stat_user_tables`;
    const count = async (): Promise<unknown> =>
      withClient(database.settings, async (client) => {
        const { rows } = await client.query<{ writes: string }>(tables);
        return rows[0]?.writes;
      });
    const before = await count();
    await report([]);
    expect(await count()).toEqual(before);
  });
});

describe('before there is anything', () => {
  it.each(['table', 'json', 'csv', 'markdown'])('ends well with --output %s', async (format) => {
    const bare = await createTestDatabase();
    try {
      const { code, stdout, stderr } = await report(
        ['--output', format, ...(format === 'csv' ? ['--section', 'days'] : [])],
        bare,
      );
      expect(code).toBe(0);
      const expected: Record<string, string> = {
        json: '{\n  "period": null,\n  "reporting": {"timezone":"UTC","currency":null},\n  "sections": {}\n}\n',
        csv: '',
        markdown: '# No sales yet\n',
      };
      expect(format === 'table' ? stdout : stderr).toMatch(/^The warehouse is empty\.\nNext: /);
      expect(format === 'table' ? stderr : stdout).toBe(expected[format] ?? '');
    } finally {
      await bare.drop();
    }
  });

  it('points to promote when events have landed', async () => {
    const landed = await emptyGold();
    try {
      await withClient(landed.settings, async (client) => {
        await client.query(
          `insert into medallion.offsets (topic, partition, next_offset, source, ingested_events)
           values ('sales', 0, 5000, 'x', 5000)`,
        );
      });
      const { code, stdout } = await report([], landed);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^5,000 events in bronze, but gold holds no sales yet\.\nNext: medallion promote\n/,
      );
      expect(stdout).toContain('State of the data\n');
    } finally {
      await landed.drop();
    }
  });
});
