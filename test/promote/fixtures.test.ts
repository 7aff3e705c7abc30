import { readdirSync, readFileSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

interface Answer {
  readonly file: string;
  readonly silver: {
    readonly transactions: number;
    readonly lines: number;
    readonly duplicates: number;
    readonly superseded: number;
    readonly quarantined: readonly {
      readonly offset: number;
      readonly reason: string;
      readonly field: string | null;
    }[];
  };
  readonly gold: Readonly<
    Record<
      'sales_performance' | 'item_category_performance',
      readonly Readonly<Record<string, string | number>>[]
    >
  >;
}

const answers = readdirSync('fixtures')
  .filter((file) => file.endsWith('.answer.json'))
  .map((file) => JSON.parse(readFileSync(`fixtures/${file}`, 'utf8')) as Answer);

describe.each(answers)('$file', ({ file, silver, gold }) => {
  let db: TestDatabase;

  beforeAll(async () => {
    db = await createTestDatabase();
    // Lines that are not text never reach bronze.events; ingest's own tests see to them.
    const lines = splitLines(readFileSync(`fixtures/${file}`));
    for (const [offset, line] of lines.entries()) {
      if (isUtf8(line) && !line.includes(0) && line.toString('utf8').trim() !== '') {
        await landEvents(db.settings, [line.toString('utf8')], {
          from: offset,
          producedAt: new Date(Date.UTC(2026, 1, 1) + offset * 1000).toISOString(),
        });
      }
    }
    await promoteAll(db.settings, { chunkRows: 4 });
  });

  afterAll(async () => {
    await db.drop();
  });

  test('silver counts what the hand-worked answer counts', async () => {
    const counts = await withClient(db.settings, async (client) => {
      const { rows } = await client.query<Record<string, string>>(
        `select (select count(*) from silver.fact_transactions) as transactions,
                (select count(*) from silver.fact_transaction_items) as lines,
                (select count(*) from silver.discarded_events where outcome = 'duplicate') as duplicates,
                (select count(*) from silver.discarded_events where outcome = 'superseded') as superseded`,
      );
      return Object.fromEntries(
        Object.entries(rows[0] ?? {}).map(([name, count]) => [name, Number(count)]),
      );
    });
    const { transactions, lines, duplicates, superseded } = silver;
    expect(counts).toEqual({ transactions, lines, duplicates, superseded });
  });

  test('the quarantine holds each refused event with its reason and field', async () => {
    const rows = await rowsOf(
      db.settings,
      `select "offset", reason, field from bronze.quarantine where stage = 'silver' order by "offset"`,
    );
    const lines = splitLines(readFileSync(`fixtures/${file}`));
    const expected = silver.quarantined.filter(({ offset }) => {
      const line = lines[offset] ?? Buffer.alloc(0);
      return isUtf8(line) && !line.includes(0);
    });
    expect(
      rows.map(({ offset, reason, field }) => ({ offset: Number(offset), reason, field })),
    ).toEqual(expected.map(({ offset, reason, field }) => ({ offset, reason, field })));
  });

  test.each(['sales_performance', 'item_category_performance'] as const)(
    'gold.%s',
    async (mart) => {
      const order = mart === 'sales_performance' ? 'date_key' : 'date_key, category collate "C"';
      const quantity =
        mart === 'sales_performance' ? '' : ', trim_scale(total_quantity) as total_quantity';
      const rows = await rowsOf(
        db.settings,
        `select *${quantity} from gold.${mart} order by ${order}`,
      );
      const expected = gold[mart].map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
      );
      expect(rows.map((row, index) => only(row, Object.keys(expected[index] ?? {})))).toEqual(
        expected,
      );
    },
  );
});

function only(
  row: Readonly<Record<string, string | null>>,
  names: readonly string[],
): Record<string, string | null> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
}

function splitLines(file: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < file.length;) {
    const end = file.indexOf(0x0a, start);
    lines.push(file.subarray(start, end < 0 ? file.length : end));
    start = end < 0 ? file.length : end + 1;
  }
  return lines;
}
