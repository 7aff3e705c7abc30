import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { RunCommand } from '../../src/cli/main.ts';
import { createProgram } from '../../src/cli/program.ts';
import { runCli } from '../support/cli.ts';

const COMMANDS = [
  'demo',
  'init',
  'config',
  'generate',
  'ingest',
  'import-bronze',
  'promote',
  'run',
  'checks',
  'quarantine',
  'reconcile',
  'prune',
  'report',
  'sql',
  'export',
  'models',
  'docs',
  'status',
  'runs',
  'trace',
  'doctor',
  'db',
  'completion',
];
const SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  checks: ['show'],
  quarantine: ['list', 'show', 'replay', 'dismiss', 'reopen', 'export'],
  models: ['list', 'show', 'graph'],
  runs: ['show'],
  db: ['start', 'stop', 'status', 'url', 'psql', 'migrate', 'grant', 'reset'],
};
const CHILDREN = Object.entries(SUBCOMMANDS).flatMap(([parent, names]) =>
  names.map((name) => `${parent} ${name}`),
);
const README = fileURLToPath(new URL('../../README.md', import.meta.url));

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

/** What is listed below a heading of the help: the first word of each entry, and whether a description follows. */
function entries(text: string, heading: string): { name: string; described: boolean }[] {
  const section = new RegExp(`^${heading}:\\n((?: +\\S.*\\n)+)`, 'm').exec(text)?.[1] ?? '';
  return [...section.matchAll(/^ {2}((?:-\w, )?[\w-]+)(.*(?:\n {3,}\S.*)*)/gm)].map(
    ([, name = '', rest = '']) => ({ name, described: / {2,}\S/.test(rest) }),
  );
}

test('the program lists its commands in the order of the pipeline', () => {
  const names = entries(helpOf(''), 'Commands').map(({ name }) => name);
  expect(names).toEqual([...COMMANDS, 'help']);
  for (const [parent, children] of Object.entries(SUBCOMMANDS)) {
    const listed = entries(helpOf(parent), 'Commands').map(({ name }) => name);
    expect(listed, parent).toEqual([...children, 'help']);
  }
});

test.each(COMMANDS)('%s says what it does, with options and examples', (command) => {
  const text = helpOf(command);
  expect(text).toMatch(new RegExp(`^Usage: medallion ${command} \\[options\\].*\\n\\n\\S.{20,}`));
  const options = entries(text, 'Options');
  expect(options.length).toBeGreaterThan(5);
  expect(options.filter(({ described }) => !described)).toEqual([]);
  const examples = exampleCommands(text.slice(text.indexOf('\nExamples:\n')));
  expect(examples.length).toBeGreaterThanOrEqual(2);
});

test.each(CHILDREN)('%s says what it does', (command) => {
  expect(helpOf(command)).toMatch(
    new RegExp(`^Usage: medallion ${command} \\[options\\].*\\n\\n\\S.{10,}`),
  );
  const [, shown = ''] = helpOf(command).split('\nExamples:\n');
  expect(exampleCommands(shown).map((example) => example.command)).toContain(command);
});

/** The calls of medallion in a text: command and long flags, up to the end of the line, a pipe, a comment or a redirection. */
function exampleCommands(text: string): { command: string; flags: string[] }[] {
  const calls = text.matchAll(/(?:^|[\s`$("&|])(?:npx )?medallion +((?:[^\n`|&>#]|(?<=\d)#)*)/gm);
  return [...calls].flatMap(([, call = '']) => {
    const [first = '', second = ''] = call.trim().split(/\s+/);
    if (!/^[a-z][a-z-]*$/.test(first)) {
      return [];
    }
    const isChild = SUBCOMMANDS[first] !== undefined && /^[a-z]+$/.test(second);
    const command = isChild ? `${first} ${second}` : first;
    // What follows -- is for psql; what stands in quotes is SQL.
    const [own = ''] = call.replaceAll(/"[^"]*"?/g, '""').split(/ -- /);
    return [{ command, flags: own.match(/(?<=\s)--[a-z][a-z-]*/g) ?? [] }];
  });
}

function expectKnown(text: string): void {
  for (const { command, flags } of exampleCommands(text)) {
    expect([...help.keys()], `medallion ${command}`).toContain(command);
    for (const flag of flags) {
      expect(helpOf(command), `medallion ${command} ${flag}`).toMatch(new RegExp(`${flag}\\b`));
    }
  }
}

test('the paragraphs of the help fit into 80 columns', () => {
  const lines = [...help.values()].flatMap((text) => text.split('\n'));
  expect(lines.filter((line) => line.length > 80 && /^\S/.test(line))).toEqual([]);
});

describe('every command and flag that is named exists', () => {
  test('in the examples of the help', () => {
    for (const text of help.values()) {
      expectKnown(text.slice(text.indexOf('\nExamples:\n')));
    }
  });

  test('in the code of the README', () => {
    const readme = existsSync(README) ? readFileSync(README, 'utf8') : '';
    const code = readme.match(/^```[^]*?^```|`[^`\n]+`/gm) ?? [];
    for (const block of code) {
      expectKnown(block);
    }
  });
});
