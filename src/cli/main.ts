import { CommanderError } from 'commander';
import { dropVariables } from '../config/libpq.ts';
import { readEnvironment } from '../config/load.ts';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { createContext } from './context.ts';
import { isReaderGone, outputError, READER_GONE } from './output-failure.ts';
import { createProgram } from './program.ts';
import { palette, wantsColor } from './render/color.ts';
import { visible } from './render/text.ts';
import { runWith } from './run-command.ts';
import { argumentsForRecord, withoutSecrets } from './secrets.ts';

const INTERRUPTED = 130;

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
  // Output that fails ends the work as a signal does, so that what it opened is closed. How the process ends is decided
  // then: what the interrupted work fails by is nothing new.
  const stop = (exitCode: number): void => {
    process.exitCode = exitCode;
    interrupt.abort();
  };
  process.stdout.on('error', (error: Error) => {
    if (process.exitCode === undefined) {
      stop(isReaderGone(error) ? READER_GONE : report(outputError(error)));
    }
  });
  // On a full disk only notes are lost here.
  process.stderr.on('error', (error: Error) => {
    if (isReaderGone(error)) {
      stop(READER_GONE);
    }
  });

  try {
    const run = runWith((flags) => {
      const cwd = workingFolder();
      const environment = readEnvironment(cwd, process.env, flags.config);
      // What is to count of libpq's variables is known now; libpq itself, within DuckDB, would heed them all.
      dropVariables(process.env);
      return createContext(flags, environment, cwd, interrupt.signal);
    });
    const isBrief = process.argv.includes('-h') && !process.argv.includes('--help');
    const program = await createProgram(run, { first: process.argv[2], isBrief });
    await program.parseAsync();
    if (interrupt.signal.aborted && process.exitCode === undefined) {
      process.exitCode = INTERRUPTED;
    }
  } catch (error) {
    process.exitCode ??= report(error);
  }
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

/** Prints a failure for the person who ran the command and returns the exit code. */
function report(error: unknown): number {
  const colors = palette(wantsColor(process.stderr, process.env));
  if (error instanceof CommanderError) {
    // commander has printed it already; its own code is 1 for every bad usage.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof MedallionError) {
    if (error.code !== 'interrupted') {
      process.stderr.write(
        `${colors.red('error:')} ${visible(withoutSecrets(error.message), { lines: true })}\n`,
      );
      if (error.hint !== undefined) {
        process.stderr.write(
          `  ${visible(withoutSecrets(error.hint), { lines: true }).replaceAll('\n', '\n  ')}\n`,
        );
      }
    }
    return error.exitCode;
  }
  const trace = error instanceof Error ? error.stack : undefined;
  const told = visible(withoutSecrets(trace ?? messageOf(error)), { lines: true });
  process.stderr.write(`${colors.red('defect:')} ${told}\n`);
  process.stderr.write(
    '  This is a bug in medallion, not in your data. Please report it with the lines above.\n',
  );
  return 1;
}

await main();
