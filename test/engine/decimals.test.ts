import { expect, test } from 'vitest';
import { Publisher, temporary } from '../../src/postgres/publisher.ts';
import { withDatabase } from '../support/postgres.ts';
import { openTestEngine } from '../support/promotion.ts';

/** Most amounts fit 64 bits, in which DuckDB is many times faster; those that do not lose nothing. */

const AMOUNTS = [
  '0.01',
  '-1.10',
  '99999999999999999.99',
  '-123456789012345678901234567890123456.78',
];

test.each([
  { kind: 'small amounts', amounts: AMOUNTS.slice(0, 2) },
  { kind: 'amounts beyond 64 bits', amounts: AMOUNTS },
])('$kind go to the warehouse and come back as they were', async ({ amounts }) => {
  await withDatabase(async ({ settings }) => {
    const engine = await openTestEngine(settings);
    const publisher = await Publisher.open(settings);
    try {
      const session = await engine.openSession();
      const values = amounts.map((amount) => `(cast('${amount}' as decimal(38,2)))`).join(', ');
      const written = await session.writeRows(`select * from (values ${values}, (null))`, [
        { name: 'amount', type: 'numeric(38,2)' },
      ]);
      const file = await publisher.transaction(async (transaction) => {
        await transaction.copyTemporary(written, 'amounts');
        return transaction.read(`select * from ${temporary('amounts')}`, session.nextFile('csv'));
      });
      await session.openInput({ id: 'gold.amounts', file, keep: false });
      const rows = await session.query('select amount, typeof(amount) as type from gold.amounts');
      expect(rows).toEqual([...amounts, null].map((amount) => ({ amount, type: 'DECIMAL(38,2)' })));
    } finally {
      await publisher.close();
      await engine.close();
    }
  });
});
