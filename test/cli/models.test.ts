import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/cli.ts';

/** Runs `medallion models` where no warehouse can be reached: it must not need one. */
async function models(...args: string[]) {
  return runCommand(['models', ...args], {
    env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nowhere' },
  });
}

describe('medallion models', () => {
  it('lists each table after those that it is made of', async () => {
    const { code, stdout } = await models('list', '--output', 'json');
    expect(code).toBe(0);
    const listed = JSON.parse(stdout) as { model: string; load: string; description: string }[];
    expect(listed).toContainEqual({
      model: 'gold.sales_performance',
      load: 'additive',
      description: 'Sales by day',
    });
    const place = (name: string): number => listed.findIndex(({ model }) => model === name);
    expect(place('silver.fact_transactions')).toBeGreaterThanOrEqual(0);
    expect(place('silver.fact_transactions')).toBeLessThan(place('gold.sales_performance'));
    expect(place('gold.customer_sales')).toBeLessThan(place('gold.customer_performance'));
  });

  it('shows what a table holds and what it is made of, by its bare name too', async () => {
    const { code, stdout } = await models('show', 'customer_performance');
    expect(code).toBe(0);
    expect(stdout).toContain('gold.customer_performance: ');
    expect(stdout).toContain('one row per customer with at least one purchase');
    expect(stdout).toMatch(/reads +gold\.customer_sales\n/);
    expect(stdout).toMatch(/^revenue +numeric\(38,2\) +false +false +Sum of the order totals$/m);
    const sales = await models('show', 'gold.customer_sales');
    expect(sales.stdout).toMatch(/read by +gold\.customer_performance\n/);
  });

  it('gives the columns as data, and the select as it stands in the file', async () => {
    const { stdout } = await models('show', 'dim_currency', '-o', 'json');
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ column: 'id', type: 'integer', key: true, nullable: false }),
    );
    const { stdout: sql } = await models('show', 'sales_performance', '--sql');
    expect(sql).toMatch(/^with customers as \(/);
    expect(sql).not.toContain('@model');
  });

  it('draws what is made of what, of one table or all, from bronze on', async () => {
    expect((await models('graph', 'sales_performance')).stdout).toBe(
      [
        'silver.fact_transactions',
        '└─ reads bronze.events',
        'gold.customer_days',
        '└─ reads silver.fact_transactions',
        'gold.sales_performance',
        '└─ reads gold.customer_days',
        '',
      ].join('\n'),
    );
    const mermaid = (await models('graph', '--format', 'mermaid')).stdout;
    expect(mermaid).toMatch(/^graph LR\n/);
    expect(mermaid).toContain('  bronze.events --> silver.fact_transactions\n');
    expect(mermaid).toContain('  gold.customer_sales --> gold.customer_performance\n');
    const dot = (await models('graph', 'customer_performance', '--format', 'dot')).stdout;
    expect(dot).toMatch(/^digraph medallion \{\n[\s\S]*\n\}\n$/);
    expect(dot).toContain('  "gold.customer_sales" -> "gold.customer_performance"\n');
    expect(dot).not.toContain('sales_performance');
  });

  it.each(['show', 'graph'])('%s of a table that is none says where to look', async (command) => {
    const { code, stderr } = await models(command, 'nope');
    expect(code).toBe(2);
    expect(stderr).toBe(
      'error: there is no model nope\n  To see all models: medallion models list\n',
    );
  });
});
