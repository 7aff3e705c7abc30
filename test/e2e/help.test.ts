import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { CommanderError, type Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { RunCommand } from '../../src/cli/command.ts';
import { createProgram } from '../../src/cli/program.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { EXIT_CODES, EXIT_MEANINGS } from '../../src/errors.ts';
import { runCli } from '../support/cli.ts';
import { shellCommands } from '../support/shell-words.ts';

const COMMANDS = [
  'demo',
  'init',
  'config',
  'doctor',
  'generate',
  'ingest',
  'import-bronze',
  'source',
  'promote',
  'run',
  'test',
  'checks',
  'quarantine',
  'reconcile',
  'archive',
  'forget',
  'prune',
  'report',
  'sql',
  'export',
  'models',
  'docs',
  'status',
  'runs',
  'trace',
  'db',
  'completion',
];
const SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  source: ['init', 'test', 'list'],
  checks: ['show'],
  quarantine: ['list', 'show', 'replay', 'dismiss', 'reopen', 'export'],
  models: ['list', 'show', 'graph', 'check'],
  runs: ['show'],
  db: ['start', 'stop', 'status', 'url', 'psql', 'migrate', 'grant', 'reset'],
};
const CHILDREN = Object.entries(SUBCOMMANDS).flatMap(([parent, names]) =>
  names.map((name) => `${parent} ${name}`),
);
const ROOT = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** The help of each command by its name, "" being the program's own. */
const help = new Map<string, string>();

const notRun: RunCommand = () => () => Promise.resolve();

function outputOf(command: Command): string {
  let text = '';
  command
    .configureOutput({
      writeOut: (part) => (text += part),
      getOutHasColors: () => false,
      getOutHelpWidth: () => 80,
    })
    .outputHelp();
  return text;
}

function collect(command: Command, name: string): void {
  help.set(name, outputOf(command));
  for (const child of command.commands) {
    collect(child, `${name} ${child.name()}`.trim());
  }
}

collect(await createProgram(notRun), '');

test('the program prints that help, to standard output', async () => {
  const { code, stdout, stderr } = await runCli(['db', 'grant', '--help'], { cwd: tmpdir() });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(helpOf('db grant'));
});

function helpOf(command: string): string {
  return help.get(command) ?? '';
}

/** What is listed below headings of the help: the first word of each entry, and whether a description follows. */
function entries(text: string): { heading: string; name: string; described: boolean }[] {
  return [...text.matchAll(/^(\S[^\n]*):\n((?: +\S.*\n)+)/gm)].flatMap(
    ([, heading = '', section = '']) =>
      [...section.matchAll(/^ {2}((?:-\w, )?[\w-]+)(.*(?:\n {3,}\S.*)*)/gm)].map(
        ([, name = '', rest = '']) => ({ heading, name, described: / {2,}\S/.test(rest) }),
      ),
  );
}

const namesOf = (text: string, isWanted: (name: string) => boolean): string[] =>
  entries(text)
    .map(({ name }) => name)
    .filter(isWanted);

test('the program lists its commands in the order of the pipeline', () => {
  const isCommand = (name: string): boolean => /^[a-z-]+$/.test(name) && !name.startsWith('-');
  expect(namesOf(helpOf(''), isCommand)).toEqual([...COMMANDS, 'help']);
  for (const [parent, children] of Object.entries(SUBCOMMANDS)) {
    const listed = entries(helpOf(parent)).filter(({ heading }) => heading === 'Commands');
    expect(
      listed.map(({ name }) => name),
      parent,
    ).toEqual([...children, 'help']);
  }
});

test.each(COMMANDS)('%s says what it does, with options and examples', (command) => {
  const text = helpOf(command);
  expect(text).toMatch(new RegExp(`^Usage: medallion ${command} \\[options\\].*\\n\\n\\S.{20,}`));
  const options = entries(text).filter(({ name }) => name.startsWith('-'));
  expect(options.length).toBeGreaterThan(5);
  const isSetting = ({ heading }: { heading: string }): boolean =>
    heading.startsWith('Environment variables');
  expect(options.filter((option) => !option.described && !isSetting(option))).toEqual([]);
  expect(examplesIn(text).length).toBeGreaterThanOrEqual(2);
});

