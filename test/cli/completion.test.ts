import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { completionScript, SHELLS } from '../../src/cli/completion.ts';
import { createProgram } from '../../src/cli/program.ts';
import { loadModels } from '../../src/model/load.ts';
import { runCli, runCommand } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, rowsOf } from '../support/promotion.ts';

// Shells that start commands, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const program = await createProgram(() => () => Promise.resolve());
const cwd = mkdtempSync(path.join(tmpdir(), 'medallion-completion-'));

/** The command is found by its name, as people have it. */
const environment: NodeJS.ProcessEnv = {
  PATH: `${cwd}:${process.env['PATH'] ?? ''}`,
  HOME: cwd,
  MEDALLION_HOME: path.join(cwd, 'home'),
};

/** What bash offers for the last word of a line; `before` runs in the same shell. */
function complete(words: readonly string[]): string[] {
  const shell = spawnSync(
    'bash',
    ['--norc', '-c', `source ./medallion.bash; _medallion; printf '%s\\n' "\${COMPREPLY[@]}"`],
    { cwd, encoding: 'utf8', env: { ...environment, BASH_ENV: './words' } },
  );
  expect({ error: shell.error, stderr: shell.stderr, words }).toMatchObject({ stderr: '' });
  return shell.stdout.split('\n').filter((word) => word !== '');
}

/** The line is handed to bash in a file that it reads first, quoted so that no word is changed. */
function offered(...line: string[]): string[] {
  const words = ['medallion', ...line];
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  writeFileSync(
    path.join(cwd, 'words'),
    `COMP_WORDS=(${quoted})\nCOMP_CWORD=${words.length - 1}\n`,
  );
  return complete(words);
}

beforeAll(() => {
  writeFileSync(path.join(cwd, 'medallion.bash'), completionScript('bash'));
  const bin = path.join(import.meta.dirname, '../../bin/medallion.js');
  const launcher = `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`;
  writeFileSync(path.join(cwd, 'medallion'), launcher, { mode: 0o755 });
  mkdirSync(path.join(cwd, 'my folder'));
  writeFileSync(path.join(cwd, 'my file.ndjson'), '');
});

describe('in bash', () => {
  it('offers the commands that there are, and those below each', () => {
    const names = program.commands.map((command) => command.name());
    expect(names).toContain('values');
    expect(offered('')).toEqual([...names.filter((name) => name !== 'values'), 'help']);
    expect(offered('qua')).toEqual(['quarantine']);
    const db = program.commands.find((command) => command.name() === 'db');
    expect(offered('db', '')).toEqual([...(db?.commands ?? []).map((one) => one.name()), 'help']);
    expect(offered('db', 'grant', 'start', '')).toEqual([]);
  });

  it('offers every long option of the command at hand, and of no other', () => {
    for (const words of [['ingest'], ['db', 'grant'], ['quarantine', 'list']]) {
      const command = words.reduce(
        (parent, name) => parent.commands.find((child) => child.name() === name) ?? parent,
        program,
      );
      const flags = command.options.map(({ long }) => long ?? '');
      expect(offered(...words, '-').sort(), words.join(' ')).toEqual([...flags, '--help'].sort());
    }
    expect(offered('report', '--sec')).toEqual(['--section']);
    expect(offered('report', '--fol')).toEqual([]);
  });

  it('offers the choices of options and arguments, also behind =', () => {
    expect(offered('runs', '--output', '')).toEqual(['table', 'json', 'csv', 'markdown']);
    expect(offered('runs', '-o', 'm')).toEqual(['markdown']);
    // As bash cuts --output=m.
    expect(offered('runs', '--output', '=', 'm')).toEqual(['markdown']);
    expect(offered('runs', '--output', '=')).toHaveLength(4);
    expect(offered('db', 'grant', '')).toEqual(['reader', 'loader', 'owner']);
    expect(offered('db', 'grant', 'reader', '')).toEqual([]);
    expect(offered('report', '--section', 'days', 'prod')).toEqual(['products']);
  });

  it('offers files and folders where they belong, with spaces too', () => {
    expect(offered('ingest', '--from', 'my').sort()).toEqual(['my file.ndjson', 'my folder']);
    expect(offered('ingest', '--home', 'my')).toEqual(['my folder']);
    expect(offered('ingest', '--topic', 'my')).toEqual([]);
    expect(offered('runs', '')).not.toContain('my folder');
  });

  it('offers the models where one is meant', () => {
    const { silver, gold } = loadModels();
    const names = (models: typeof gold) => models.map(({ name }) => name);
    expect(offered('models', 'show', '')).toEqual([...names(silver), ...names(gold)]);
    expect(offered('promote', '--full-refresh', '--select', '')).toEqual(names(gold));
    expect(offered('checks', 'show', 'fact_transactions_')).toEqual([
      'fact_transactions_with_customer',
    ]);
    expect(offered('export', 'gold.sales_performance', 'gold.sal')).toEqual([
      'gold.sales_performance',
    ]);
    expect(offered('export', 'si')[0]).toBe('silver');
  });

  it('offers the sources where one is meant, those of the project too', () => {
    const project = path.join(cwd, 'source');
    mkdirSync(path.join(project, 'sources'), { recursive: true });
    writeFileSync(path.join(project, 'medallion.yaml'), '');
    const example = path.join(import.meta.dirname, '../../assets/project/sources/example.yaml');
    copyFileSync(example, path.join(project, 'sources/shop.yaml'));
    const line = ['--config', path.join(project, 'medallion.yaml')];
    expect(offered('source', '')).toEqual(['init', 'test', 'list', 'help']);
    expect(offered('source', 'test', 'sho')).toEqual(['shopify', 'shopify_refunds']);
    expect(offered('source', 'test', ...line, 'sho')).toEqual([
      ...['shopify', 'shopify_refunds', 'shop'],
    ]);
    expect(offered('source', 'test', 'shopify', 'my').sort()).toEqual([
      ...['my file.ndjson', 'my folder'],
    ]);
    expect(offered('source', 'init', '--from', 'my').sort()).toEqual([
      ...['my file.ndjson', 'my folder'],
    ]);
    expect(offered('ingest', '--source', 'seg')).toEqual(['segment']);
    expect(offered('test', 'sources.s')).toEqual([
      ...['sources.segment', 'sources.shopify', 'sources.shopify_refunds'],
    ]);
    expect(offered('test', 'gold.sales_p')).toEqual(['gold.sales_performance']);
  });

  it('offers the models of the project, too, of the one that the line names', () => {
    const project = path.join(cwd, 'shop');
    mkdirSync(path.join(project, 'models/gold'), { recursive: true });
    writeFileSync(path.join(project, 'medallion.yaml'), '');
    const mart = path.join(
      import.meta.dirname,
      '../../assets/project/models/gold/weekday_sales.sql',
    );
    copyFileSync(mart, path.join(project, 'models/gold/weekday_sales.sql'));
    expect(offered('models', 'show', 'weekday')).toEqual([]);
    const line = ['--config', path.join(project, 'medallion.yaml'), 'weekday'];
    expect(offered('models', 'show', ...line)).toEqual(['weekday_sales']);
    expect(offered('promote', '--full-refresh', '--select', 'orders', ...line)).toEqual([]);
  });

  it('finds the command behind options and their values', () => {
    expect(offered('models', '--home', 'db', 'gr')).toEqual(['graph']);
    expect(offered('models', '-q', 'gr')).toEqual(['graph']);
  });
});

