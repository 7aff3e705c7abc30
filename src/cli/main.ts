import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { execute, INTERRUPTED, report, type Terminal } from './execute.ts';
import { isReaderGone, outputError, READER_GONE } from './output-failure.ts';
import { argumentsForRecord } from './secrets.ts';
import { standardInput } from './stdin.ts';

async function main(): Promise<void> {
  hideArguments();
  const interrupt = new AbortController();
  let signals = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      signals += 1;
      interrupt.abort();
      // A second signal does not wait for the batch in hand; every commit is atomic, so nothing is lost. An exit would
      // wait for DuckDB's threads, which may wait for PostgreSQL; to a shell this death is 130, too.
      if (signals > 1) {
        process.removeAllListeners('SIGINT');
        process.kill(process.pid, 'SIGINT');
        // The first process of a container does not die of its own signals.
        process.exit(INTERRUPTED);
      }
    });
  }
  const terminal: Terminal = {
    ...{ args: process.argv.slice(2), env: process.env, workingFolder },
    ...{ stdin: standardInput(), stdout: process.stdout, stderr: process.stderr },
    signal: interrupt.signal,
  };
  // Output that fails ends the work as a signal does, so that what it opened is closed. How the process ends is decided
  // then: what the interrupted work fails by is nothing new.
  const stop = (exitCode: number): void => {
    process.exitCode = exitCode;
    interrupt.abort();
  };
  process.stdout.on('error', (error: Error) => {
    if (process.exitCode === undefined) {
      stop(isReaderGone(error) ? READER_GONE : report(outputError(error), terminal));
    }
  });
  const failOnce = (error: unknown): number => {
    process.exitCode ??= report(error, terminal);
    return Number(process.exitCode);
  };
  // On a full disk only notes are lost here.
  process.stderr.on('error', (error: Error) => {
    if (isReaderGone(error)) {
      stop(READER_GONE);
    }
  });

  const code = await execute(terminal, failOnce);
  process.exitCode ??= code;
}

/**
 * The folder that relative paths, .env and the configuration file are looked for in. Without it a command would run with
 * other settings than those of its folder.
 * @throws MedallionError usage
 */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    const isGone = codeOf(error) === 'ENOENT';
    throw new MedallionError(
      'usage',
      isGone
        ? 'the working folder was deleted'
        : `the working folder cannot be read: ${messageOf(error)}`,
      { hint: 'Change to another folder (cd), and run the command again.', cause: error },
    );
  }
}

/** A password given in a URL on the command line is not to be read in the list of processes while the command runs. */
function hideArguments(): void {
  const given = process.argv.slice(2);
  const shown = argumentsForRecord(given);
  if (shown.some((arg, index) => arg !== given[index])) {
    process.title = ['medallion', ...shown].join(' ');
  }
}

await main();
