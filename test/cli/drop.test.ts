import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

const SECRET = 'ana@example.org';
const line = (id: number, more = ''): string =>
  `{"id": ${id}.0e0, "email": "${SECRET}", "updated_at": "2026-01-03T10:00:00Z", "customer": {"id": 7, "email": "${SECRET}"},
   "financial_status": "paid", "payment_gateway_names": ["paypal"], "currency": "EUR", "total_line_items_price": 20.000,
   "total_tax": "0", "shipping_lines": [], "total_discounts": "0"${more}, "line_items": [{"sku": "A", "price": "10.00",
   "quantity": 2, "note": "for ${SECRET}", "discount_allocations": []}]}`.replaceAll('\n', ' ');

let db: TestDatabase;
let folder: string;
beforeEach(async () => {
  db = await createTestDatabase();
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-drop-')));
  await mkdir(path.join(folder, 'sources'));
  await writeFile(path.join(folder, 'medallion.yaml'), '');
});
afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]): ReturnType<typeof runCommand> =>
  runCommand(args, { cwd: folder, env: { DATABASE_URL: db.url } });

/** Whether a text is in a table, as bytes. */
async function holds(table: string, column: string): Promise<unknown> {
  const [row] = await rowsOf(
    db.settings,
    `select count(*) filter (where position(convert_to('${SECRET}', 'UTF8') in ${column}) > 0) as n from ${table}`,
  );
  return row;
}

test('what a source drops is never stored, also of records that are rejected', async () => {
  const documented = await readFile('docs/sources.md', 'utf8');
  const shop = /```yaml\n([\s\S]*?)```/.exec(documented)?.[1] ?? '';
  const mapping = shop
    .replace('[customer.id, email]', 'customer.id')
    .replace('order:', "drop: [email, customer.email, 'line_items[].note']\norder:");
  await writeFile(path.join(folder, 'sources/shop.yaml'), mapping);
  const file = path.join(folder, 'orders.ndjson');
  const odd = `{"email": "${SECRET}", "id": 1,}`;
  const large = line(3, `, "more": "${'x'.repeat(3000)}"`);
  const bytes = Buffer.concat([
    Buffer.from(`${line(1)}\n${odd}\n${large}\n`),
    Buffer.from(line(4).replace('"sku"', '"sk\u00fc"'), 'latin1'),
    Buffer.from(`\n${line(5).replace('"paid"', '"void"')}\n`),
  ]);
  await writeFile(file, bytes);
  expect(
    await run('ingest', '--source', 'shop', '--from', file, '--max-event-bytes', '2000'),
  ).toMatchObject({ code: 0 });
  // The file goes by its source also where none is named.
  await appendFile(file, `${line(6)}\n`);
  expect(await run('ingest', '--from', file)).toMatchObject({ code: 0 });
  expect(await run('promote')).toMatchObject({ code: 0 });
  expect(await holds('bronze.events', "convert_to(value, 'UTF8')")).toEqual({ n: '0' });
  expect(await holds('bronze.quarantine', 'raw')).toEqual({ n: '0' });
  const [first] = await rowsOf(db.settings, 'select value from bronze.events where "offset" = 0');
  expect(first?.['value']).toBe(
    line(1)
      .replace(`"email": "${SECRET}", "upd`, '"upd')
      .replace('{"id": 1.0e0, ', '{"id": 1.0e0, ')
      .replace(`, "email": "${SECRET}"}`, '}')
      .replace(`, "note": "for ${SECRET}"`, ''),
  );
  expect(
    await rowsOf(
      db.settings,
      `select "offset"::integer as at, stage, reason, detail, octet_length(raw) > 0 as raw
       from bronze.quarantine order by 1`,
    ),
  ).toEqual([
    {
      ...{ at: '1', stage: 'ingest', reason: 'invalid_json', raw: null },
      detail: `not one JSON value; its ${odd.length} bytes are not stored: its source drops fields`,
    },
    {
      ...{ at: '2', stage: 'ingest', reason: 'too_large', raw: null },
      detail: `${large.length} bytes, more than the limit of 2000; its ${large.length} bytes are not stored: its source drops fields`,
    },
    {
      ...{ at: '3', stage: 'ingest', reason: 'not_text', raw: null },
      detail: expect.stringContaining('are not stored') as string,
    },
    { at: '4', stage: 'silver', reason: 'unknown_value', detail: expect.anything(), raw: 't' },
  ]);
  expect(
    await rowsOf(
      db.settings,
      'select transaction_id, order_total_amount from silver.fact_transactions order by 1',
    ),
  ).toEqual([
    { transaction_id: '1.0e0', order_total_amount: '20.00' },
    { transaction_id: '6.0e0', order_total_amount: '20.00' },
  ]);
  expect(await run('reconcile')).toMatchObject({ code: 0 });
  expect((await run('quarantine', 'replay', '--all', '--yes')).stderr).toContain(
    '3 events cannot be judged again: their bytes were not stored, because their source drops fields',
  );
  // As of before the source dropped anything: it was kept whole, and is no JSON.
  await rowsOf(
    db.settings,
    `update bronze.quarantine set raw = 'no json', detail = '7 bytes, more than the limit of 1' where "offset" = 2`,
  );
  expect(await run('quarantine', 'replay', '--all', '--yes')).toMatchObject({ code: 0 });
  expect((await run('quarantine', 'replay', '--all', '--yes')).stderr).toContain(
    '1 event cannot be judged again: they are not JSON, so that the fields',
  );
  // The same, of one that can be judged: the quarantine has of it what bronze has.
  const whole = line(8);
  await rowsOf(
    db.settings,
    `update bronze.quarantine set raw = convert_to($1, 'UTF8'), reason = 'too_large', detail = $2 where "offset" = 2`,
    [whole, `${whole.length} bytes, more than the limit of 1`],
  );
  expect(await run('quarantine', 'replay', '--all', '--yes')).toMatchObject({ code: 0 });
  expect(await holds('bronze.events', "convert_to(value, 'UTF8')")).toEqual({ n: '0' });
  expect(
    await rowsOf(
      db.settings,
      `select status, convert_from(raw, 'UTF8') = value as same from bronze.quarantine
       join bronze.events using (topic, partition, "offset") where "offset" = 2`,
    ),
  ).toEqual([{ status: 'replayed', same: 't' }]);
  // Where nobody knows what its source drops, nothing more of it is read.
  await appendFile(file, `${line(7)}\n`);
  await rm(path.join(folder, 'sources/shop.yaml'));
  expect(await run('ingest', '--from', file)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'has the source shop, which this project does not have',
    ) as string,
  });
  expect(await rowsOf(db.settings, 'select count(*) as n from bronze.events')).toEqual([
    { n: '4' },
  ]);
});

