import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runCommand } from './support/cli.ts';

const ROOT = path.join(import.meta.dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');
const files = readdirSync(EXAMPLES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
  .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
  .sort();

interface Call {
  readonly file: string;
  readonly command: string;
  readonly flags: readonly string[];
}

/** The commands that a file runs: what stands behind the program's name, up to the end of the shell's command. */
function callsOf(file: string): Call[] {
  const lines = readFileSync(path.join(ROOT, file), 'utf8')
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n');
  const calls = lines.matchAll(/(?:\bmedallion|\{MEDALLION\}) ([a-z]+)((?: +[\w=:./-]+)*)/g);
  return [...calls]
    .filter(([, command]) => command !== 'medallion')
    .map(([, command = '', rest = '']) => ({
      ...{ file, command },
      flags: rest.split(/ +/).filter((word) => word.startsWith('--')),
    }));
}

/** What the image and the container of compose.yaml start. */
function containerCalls(): Call[] {
  const text = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
  const image = JSON.parse(/^CMD (\[.*\])$/m.exec(text)?.[1] ?? '[]') as string[];
  const compose = parse(readFileSync(path.join(ROOT, 'docker-compose.yaml'), 'utf8')) as {
    services: { medallion: { command: string } };
  };
  const call = (file: string, [command = '', ...words]: readonly string[]): Call => ({
    ...{ file, command },
    flags: words.filter((word) => word.startsWith('--')),
  });
  return [
    call('Dockerfile', image),
    call('docker-compose.yaml', compose.services.medallion.command.split(' ')),
  ];
}

const calls = [...files.flatMap(callsOf), ...containerCalls()];
const help = new Map<string, string>();

beforeAll(async () => {
  await Promise.all(
    [...new Set(calls.map(({ command }) => command))].map(async (command) => {
      help.set(command, (await runCommand([command, '--help'], { cwd: EXAMPLES })).stdout);
    }),
  );
});

test('each example of running medallion runs it', () => {
  const running = new Set(calls.map(({ file }) => file));
  const declared = files.filter((file) => /\.(timer|txt)$/.test(file));
  expect([...running].sort()).toEqual(
    [...files, 'Dockerfile', 'docker-compose.yaml']
      .filter((file) => !declared.includes(file))
      .sort(),
  );
});

test.each(calls.map((call) => [`${call.file}: ${call.command} ${call.flags.join(' ')}`, call]))(
  '%s exists',
  (_, { command, flags }) => {
    const text = help.get(command);
    expect(text).toMatch(new RegExp(`^Usage: medallion ${command} `));
    for (const flag of flags) {
      expect(text).toMatch(new RegExp(`${flag}\\b`));
    }
  },
);
