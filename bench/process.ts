import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTimeOf } from '../scripts/cpu-time.ts';

/** How a process ran. */
export interface Run {
  /** From its start to its end, by the clock on the wall. */
  readonly seconds: number;
  /** Of the processor, in the process and in what it started and waited for; NaN where the system does not tell. */
  readonly cpuSeconds: number;
  /** The most memory it held, where the system tells (Linux); else NaN. */
  readonly peakMegabytes: number;
}

/** A process at work. */
export interface Started {
  /** How it has run so far. */
  soFar(): Run;
  /** Asks it to stop, as Ctrl-C does, and waits for its end. */
  stop(): Promise<Run>;
  /** Its end. Rejects when it fails. */
  readonly ended: Promise<Run>;
}

const POLL_MS = 20;
/** The exit code of what was asked to stop, where it is not 0. */
const STOPPED = 130;

/** Starts a process and watches what it uses. */
export function startProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Started {
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4000);
    });
  }
  let known = { cpuSeconds: NaN, peakMegabytes: NaN };
  const soFar = (): Run => {
    known = usageOf(child.pid) ?? known;
    return { seconds: (performance.now() - startedAt) / 1000, ...known };
  };
  const asked = new AbortController();
  const over = new AbortController();
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    over.abort();
  });
  const watched = (async () => {
    while (!over.signal.aborted) {
      soFar();
      await sleep(POLL_MS);
    }
  })();
  const ended = (async () => {
    const code = await closed;
    const run = soFar();
    await watched;
    if (code !== 0 && !(asked.signal.aborted && code === STOPPED)) {
      const subcommand = args.find((arg) => /^[a-z]+$/.test(arg)) ?? '';
      throw new Error(`${path.basename(command)} ${subcommand} failed: ${complaint.trim()}`);
    }
    return run;
  })();
  // Whoever started it asks for its end later on.
  ended.catch(() => undefined);
  return {
    soFar,
    ended,
    stop: () => {
      asked.abort();
      child.kill('SIGINT');
      return ended;
    },
  };
}

/** Runs a process to its end. */
export async function runProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Run> {
  return startProcess(command, args, env, cwd).ended;
}

/** What a process has used so far; undefined where that is not to be known. */
function usageOf(pid: number | undefined): Omit<Run, 'seconds'> | undefined {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    const time = pid === undefined ? undefined : cpuTimeOf(pid);
    // VmHWM: the most that was ever resident. It is missing when the process has ended and nobody has taken note yet.
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
    return kilobytes === undefined || time === undefined
      ? undefined
      : { cpuSeconds: time.own + time.children, peakMegabytes: Number(kilobytes) / 1024 };
  } catch {
    // Another system, or it ended between the two calls.
    return undefined;
  }
}