test('a topic that a source names is stored without what it drops; of CSV neither are lines that cannot be read', async () => {
  const documented = await readFile('docs/sources.md', 'utf8');
  const till = /^```yaml\n(# sources\/till\.yaml\n[^`]+)```/m.exec(documented)?.[1] ?? '';
  await writeFile(path.join(folder, 'sources/till.yaml'), `${till}drop: ['rows[].Mail']\n`);
  const rows = [
    'Beleg;Datum;Kunde;Artikel;Gruppe;Preis;Menge;Mail',
    `1;03.01.2026 10:00;7;Kaffee;;2,50;2;${SECRET}`,
    `2;03.01.2026 10:00;7;Kaffee;;2.50;2;${SECRET}`,
  ];
  await writeFile(path.join(folder, 'till.csv'), rows.join('\n'));
  expect(await run('ingest', '--source', 'till', '--from', 'till.csv')).toMatchObject({ code: 0 });
  expect(await run('promote')).toMatchObject({ code: 0 });
  const values = await rowsOf(db.settings, 'select value from bronze.events order by "offset"');
  expect(values.map(({ value }) => String(value))).toEqual([
    '{"Beleg":"1","rows":[{"Beleg":"1","Datum":"03.01.2026 10:00","Kunde":"7","Artikel":"Kaffee","Gruppe":"","Preis":"2.50","Menge":"2"}]}',
    expect.stringMatching(/^\{"Beleg":"2","rejected":\{[^}]*\}\}$/) as string,
  ]);
  expect(await run('reconcile')).toMatchObject({ code: 0 });
});