describe('what the warehouse knows', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await landEvents(database.settings, [purchase({ id: 'a', at: '2026-01-01T10:00:00' })]);
    await rowsOf(
      database.settings,
      `with run as (
         insert into medallion.runs (command, version, arguments) values ('ingest', '1', '{}') returning run_id
       )
       insert into bronze.quarantine (topic, partition, "offset", stage, reason, raw, run_id, produced_at)
       select 'sales', 0, 7, 'ingest', 'not_text', 'x', run_id, now() from run`,
    );
  });
  afterAll(() => database.drop());

  it('is offered where it is meant, of the warehouse that the line names', () => {
    const url = ['--database-url', database.url];
    expect(offered('runs', 'show', ...url, '')).toEqual(['1']);
    expect(offered('checks', ...url, '--run', '')).toEqual(['1']);
    expect(offered('quarantine', 'show', ...url, 'sal')).toEqual(['sales/0/7']);
    expect(offered('quarantine', 'dismiss', ...url, 'sales/0/6', 'sal')).toEqual(['sales/0/7']);
    expect(offered('quarantine', 'list', ...url, '--topic', '')).toEqual(['sales']);
    expect(offered('trace', ...url, '--source', 's')).toEqual(['sales']);
  });

  it('is nothing, without a word, where no server runs or none answers', async () => {
    expect(offered('runs', 'show', '')).toEqual([]);
    expect(existsSync(path.join(cwd, 'home'))).toBe(false);
    expect(offered('runs', 'show', '--database-url', 'postgresql://127.0.0.1:1/x', '')).toEqual([]);
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    // A failure would end it with another code: it stops waiting by itself.
    const asked = await runCli(['values', '--', 'runs', 'show', ''], {
      cwd,
      env: { DATABASE_URL: `postgresql://127.0.0.1:${port}/x` },
    });
    silent.close();
    expect(asked).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('is offered in fish, too, where that is installed', () => {
    const script = path.join(cwd, 'known.fish');
    writeFileSync(script, completionScript('fish'));
    const ask = (line: string) =>
      spawnSync('fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`], {
        ...{ cwd, encoding: 'utf8' },
        env: { ...environment, DATABASE_URL: database.url },
      });
    const answer = ask('medallion quarantine show sal');
    if (answer.error === undefined) {
      expect(answer.stdout).toMatch(/^sales\/0\/7(\t|\n)/);
      expect(ask('medallion export gold.sales_p').stdout).toMatch(
        /^gold\.sales_performance(\t|\n)/,
      );
    }
  });
});

describe('the scripts', () => {
  it('for bash is what the command prints, without settings that hold', async () => {
    const { code, stdout } = await runCli(['completion', 'bash'], {
      cwd,
      env: { MEDALLION_CONFIG: 'nowhere.yaml' },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: completionScript('bash') });
  });

  it('get every command and option with what it is for', async () => {
    const answer = async (...words: string[]) =>
      (await runCommand(['values', '--', ...words], { cwd })).stdout.split('\n');
    for (const command of [
      ...program.commands,
      ...program.commands.flatMap((one) => one.commands),
    ]) {
      const above = command.parent === program ? [] : [command.parent?.name() ?? ''];
      const place = [...above, command.name()];
      const offers = await answer(...place, '-');
      for (const { long, description } of command.options) {
        expect(offers, place.join(' ')).toContain(`${long ?? ''}\t${description}`);
      }
      if (command.name() !== 'values') {
        expect(await answer(...above, '')).toContain(`${command.name()}\t${command.description()}`);
      }
    }
  });

  it.each(SHELLS)('for %s are of a form that this shell takes, where it is installed', (shell) => {
    const file = path.join(cwd, `script.${shell}`);
    writeFileSync(file, completionScript(shell));
    const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    if (shell === 'bash' || error === undefined) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });
});
