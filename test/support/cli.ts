import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execute } from '../../src/cli/execute.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = path.join(ROOT, 'bin', 'medallion.js');
/** Variables that would point the command at something outside the test. */
const LEAKS =
  /^(PG|POSTGRES_|KAFKA_|SCHEMA_REGISTRY_|MEDALLION_|SPARK_|AWS_|DATABASE_URL$|TEST_DATABASE_URL$|NO_COLOR$|FORCE_COLOR$|COLUMNS$|NODE_|VITEST)/;
const DEFAULT_TIMEOUT_MS = 120_000;

export interface CliOptions {
  /** Added to an environment without DATABASE_URL, PG*, POSTGRES_*, KAFKA_*, SPARK_*, AWS_* and MEDALLION_*; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A folder without a .env of its own, or the test reads it. */
  readonly cwd?: string;
  /** What the command reads from stdin, which then ends. */
  readonly input?: string | Buffer;
  /** Another installation of medallion than this one: its bin/medallion.js. */
  readonly bin?: string;
  /** After this many milliseconds the command is killed and `signal` says so; two minutes by default. */
  readonly timeoutMs?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when the process has ended and its output is complete. */
  readonly result: Promise<CliResult>;
}

/** Starts `medallion` as built in dist, in an environment of its own. */
export function spawnCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const child = spawn(process.execPath, [options.bin ?? BIN, ...args], {
    cwd: options.cwd,
    env: environment(options),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return watch(child, options, () => child.kill('SIGKILL'));
}

/** Starts a shell script in which `medallion` is a command, for pipes, redirections and limits. */
function spawnShell(script: string, options: CliOptions = {}): CliProcess {
  const command = 'medallion() { "$MEDALLION_NODE" "$MEDALLION_BIN" "$@"; }';
  const child = spawn('/bin/sh', ['-c', `${command}\n${script}`], {
    cwd: options.cwd,
    env: {
      ...environment(options),
      MEDALLION_NODE: process.execPath,
      MEDALLION_BIN: options.bin ?? BIN,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that nothing of it stays behind when it is killed.
    detached: true,
  });
  return watch(
    child,
    options,
    () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'),
  );
}

function environment({ env }: Pick<CliOptions, 'env'>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !LEAKS.test(name));
  return { ...Object.fromEntries(inherited), ...env };
}

function watch(
  child: ChildProcessWithoutNullStreams,
  options: CliOptions,
  kill: () => void,
): CliProcess {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A command that does not read its input may be gone before all of it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(kill, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const stdout = (): string => Buffer.concat(out).toString('utf8');
  const stderr = (): string => Buffer.concat(err).toString('utf8');
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout: stdout(), stderr: stderr() });
    });
  }).finally(() => {
    clearTimeout(timer);
  });
  return { child, stdout, stderr, result };
}

/** Runs `medallion` to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  return spawnCli(args, options).result;
}

/** How a command sees the streams of `runCommand`. */
export interface CommandOptions extends Pick<CliOptions, 'env' | 'cwd' | 'input'> {
  /** Columns of the terminal that stdout is; a pipe without. */
  readonly columns?: number;
}

/**
 * Runs a command line in this process, from src: all but what only a process of its own shows (signals, stdin of a
 * terminal, the other variables of libpq, what loads when, two holders of one lock).
 */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CliResult> {
  const stdout = capture(options.columns);
  const stderr = capture(undefined);
  const code = await execute({
    ...{ args, env: environment(options), workingFolder: () => options.cwd ?? process.cwd() },
    ...{ stdin: Readable.from(inputOf(options)), stdout: stdout.stream, stderr: stderr.stream },
    signal: new AbortController().signal,
  });
  return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
}

function inputOf({ input = '' }: CommandOptions): Buffer[] {
  return input.length === 0 ? [] : [Buffer.from(input)];
}

function capture(columns: number | undefined) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY: columns !== undefined, columns: columns ?? 0 }),
    text: (): string => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Runs a shell script (see `spawnShell`) to its end. */
export async function runShell(script: string, options: CliOptions = {}): Promise<CliResult> {
  return spawnShell(script, options).result;
}

/**
 * Copies what an installation of medallion consists of to `folder`, so that a test may change its SQL.
 * @returns its bin/medallion.js
 */
export function installMedallion(folder: string): string {
  const tests = ['test/models', 'test/sources'];
  for (const part of ['assets', 'bin', 'dist', 'sources', 'sql', 'package.json', ...tests]) {
    cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return path.join(folder, 'bin', 'medallion.js');
}
