import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { withPromotionLock } from '../../src/postgres/lock.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

let db: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-quarantine-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

async function medallion(args: readonly string[]): Promise<CliResult> {
  return runCommand(args, {
    cwd: folder,
    env: { DATABASE_URL: db.url, MEDALLION_HOME: path.join(folder, 'home') },
  });
}

async function quarantine(...args: readonly string[]): Promise<CliResult> {
  return medallion(['quarantine', ...args]);
}

/** The output of a command that succeeds. */
async function answer(...args: readonly string[]): Promise<string> {
  const result = await quarantine(...args);
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result.stdout;
}

async function listed(...args: readonly string[]): Promise<string[]> {
  const rows = JSON.parse(await answer('list', ...args, '--output', 'json')) as { event: string }[];
  return rows.map(({ event }) => event);
}

interface Refused {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset: number;
  readonly reason?: string;
  readonly field?: string | null;
  readonly detail?: string;
  readonly raw?: Buffer | string | null;
  readonly status?: string;
  readonly at?: string;
}

/** Rows as silver leaves them, with nothing in bronze. */
async function refuse(...rows: readonly Refused[]): Promise<void> {
  await withClient(db.settings, async (client) => {
    for (const row of rows) {
      const { raw = '{', reason = 'invalid_json', at = '2026-02-01T00:00:00Z' } = row;
      await client.query(
        `insert into bronze.quarantine
             (topic, partition, "offset", stage, reason, field, detail, raw, produced_at, quarantined_at, run_id, status)
         values ($1, $2, $3, 'silver', $4, $5, $6, $7, $8, $8, 1, $9)`,
        [
          ...[row.topic ?? 'sales', row.partition ?? 0, row.offset, reason],
          ...[row.field ?? null, row.detail ?? 'found it'],
          ...[raw === null ? null : Buffer.from(raw), at, row.status ?? 'open'],
        ],
      );
    }
  });
}

describe('list', () => {
  test('prints a row for each open event, the latest first, as a table and for programs', async () => {
    await refuse(
      { offset: 1, detail: 'line 1' },
      { offset: 2, reason: 'missing_field', field: 'customer.id', at: '2026-02-02T10:00:00Z' },
      { offset: 3, status: 'dismissed' },
    );
    expect((await answer('list')).split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['event', 'reason', 'field', 'rejected by', 'status', 'rejected (UTC)'],
      expect.anything(),
      ['sales/0/2', 'missing_field', 'customer.id', 'silver', 'open', '2026-02-02 10:00:00'],
      ['', 'found it'],
      ['sales/0/1', 'invalid_json', 'silver', 'open', '2026-02-01 00:00:00'],
      ['', 'line 1'],
      [''],
    ]);
    expect(await answer('list', '--limit', '1', '-o', 'csv')).toBe(
      'event,reason,field,detail,stage,status,quarantined_at,bytes\n' +
        'sales/0/2,missing_field,customer.id,found it,silver,open,2026-02-02T10:00:00Z,1\n',
    );
    expect((await quarantine('list', '--limit', '1')).stderr).toContain('the latest 1 of 2');
  });

  test('chooses by reason, field, topic, partition, day and status', async () => {
    await refuse(
      { offset: 1, reason: 'invalid_amount', field: 'items[0].unit_price' },
      { offset: 2, reason: 'invalid_amount', field: 'items[12].unit_price' },
      { offset: 3, topic: 'landing/sales', at: '2026-02-03T23:59:59Z' },
      { offset: 4, topic: 'sales#2', partition: 7 },
      { offset: 5, topic: 'landing/other', status: 'replayed' },
      { offset: 6, topic: 'landing/other', status: 'dismissed' },
    );
    const cases: [args: string[], offsets: number[]][] = [
      [
        ['--reason', 'invalid_amount'],
        [1, 2],
      ],
      [
        ['--field', 'items[].unit_price'],
        [1, 2],
      ],
      [['--field', 'items[12].unit_price'], [2]],
      [
        ['--topic', 'sales'],
        [1, 2, 3, 4],
      ],
      [['--topic', 'landing/sales'], [3]],
      [['--partition', '7'], [4]],
      [['--since', '2026-02-02'], [3]],
      [['--until', '2026-02-03', '--since', '2026-02-03'], [3]],
      [
        ['--until', '2026-02-02'],
        [1, 2, 4],
      ],
      [['--status', 'dismissed'], [6]],
      [['--status', 'replayed'], [5]],
      [
        ['--status', 'all'],
        [1, 2, 3, 4, 5, 6],
      ],
    ];
    for (const [args, offsets] of cases) {
      const events = await listed(...args);
      expect(events.map((event) => Number(event.split('/').at(-1))).sort(), args.join(' ')).toEqual(
        offsets,
      );
    }
    expect(await quarantine('list', '--reason', 'ugly')).toMatchObject({ code: 2 });
    expect(await quarantine('list', '--since', '2026-02-02', '--until', '2026-02-01')) //
      .toMatchObject({ code: 2 });
  });

  test('counts by reason and field, with the latest as an example', async () => {
    await refuse(
      { offset: 1, reason: 'invalid_amount', field: 'items[0].unit_price' },
      {
        ...{ offset: 2, reason: 'invalid_amount', field: 'items[12].unit_price' },
        ...{ detail: 'expected a number, found true', at: '2026-02-03T00:00:00Z' },
      },
      { offset: 3 },
    );
    expect(await answer('list', '--summary', '-o', 'csv')).toBe(
      'reason,field,stage,events,first_at,last_at,example,detail\n' +
        'invalid_amount,items[].unit_price,silver,2,2026-02-01T00:00:00Z,2026-02-03T00:00:00Z,' +
        'sales/0/2,"expected a number, found true"\n' +
        'invalid_json,,silver,1,2026-02-01T00:00:00Z,2026-02-01T00:00:00Z,sales/0/3,found it\n',
    );
  });

  test('names an event so that show finds it, whatever its topic', async () => {
    const topics = ['landing/sales', '/0/1', 'file:/tmp/\u001b[2Jevil\n\u202e%0A.ndjson'];
    await refuse(...topics.map((topic) => ({ topic, offset: 5 })));
    const found: unknown[] = [];
    for (const event of await listed()) {
      expect(event).not.toMatch(/[\p{Cc}\u202e]/u);
      found.push(...(JSON.parse(await answer('show', event, '-o', 'json')) as unknown[]));
    }
    expect(found).toHaveLength(topics.length);
    for (const topic of topics) {
      expect(found).toContainEqual(expect.objectContaining({ topic, partition: 0, offset: 5 }));
    }
  });
});

