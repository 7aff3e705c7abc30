import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/medallion.js', import.meta.url));
/** Variables that would point the command at something outside the test. */
const LEAKS =
  /^(PG|POSTGRES_|KAFKA_|MEDALLION_|DATABASE_URL$|TEST_DATABASE_URL$|NO_COLOR$|FORCE_COLOR$|NODE_|VITEST)/;
const DEFAULT_TIMEOUT_MS = 60_000;

export interface CliOptions {
  /** Added to an environment without DATABASE_URL, PG*, POSTGRES_*, KAFKA_* and MEDALLION_*; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A folder without a .env of its own, or the test reads it. */
  readonly cwd?: string;
  /** What the command reads from stdin, which then ends. */
  readonly input?: string | Buffer;
  /** After this many milliseconds the command is killed and `signal` says so; a minute by default. */
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
  const inherited = Object.entries(process.env).filter(([name]) => !LEAKS.test(name));
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A command that does not read its input may be gone before all of it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
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
