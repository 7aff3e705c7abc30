import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { throwIfInterrupted } from '../../errors.ts';

/** What the process of xlsx-process.ts does. */
export interface XlsxJob {
  readonly memoryLimit: string;
  /** For what does not fit in memory. */
  readonly folder: string;
  readonly statements: readonly string[];
}

/** What it says: that the next statement is done, or why one is not. */
export type XlsxAnswer = { readonly done: true } | { readonly failed: string };

const PROGRAM = fileURLToPath(import.meta.url).replace(/xlsx(?=\.[jt]s$)/, 'xlsx-process');

/**
 * Runs statements that write xlsx files, in a DuckDB and a process of their own: where a write fails, as on a full disk,
 * the extension does not say so but ends the process (an exception in a destructor).
 * @param onDone tells of each statement in turn
 * @throws MedallionError interrupted; what DuckDB says, as an Error
 */
export async function runXlsxJob(
  job: XlsxJob,
  signal: AbortSignal,
  onDone: () => void,
): Promise<void> {
  throwIfInterrupted(signal);
  // Where the system keeps an image of a process that ended so, it goes with the folder.
  const child = fork(PROGRAM, {
    cwd: job.folder,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  });
  let complaint = '';
  let failure: Error | undefined;
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4000);
  });
  child.on('error', (error) => {
    failure ??= error;
  });
  child.on('message', (answer: XlsxAnswer) => {
    if ('failed' in answer) {
      failure ??= new Error(answer.failed);
      return;
    }
    try {
      onDone();
    } catch (error) {
      failure ??= error as Error;
      child.kill('SIGKILL');
    }
  });
  child.send(job);
  const [code, signalName] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve) => {
      child.on('close', (...ending) => {
        resolve(ending);
      });
    },
  );
  throwIfInterrupted(signal);
  if (failure !== undefined) {
    throw failure;
  }
  if (code !== 0) {
    throw new Error(lastWords(complaint) ?? `${PROGRAM} ended by ${String(signalName ?? code)}`);
  }
}

/** What the exception said that ended the process; the C++ runtime prints it, as DuckDB wraps it. */
function lastWords(complaint: string): string | undefined {
  const text = /"exception_message":("(?:[^"\\]|\\.)*")/.exec(complaint)?.[1];
  return text === undefined ? undefined : `IO Error: ${String(JSON.parse(text))}`;
}
