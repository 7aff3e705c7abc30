import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBroker } from '../../scripts/kafka-broker/broker.ts';

/** What the workers of one test run need to share one broker: the first that asks starts it. */
export interface KafkaRun {
  readonly folder: string;
  /** The process of the whole run; the broker does not outlive it. */
  readonly ownerPid: number;
}

declare module 'vitest' {
  interface ProvidedContext {
    kafka: KafkaRun;
  }
}

interface SharedBroker {
  readonly brokers: string;
  readonly pid: number;
}

const WAIT_MS = 180_000;

/** Called once, by the global setup: nothing is started yet. */
export async function prepareKafkaRun(): Promise<KafkaRun> {
  return {
    folder: await mkdtemp(path.join(tmpdir(), 'medallion-kafka-')),
    ownerPid: process.pid,
  };
}

/** host:port of the run's broker, started by the first caller of any worker. */
export async function sharedBroker(run: KafkaRun): Promise<string> {
  const stateFile = path.join(run.folder, 'broker.json');
  const failureFile = path.join(run.folder, 'failure.txt');
  const isFirst = await mkdir(path.join(run.folder, 'claimed')).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    try {
      const { brokers, pid } = await startBroker({
        isBrief: true,
        dir: path.join(run.folder, 'broker'),
        ownerPid: run.ownerPid,
      });
      await writeFile(`${stateFile}.new`, JSON.stringify({ brokers, pid } satisfies SharedBroker));
      await rename(`${stateFile}.new`, stateFile);
    } catch (error) {
      await writeFile(failureFile, String(error));
      throw error;
    }
  }
  const deadline = Date.now() + WAIT_MS;
  while (!existsSync(stateFile)) {
    if (existsSync(failureFile)) {
      throw new Error(await readFile(failureFile, 'utf8'));
    }
    if (Date.now() > deadline) {
      throw new Error('the Kafka broker of this test run has not come up');
    }
    await delay(50);
  }
  return (await readState(stateFile)).brokers;
}

/** Called once, when the run has ended: stops the broker if any test started it, and removes its data. */
export async function stopSharedBroker(run: KafkaRun): Promise<void> {
  const stateFile = path.join(run.folder, 'broker.json');
  if (existsSync(stateFile)) {
    // Nobody needs its data again, so it need not shut down in order.
    const { pid } = await readState(stateFile);
    for (let signal: NodeJS.Signals | 0 = 'SIGKILL'; isSignalled(pid, signal); signal = 0) {
      await delay(20);
    }
  }
  await rm(run.folder, { recursive: true, force: true });
}

function isSignalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function readState(file: string): Promise<SharedBroker> {
  return JSON.parse(await readFile(file, 'utf8')) as SharedBroker;
}
