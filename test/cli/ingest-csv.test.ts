import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/cli.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

/** Two receipts that are good, and what may be wrong with others. */
const ROWS = [
  'Beleg;Datum;Kunde;Artikel;Gruppe;Preis;Menge',
  '1;03.01.2026 10:00;7;Kaffee;Getränke;2,50;2',
  '1;03.01.2026 10:00;7;"Kuchen; groß";;3,20;1',
  '2;03.01.2026 10:05;;Tee;Getränke;2,00;1',
  '1;03.01.2026 10:06;7;Saft;;1,00;1',
  '3;04.01.2026 09:00;8;Kaffee;Getränke;2.50;1',
  '4;04.01.2026 09:00;8;Kaffee;Getränke;zwei;1',
  '5;04.01.2026 09:00;8;Kaffee;Getränke;1.234,50;1',
];

test('a file of CSV is ingested, promoted and reconciled as the documentation says', async () => {
  const db = await createTestDatabase();
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-csv-')));
  const options = { cwd: folder, env: { DATABASE_URL: db.url } };
  try {
    const documented = await readFile('docs/sources.md', 'utf8');
    const source = /^```yaml\n(# sources\/till\.yaml\n[^`]+)```/m.exec(documented)?.[1] ?? '';
    await mkdir(path.join(folder, 'sources'));
    await writeFile(path.join(folder, 'medallion.yaml'), '');
    await writeFile(path.join(folder, 'sources/till.yaml'), source);
    await writeFile(path.join(folder, 'till.csv'), Buffer.from(ROWS.join('\r\n'), 'latin1'));
    const ingest = ['ingest', '--source', 'till', '--from', 'till.csv'];
    expect(await runCommand(ingest, options)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('till.csv 0: 6 events, offsets 0 to 7') as string,
    });
    expect((await runCommand(ingest, options)).stdout).toContain('nothing new');
    expect(await runCommand(['promote'], options)).toMatchObject({ code: 0 });
    expect(
      await rowsOf(
        db.settings,
        `select transaction_id, customer_id, order_total_amount, ordered_at::text, "offset"::text
         from silver.fact_transactions order by "offset"`,
      ),
    ).toEqual([
      {
        ...{ transaction_id: '1', customer_id: '7', order_total_amount: '8.20' },
        ...{ ordered_at: '2026-01-03 09:00:00+00', offset: '1' },
      },
      {
        ...{ transaction_id: '2', customer_id: null, order_total_amount: '2.00' },
        ...{ ordered_at: '2026-01-03 09:05:00+00', offset: '3' },
      },
    ]);
    expect(
      await rowsOf(
        db.settings,
        `select item_id, category, unit_price::text as price, quantity::text as quantity
         from silver.fact_transaction_items where transaction_id = '1' order by line_number`,
      ),
    ).toEqual([
      { item_id: 'Kaffee', category: 'Getränke', price: '2.5000', quantity: '2.000' },
      { item_id: 'Kuchen; groß', category: 'unknown', price: '3.2000', quantity: '1.000' },
    ]);
    expect(
      await rowsOf(db.settings, 'select reason, field from bronze.quarantine order by "offset"'),
    ).toEqual([
      { reason: 'split_order', field: null },
      { reason: 'undecodable', field: null },
      { reason: 'invalid_amount', field: 'rows[0].Preis' },
      { reason: 'invalid_amount', field: 'rows[0].Preis' },
    ]);
    expect(await runCommand(['reconcile'], options)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 offset passed') as string,
    });
  } finally {
    await db.drop();
    await rm(folder, { recursive: true });
  }
});
