import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bashScript } from '../../src/cli/completion/bash.ts';
import { fishScript } from '../../src/cli/completion/fish.ts';
import { completedCommands } from '../../src/cli/completion/tree.ts';
import { zshScript } from '../../src/cli/completion/zsh.ts';
import { createProgram } from '../../src/cli/program.ts';
import { loadModels } from '../../src/model/load.ts';
import { runCli } from '../support/cli.ts';

const program = await createProgram(() => () => Promise.resolve());
const commands = completedCommands(program);
const cwd = mkdtempSync(path.join(tmpdir(), 'medallion-completion-'));

/** What bash offers for the last word of a line; `before` runs in the same shell. */
function complete(words: readonly string[]): string[] {
  const shell = spawnSync(
    'bash',
    ['--norc', '-c', `source ./medallion.bash; _medallion; printf '%s\\n' "\${COMPREPLY[@]}"`],
    { cwd, encoding: 'utf8', env: { PATH: process.env['PATH'], BASH_ENV: './words' } },
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
  writeFileSync(path.join(cwd, 'medallion.bash'), bashScript('medallion', commands));
  mkdirSync(path.join(cwd, 'my folder'));
  writeFileSync(path.join(cwd, 'my file.ndjson'), '');
});

describe('in bash', () => {
  it('offers the commands that there are, and those below each', () => {
    const names = program.commands.map((command) => command.name());
    expect(offered('')).toEqual([...names, 'help']);
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
  });

  it('finds the command behind options and their values', () => {
    expect(offered('models', '--home', 'db', 'gr')).toEqual(['graph']);
    expect(offered('models', '-q', 'gr')).toEqual(['graph']);
  });
});

describe('the scripts', () => {
  it('for bash is what the command prints, without settings that hold', async () => {
    const { code, stdout } = await runCli(['completion', 'bash'], {
      cwd,
      env: { MEDALLION_CONFIG: 'nowhere.yaml' },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: bashScript('medallion', commands) });
  });

  it('for zsh and fish say the same of every command and option', () => {
    const zsh = zshScript('medallion', commands);
    const fish = fishScript('medallion', commands);
    for (const { path: place, options } of commands) {
      for (const flag of options.flatMap(({ names }) => names)) {
        expect(zsh, `${place} ${flag}`).toContain(`'${flag}:`);
        const form = flag.startsWith('--') ? `-l ${flag.slice(2)} ` : `-s ${flag.slice(1)} `;
        expect(fish, `${place} ${flag}`).toContain(form);
      }
    }
  });

  it.each([
    ['bash', bashScript],
    ['zsh', zshScript],
    ['fish', fishScript],
  ])('for %s are of a form that this shell takes, where it is installed', (shell, script) => {
    const file = path.join(cwd, `script.${shell}`);
    writeFileSync(file, script('medallion', commands));
    const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    if (shell === 'bash' || error === undefined) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });
});