describe('show', () => {
  test('prints text with what would drive the terminal as escapes, and the bytes as they are with --raw', async () => {
    const raw = Buffer.from('{"a": "\u001b[31mred\u0007\u009b\u202e"}\n{"ü": 1}\r');
    await refuse({ offset: 1, raw, detail: 'a \u001b[2J in it' });
    const page = await answer('show', 'sales/0/1');
    expect(page).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    expect(page).toContain('Detail       a \\x1b[2J in it\n');
    expect(page).toContain('{"a": "\\x1b[31mred\\x07\\x9b\\u202e"}\n{"ü": 1}\\r\n');
    const table = (await quarantine('list')).stdout;
    expect(table).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    const { stdout } = await quarantine('show', 'sales/0/1', '--raw');
    expect(stdout).toBe(raw.toString());
  });

  test('prints bytes that are no text in hexadecimal', async () => {
    const raw = Buffer.from([0xff, 0xfe, ...Buffer.from('hello, world!'), 0x00, 0x1b, 0x41]);
    await refuse({ offset: 1, raw });
    expect(await answer('show', 'sales/0/1')).toContain(
      '00000000  ff fe 68 65 6c 6c 6f 2c 20 77 6f 72 6c 64 21 00  ..hello, world!.\n' +
        '00000010  1b 41                                            .A\n',
    );
    const [shown] = JSON.parse(await answer('show', 'sales/0/1', '-o', 'json')) as object[];
    expect(shown).toMatchObject({ bytes: 18, text: null, base64: raw.toString('base64') });
  });

  test('shortens what is long, between two characters', async () => {
    const raw = Buffer.from(`x${'é'.repeat(40_000)}`);
    await refuse({ offset: 1, raw });
    const page = await answer('show', 'sales/0/1');
    // 65,536 bytes are one x and 32,767 whole characters, and half of one.
    expect(page).toContain(`\nx${'é'.repeat(32_767)}\n… and 14,465 bytes more; --raw writes all`);
    expect((await quarantine('show', 'sales/0/1', '--raw')).stdout).toBe(raw.toString());
  });

  test('says what is no event, and what is not there', async () => {
    expect(await quarantine('show', 'sales/0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('topic/partition/offset') as string,
    });
    expect(await quarantine('show', 'sales/0/1')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('sales/0/1 is not in the quarantine') as string,
    });
  });
});

