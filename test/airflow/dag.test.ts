import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli, type CliResult } from '../support/cli.ts';
import { createTestHome, type TestHome } from '../support/home.ts';
import { Airflow, installAirflow } from './airflow.ts';

let home: TestHome;
let airflow: Airflow;

beforeAll(async () => {
  home = await createTestHome();
  const env = { MEDALLION_HOME: home.path };
  airflow = new Airflow(await installAirflow(), path.join(home.path, '../airflow'), env);
  await airflow.migrate();
  expect((await medallion('db', 'start')).code).toBe(0);
});

afterAll(async () => {
  await home.remove();
});

function medallion(...args: string[]): Promise<CliResult> {
  return runCli([...args, '--home', home.path], { timeoutMs: 120_000 });
}

async function daysOfGold(): Promise<string> {
  return (await medallion('sql', 'select count(*) from gold.sales_performance', '-o', 'csv'))
    .stdout;
}

test('without anything new, silver and gold are skipped', async () => {
  const { code, states, output } = await airflow.test('medallion', '2026-01-05');
  expect(code, output).toBe(0);
  expect(states, output).toEqual({ anything_new: 'success', silver: 'skipped', gold: 'skipped' });
  expect((await medallion('runs', '-o', 'csv', '--idle')).stdout).not.toContain('promote');
});

test('what has come in is promoted to silver, then to gold', async () => {
  const period = ['--since', '2026-01-01', '--until', '2026-01-03'];
  expect((await medallion('generate', '-n', '300', '--seed', '1', ...period)).code).toBe(0);
  expect((await medallion('ingest')).code).toBe(0);
  const { code, states, output } = await airflow.test('medallion', '2026-01-06');
  expect(code, output).toBe(0);
  expect(states, output).toEqual({ anything_new: 'success', silver: 'success', gold: 'success' });
  expect(await daysOfGold()).toBe('count\n3\n');
});

test('the next day, with nothing new again, nothing is promoted', async () => {
  const before = (await medallion('runs', '-o', 'csv', '--idle')).stdout;
  const { states, output } = await airflow.test('medallion', '2026-01-07');
  expect(states, output).toEqual({ anything_new: 'success', silver: 'skipped', gold: 'skipped' });
  expect((await medallion('runs', '-o', 'csv', '--idle')).stdout).toBe(before);
});
