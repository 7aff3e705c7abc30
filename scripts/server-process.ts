import { randomInt } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const STOP_TIMEOUT_MS = 20_000;
/** Below the ports that systems hand out for outgoing connections, so that a port stays free over a restart. */
const PORTS = { from: 20_000, to: 30_000 };

export interface ServerOptions {
  /** How messages call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Whether it serves by now; what it has logged so far may tell. */
  readonly isReady: (log: string) => boolean | Promise<boolean>;
  readonly timeoutMs: number;
  /** The process without which the server has no purpose: it stops when that one is gone. */
  readonly ownerPid?: number;
}

export interface ServerProcess {
  readonly pid: number;
  /** A clean end. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/** Starts a server, in a process group of its own, and resolves once it serves. Throws an Error with the end of its log. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const {
    name,
    command,
    args,
    env,
    cwd,
    logFile,
    isReady,
    timeoutMs,
    ownerPid = process.pid,
  } = options;
  const log = openSync(logFile, 'w');
  const child = spawn(command, args, {
    ...{ cwd, detached: true, stdio: ['ignore', log, log] },
    env: { ...process.env, ...env },
  });
  closeSync(log);
  child.unref();
  child.on('error', () => undefined);
  stopWithOwner(ownerPid, child.pid);
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady(readFileSync(logFile, 'utf8')))) {
    if (hasEnded(child) || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
    }
    await delay(50);
  }
  return {
    pid: child.pid ?? -1,
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  };
}

/** A server whose owner was killed would stay for ever, and hold its memory: a shell looks after it. */
function stopWithOwner(owner: number, server: number | undefined): void {
  const watch = 'while kill -0 "$0" && kill -0 "$1"; do sleep 1; done; kill "$1"';
  spawn('sh', ['-c', watch, String(owner), String(server)], {
    detached: true,
    stdio: 'ignore',
  }).unref();
}

/** Whether somebody listens at a port of loopback. */
export async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  child.kill(signal);
  while (!hasEnded(child)) {
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
    }
    await delay(20);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** A port of loopback that nobody listens at. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(true);
        });
      });
    });
    if (isFree) {
      return port;
    }
  }
}