test.each([...COMMANDS, ...CHILDREN])('%s says all that a page of a manual says', (command) => {
  const text = helpOf(command);
  expect(text).toMatch(new RegExp(`^Usage: medallion ${command} \\[options\\].*\\n\\n\\S.{10,}`));
  const own = examplesIn(text).filter((args) => args.join(' ').startsWith(command));
  expect(own).not.toEqual([]);
  const options = namesOf(text, (name) => /--/.test(name)).map((name) => name.slice(-20));
  expect(options).toEqual(expect.arrayContaining(['--home', '--config', '--database-url']));
  for (const code of [0, 1, 2, 3, 130]) {
    expect(text).toContain(`\n  ${String(code).padEnd(3)}  `);
  }
  const [, others = ''] = /\nSee also: ((?:.|\n(?= {2}))*)/.exec(text) ?? [];
  for (const other of others.split(/,\s+/)) {
    const isThere = other.startsWith('docs/')
      ? existsSync(new URL(other.trim(), ROOT))
      : help.has(other.trim().replace(/^medallion /, ''));
    expect(isThere, other).toBe(true);
    expect(other).not.toBe(`medallion ${command}`);
  }
});

test('a flag that is a setting is shown with its variables and its key, and no other', () => {
  for (const [command, text] of help) {
    const shown = /\nEnvironment variables .*:\n((?: +\S.*\n)+)/.exec(text)?.[1] ?? '';
    const [listed = ''] = text.split('\nEnvironment variables ');
    const rows = shown
      .split('\n')
      .flatMap((row) => (row === '' ? [] : [row.trim().split(/ {2,}/)]));
    for (const [flag = '', variables, key] of rows) {
      const setting = SETTINGS.find((known) => known.key === key);
      expect(setting?.flag?.split(' ')[0] ?? '--config', command).toBe(flag);
      expect(variables).toBe(setting?.variables.join(', ') ?? 'MEDALLION_CONFIG');
      expect(listed, `${command} ${flag}`).toMatch(new RegExp(`^ +${flag}\\b`, 'm'));
    }
  }
  expect(helpOf('run')).toMatch(/^ {2}--metrics-port +MEDALLION_METRICS_PORT +metrics\.port$/m);
  // Its own --every is no setting.
  expect(helpOf('status')).not.toContain('MEDALLION_EVERY');
});

test('exit codes mean what the README says', () => {
  const rows = [...read('README.md').matchAll(/^\| (\d+) +\| (.*?) *\|$/gm)];
  expect(Object.fromEntries(rows.map(([, code = '', meaning]) => [code, meaning]))).toEqual(
    EXIT_MEANINGS,
  );
  expect(Object.keys(EXIT_MEANINGS)).toEqual(
    expect.arrayContaining(Object.values(EXIT_CODES).map(String)),
  );
});

test('-h shows a shorter help', async () => {
  const program = await createProgram(notRun, { isBrief: true });
  const promote = program.commands.find((command) => command.name() === 'promote');
  const text = promote === undefined ? '' : outputOf(promote);
  expect(text).toContain('\nExamples:\n');
  expect(text).toMatch(/\n\nmedallion promote --help has more\.\n$/);
  expect(text).not.toMatch(/Exit codes|See also|MEDALLION_/);
});

test('the help fits into 80 columns', () => {
  const lines = [...help].flatMap(([name, text]) =>
    text.split('\n').map((line) => `${name}: ${line}`),
  );
  expect(lines.filter((line) => line.length > 80 + line.indexOf(': ') + 2)).toEqual([]);
});

/** The arguments of each call of medallion in a shell script. */
function callsIn(script: string): string[][] {
  return shellCommands(script).flatMap((words) => {
    const at = words.indexOf('medallion');
    const isLaunched = words.slice(0, at).every((word) => /^(npx|\/usr\/bin\/env)$/.test(word));
    return at >= 0 && isLaunched ? [words.slice(at + 1)] : [];
  });
}