describe('dismiss and reopen', () => {
  test('need to be told which events, ask before many, and keep who, when and why', async () => {
    await refuse({ offset: 1 }, { offset: 2 }, { offset: 3, reason: 'no_items' });
    const refusals: string[][] = [
      ['--note', 'x'],
      ['--note', 'x', '--all', '--reason', 'no_items'],
      ['--note', 'x', '--all'],
      ['--all', '--yes'],
      ['--all', '--yes', '--note', ' '],
      ['sales/0/1', '--reason', 'no_items', '--note', 'x'],
      ['sales/0/9', '--note', 'x'],
    ];
    for (const args of refusals) {
      expect(await quarantine('dismiss', ...args), args.join(' ')).toMatchObject({ code: 2 });
    }
    expect((await quarantine('dismiss', '--note', 'x', '--all')).stderr).toContain(
      '3 open events would be dismissed',
    );
    expect(await listed()).toHaveLength(3);

    const dismissed = await quarantine(
      ...['dismiss', '--reason', 'invalid_json', '--note', 'a test of ours', '--yes'],
    );
    expect(dismissed).toMatchObject({ code: 0, stderr: 'dismissed 2 events\n' });
    expect(await listed()).toEqual(['sales/0/3']);
    expect(await answer('show', 'sales/0/1')).toMatch(
      new RegExp(
        `History\\n  \\d{4}-.* UTC {2}run \\d+ {2}dismissed, "a test of ours", by ${userInfo().username} as\\s`,
      ),
    );
    const again = await quarantine('dismiss', 'sales/0/1', '--note', 'x');
    expect(again).toMatchObject({
      code: 0,
      stderr: 'warning: sales/0/1 is not open: left unchanged\n',
    });

    expect(await quarantine('reopen', 'sales/0/1')).toMatchObject({ code: 0 });
    expect(await listed()).toEqual(['sales/0/3', 'sales/0/1']);
    expect(
      await rowsOf(
        db.settings,
        `select "offset", action, status_before, status_after, note from bronze.quarantine_history order by "offset", history_id`,
      ),
    ).toEqual(
      [
        ['1', 'dismissed', 'open', 'dismissed', 'a test of ours'],
        ['1', 'reopened', 'dismissed', 'open', null],
        ['2', 'dismissed', 'open', 'dismissed', 'a test of ours'],
      ].map(([offset, action, status_before, status_after, note]) => ({
        ...{ offset, action, status_before, status_after, note },
      })),
    );
    expect(
      await rowOf(
        db.settings,
        `select string_agg(command || ' ' || outcome, ', ' order by run_id) as runs from medallion.runs`,
      ),
    ).toEqual({ runs: 'quarantine dismiss done, quarantine reopen done' });
  });
});

describe('export', () => {
  test('takes the flags that its group has, too: --quiet leaves out the notes', async () => {
    expect(await quarantine('export')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('0 events written') as unknown,
    });
    expect(await quarantine('export', '--quiet')).toMatchObject({ code: 0, stderr: '' });
    const args = ['list', '--output', 'json', '--escape-formulas'];
    expect(await quarantine(...args)).toMatchObject({ code: 2 });
  });

  test('writes each event as its own line, and what is none in base64', async () => {
    const parts = '{"data":\r\n {"x": 1}\n}';
    await refuse(
      { offset: 1, raw: ' {"not": "closed", "ü": ' },
      { offset: 2, raw: parts },
      { offset: 3, raw: 'two\nlines' },
      { offset: 4, raw: Buffer.from([0xff, 0x00]), reason: 'not_text' },
      { offset: 5, raw: null, reason: 'empty_value' },
      { offset: 6, raw: '  ' },
      {
        ...{ offset: 7, raw: '{"cut', reason: 'too_large' },
        detail: '900 bytes, more than the limit of 5; the first 5 are kept',
      },
      { offset: 8, raw: '{}', status: 'dismissed' },
    );
    const envelope = (
      event: string,
      reason: string,
      raw: Buffer | string,
      detail = 'found it',
    ): string =>
      JSON.stringify({
        ...{ quarantined: event, reason, field: null, detail },
        base64: Buffer.from(raw).toString('base64'),
      });
    const expected = [
      ' {"not": "closed", "ü": ',
      '{"data":\r  {"x": 1} }',
      envelope('sales/0/3', 'invalid_json', 'two\nlines'),
      envelope('sales/0/4', 'not_text', Buffer.from([0xff, 0x00])),
      envelope('sales/0/6', 'invalid_json', '  '),
      envelope(
        'sales/0/7',
        'too_large',
        '{"cut',
        '900 bytes, more than the limit of 5; the first 5 are kept',
      ),
    ];
    const { code, stdout, stderr } = await quarantine('export');
    expect({ code, lines: stdout.split('\n') }).toEqual({ code: 0, lines: [...expected, ''] });
    expect(stderr).toBe(
      '6 events written to stdout; 4 events in JSON with base64, because they are not one line of text, or not complete; ' +
        '1 event without a value left out\n',
    );
    await answer('export', 'sales/0/8', '--status', 'all', '--to', 'one.ndjson.gz');
    const zipped = await readFile(path.join(folder, 'one.ndjson.gz'));
    expect(gunzipSync(zipped).toString()).toBe('{}\n');
  });

  test('gives what can be mended, ingested and promoted', async () => {
    const broken = purchase({ id: 'a', at: '2026-01-01T10:00:00' }).slice(0, -1);
    await landEvents(db.settings, [broken]);
    await promoteAll(db.settings);
    await answer('export', '--reason', 'invalid_json', '--to', 'broken.ndjson');
    const file = path.join(folder, 'broken.ndjson');
    await writeFile(file, `${(await readFile(file, 'utf8')).trim()}}\n`);
    expect(await medallion(['ingest', '--from', 'broken.ndjson'])).toMatchObject({ code: 0 });
    expect(await medallion(['promote'])).toMatchObject({ code: 0 });
    expect(await rowsOf(db.settings, 'select transaction_id, topic from silver.fact_transactions')) //
      .toEqual([{ transaction_id: 'a', topic: `file:${file}` }]);
  });
});

