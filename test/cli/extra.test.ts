import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/cli.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

const order = (id: number, more: object): string =>
  `${JSON.stringify({
    ...{ id, updated_at: '2026-01-03T10:00:00Z', customer: { id: 7 }, financial_status: 'paid' },
    ...{ payment_gateway_names: ['paypal'], currency: 'EUR', total_line_items_price: '20.00' },
    ...{ total_tax: '0', shipping_lines: [], total_discounts: '0' },
    line_items: [{ sku: 'A', price: '10.00', quantity: 2, discount_allocations: [] }],
    ...more,
  })}\n`;

test('what a source keeps beyond the contract is in silver, and in a mart of the project', async () => {
  const db = await createTestDatabase();
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-extra-')));
  const run = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(args, { cwd: folder, env: { DATABASE_URL: db.url } });
  const rows = (sql: string): Promise<unknown> => rowsOf(db.settings, sql);
  try {
    const documented = await readFile('docs/sources.md', 'utf8');
    const shop = /```yaml\n(# sources\/shop\.yaml\n[^`]*)```/.exec(documented)?.[1] ?? '';
    const extra = /```yaml\n(extra:\n[^`]*)```/.exec(documented)?.[1] ?? '';
    const mart = /```sql\n([^`]*extra_value[^`]*)```/.exec(documented)?.[1] ?? '';
    await mkdir(path.join(folder, 'sources'));
    await mkdir(path.join(folder, 'models/gold'), { recursive: true });
    await mkdir(path.join(folder, 'tests/sources'), { recursive: true });
    await writeFile(path.join(folder, 'medallion.yaml'), '');
    await writeFile(path.join(folder, 'sources/shop.yaml'), shop + extra);
    await writeFile(path.join(folder, 'models/gold/channel_performance.sql'), mart);
    const file = path.join(folder, 'orders.ndjson');
    await writeFile(
      file,
      order(1, { source_name: 'web', discount_codes: [{ code: 'SPRING "10"' }], tags: ['t'] }) +
        order(2, { source_name: 7.0, utm: { campaign: 'c' } }).replace('7,', '7.50,') +
        order(3, { source_name: ' ' }) +
        order(4, { source_name: { name: 'web' } }) +
        order(5, { source_name: 'x'.repeat(201) }),
    );
    expect(await run('ingest', '--source', 'shop', '--from', file)).toMatchObject({ code: 0 });
    expect(await run('promote')).toMatchObject({ code: 0 });
    expect(
      await rows(
        `select transaction_id, extra, medallion.extra_value(extra, 'coupon') as coupon
         from silver.fact_transactions order by 1`,
      ),
    ).toEqual([
      {
        ...{ transaction_id: '1', coupon: 'SPRING "10"' },
        extra: String.raw`{"campaign":"t","channel":"web","coupon":"SPRING \"10\""}`,
      },
      { transaction_id: '2', coupon: null, extra: '{"campaign":"c","channel":"7.50"}' },
      { transaction_id: '3', coupon: null, extra: '{"campaign":"none"}' },
    ]);
    expect(await rows('select reason, field from bronze.quarantine order by "offset"')).toEqual([
      { reason: 'invalid_type', field: 'source_name' },
      { reason: 'invalid_type', field: 'source_name' },
    ]);
    const channels = (): Promise<unknown> =>
      rows('select channel, orders, revenue from gold.channel_performance order by 1');
    expect(await channels()).toEqual([
      { channel: '7.50', orders: '1', revenue: '20.00' },
      { channel: 'unknown', orders: '1', revenue: '20.00' },
      { channel: 'web', orders: '1', revenue: '20.00' },
    ]);
    // The same order again is a duplicate; of another channel it is a correction, and the last version counts.
    await appendFile(
      file,
      order(3, { source_name: 'shop', updated_at: '2026-01-03T11:00:00Z' }) +
        order(1, { source_name: 'web', discount_codes: [{ code: 'SPRING "10"' }], tags: ['t'] }),
    );
    expect(await run('ingest', '--from', file)).toMatchObject({ code: 0 });
    const promoted = await run('promote', '--output', 'json');
    expect(promoted.code).toBe(0);
    expect(await channels()).toEqual([
      { channel: '7.50', orders: '1', revenue: '20.00' },
      { channel: 'shop', orders: '1', revenue: '20.00' },
      { channel: 'web', orders: '1', revenue: '20.00' },
    ]);
    expect(
      await rows('select transaction_id, outcome from silver.discarded_events order by 1'),
    ).toEqual([
      { transaction_id: '1', outcome: 'duplicate' },
      { transaction_id: '3', outcome: 'superseded' },
    ]);
    await writeFile(
      path.join(folder, 'tests/sources/shop.yaml'),
      `- name: a channel\n  given: |\n    ${order(9, { source_name: 'app' })}  expect:\n    transaction: { transaction_id: 9, extra: '{"campaign":"none","channel":"app"}' }\n`,
    );
    expect(await run('test', 'shop')).toMatchObject({ code: 0 });
    expect(await run('promote', '--full-refresh')).toMatchObject({ code: 0 });
    expect(await channels()).toEqual([
      { channel: '7.50', orders: '1', revenue: '20.00' },
      { channel: 'shop', orders: '1', revenue: '20.00' },
      { channel: 'web', orders: '1', revenue: '20.00' },
    ]);
    expect(await run('reconcile')).toMatchObject({ code: 0 });
  } finally {
    await db.drop();
    await rm(folder, { recursive: true });
  }
});