/** The calls that the help of a command shows, without what it says of each. */
function examplesIn(text: string): string[][] {
  const [, section = ''] = text.split('\nExamples:\n');
  const [lines = ''] = section.split('\n\n');
  const whole = lines.replaceAll(/\\\n +/g, '');
  return [...whole.matchAll(/^ {2}\$ (\S+(?: \S+)*)/gm)].flatMap(([, call = '']) => callsIn(call));
}

/** What commander says against a call; undefined when it would be run. Nothing is. */
async function problemWith(args: readonly string[]): Promise<CommanderError | undefined> {
  const program = await createProgram(notRun);
  const silence = (command: Command): void => {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    command.commands.forEach(silence);
  };
  silence(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? undefined : error;
    }
    throw error;
  }
}

async function expectValid(calls: readonly (readonly string[])[], where: string): Promise<void> {
  for (const args of calls) {
    const problem = await problemWith(args);
    expect(problem?.message, `${where}: medallion ${args.join(' ')}`).toBeUndefined();
  }
}

describe('every call that is shown is one that commander takes', () => {
  test('or it is found out', async () => {
    for (const call of ['promote --slect x', 'promote --select', 'ingest x', 'db grant king x']) {
      expect(await problemWith(call.split(' ')), call).toBeInstanceOf(CommanderError);
    }
    const script = `A=1 medallion sql "select ';'" > out.csv 2>&1 | medallion ingest --from - # not medallion x
      source <(medallion completion bash) && psql "$(npx medallion db url)" -c 'medallion y'; medallion \\
        --version`;
    expect(callsIn(script)).toEqual([
      ['sql', "select ';'"],
      ['ingest', '--from', '-'],
      ['completion', 'bash'],
      ['db', 'url'],
      ['--version'],
    ]);
  });

  test.each([...help.keys()])('in the help of medallion %s', async (command) => {
    await expectValid(examplesIn(helpOf(command)), command);
  });

  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(
    readdirSync(new URL('docs/', ROOT)).flatMap((name) =>
      name.endsWith('.md') ? [`docs/${name}`] : [],
    ),
  );
  test.each(pages)('in %s', async (page) => {
    const text = read(page);
    const fences = [...text.matchAll(/^```(sh|console)\n(.*?)^```/gms)].map(
      ([, kind, code = '']) =>
        kind === 'sh' ? code : [...code.matchAll(/^\$ (.*)/gm)].map(([, line]) => line).join('\n'),
    );
    await expectValid(fences.flatMap(callsIn), page);
    const named = text.replaceAll(/^```.*?^```/gms, '').matchAll(/`((?:npx )?medallion [^`]+)`/g);
    for (const [, code = ''] of named) {
      // A name for what is to be filled in: an id, a day, a model.
      const filledIn = code.replaceAll(/\s+/g, ' ').replaceAll(/<[^<>]*>|\b[A-Z]{2,}\b/g, '1');
      for (const args of callsIn(filledIn)) {
        const problem = await problemWith(args);
        // A command may be named alone.
        const isPart = /missing(Argument|MandatoryOption)|^commander\.help$/.test(
          problem?.code ?? '',
        );
        expect(isPart ? undefined : problem?.message, `${page}: ${code}`).toBeUndefined();
      }
    }
  });

  test('in the examples for systemd and cron', async () => {
    const units = ['medallion.service', 'medallion-promote.service'].flatMap((name) =>
      [...read(`examples/systemd/${name}`).matchAll(/^ExecStart=(.*)$/gm)].map(
        ([, call = '']) => call,
      ),
    );
    const jobs = read('examples/cron/medallion').matchAll(
      /^(?:\S+ +){5}medallion +(medallion .*)$/gm,
    );
    const calls = [...units, ...[...jobs].map(([, call = '']) => call)].flatMap(callsIn);
    expect(calls.length).toBeGreaterThan(4);
    await expectValid(calls, 'examples');
  });
});