describe('replay', () => {
  test('takes vouchers in, from the row of the dimension to gold', async () => {
    const voucher = { payment_method: 4, total_amount: 5 };
    await landEvents(db.settings, [
      purchase({ id: 'a', at: '2026-01-01T10:00:00' }),
      purchase({ id: 'b', at: '2026-01-01T10:00:00', order: voucher }),
      purchase({ id: 'c', at: '2026-01-02T10:00:00', order: { ...voucher, status: 99 } }),
      purchase({ id: 'd', at: '2026-01-02T10:00:00', order: voucher }),
    ]);
    expect(await medallion(['promote'])).toMatchObject({ code: 0 });
    expect(await listed('--field', 'order.payment_method')).toHaveLength(2);
    const insert = `insert into silver.dim_payment_method values (4, 'voucher')`;
    expect(await medallion(['sql', '--write', insert])).toMatchObject({ code: 0 });

    const unsure = await quarantine('replay', '--reason', 'unknown_reference');
    expect(unsure).toMatchObject({ code: 2, stdout: '' });
    expect(unsure.stderr).toContain('3 open events would be judged again');
    expect(unsure.stderr).toContain('--yes');

    const { code, stdout, stderr } = await quarantine(
      ...['replay', '--reason', 'unknown_reference', '--yes', '--output', 'csv'],
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'outcome,reason,field,events\ncurrent,,,2\nrejected,unknown_reference,order.status,1\n',
    });
    expect(stderr).toContain('gold: 2 days published, 1 of them restated');
    expect(
      await rowsOf(
        db.settings,
        `select date_key, orders, revenue from gold.payment_performance where payment_method = 'voucher' order by 1`,
      ),
    ).toEqual([
      { date_key: '2026-01-01', orders: '1', revenue: '5.00' },
      { date_key: '2026-01-02', orders: '1', revenue: '5.00' },
    ]);
    expect(await answer('show', 'sales/0/1')).toMatch(
      /Status +replayed\n[^]*History\n.* replayed, was unknown_reference at\s+order.payment_method, now current\n/,
    );
    expect(await answer('show', 'sales/0/2')).toMatch(
      /Status +open\n[^]*History\n.* rejected, still unknown_reference at\s+order.status\n/,
    );
    const named = await quarantine('replay', 'sales/0/1');
    expect(named).toMatchObject({
      code: 0,
      stderr: 'warning: sales/0/1 is not open: left unchanged\n',
    });
    const nothing = await quarantine('replay', '--field', 'order.payment_method', '--yes');
    expect(nothing).toMatchObject({ code: 0, stdout: '' });
    expect(nothing.stderr).toContain('nothing to do');
  });

  test('leaves with 5 while a promotion runs, and says who', async () => {
    await refuse({ offset: 0 });
    const result = await withPromotionLock(db.settings, 'process 1', () =>
      quarantine('replay', '--all', '--yes'),
    );
    expect(result).toMatchObject({ code: 5, stdout: '' });
    expect(result.stderr).toContain('medallion promote (process 1)');
    expect(await listed()).toEqual(['sales/0/0']);
  });

  test('says what hinders it where it can do nothing', async () => {
    await refuse({ offset: 0 });
    const result = await quarantine('replay', 'sales/0/0');
    expect(result).toMatchObject({ code: 0, stdout: '' });
    expect(result.stderr).toContain('warning: 1 event cannot be judged again: ');
  });
});
