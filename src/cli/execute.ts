import { CommanderError } from 'commander';
import { dropVariables } from '../config/libpq.ts';
import { readEnvironment } from '../config/load.ts';
import { MedallionError, messageOf } from '../errors.ts';
import { runWith } from './command.ts';
import { createContext, type Streams } from './context.ts';
import { createProgram } from './program.ts';
import { palette, wantsColor } from './render/color.ts';
import { visible } from './render/text.ts';
import { withoutSecrets } from './secrets.ts';

/** What a command line runs in. */
export interface Terminal extends Streams {
  readonly args: readonly string[];
  /** libpq's variables that are not to count are taken out of it. */
  readonly env: NodeJS.ProcessEnv;
  /** @throws MedallionError usage where there is none any more */
  readonly workingFolder: () => string;
  readonly signal: AbortSignal;
}

export const INTERRUPTED = 130;

/**
 * Runs a command line to its end.
 * @param fail prints what it fails by, and gives the exit code
 */
export async function execute(
  terminal: Terminal,
  fail = (error: unknown): number => report(error, terminal),
): Promise<number> {
  const { args, env, signal } = terminal;
  try {
    const run = runWith((flags) => {
      const cwd = terminal.workingFolder();
      const environment = readEnvironment(cwd, env, flags.config);
      // What is to count of libpq's variables is known now; libpq itself, within DuckDB, would heed them all.
      dropVariables(env);
      return createContext(flags, environment, cwd, terminal);
    });
    const isBrief = args.includes('-h') && !args.includes('--help');
    const program = await createProgram(run, { line: args, isBrief, streams: terminal });
    await program.parseAsync(args, { from: 'user' });
    return signal.aborted ? INTERRUPTED : 0;
  } catch (error) {
    return fail(error);
  }
}

/** Prints a failure for the person who ran the command and returns the exit code. */
export function report(error: unknown, { stderr, env }: Pick<Terminal, 'stderr' | 'env'>): number {
  const colors = palette(wantsColor(stderr, env));
  if (error instanceof CommanderError) {
    // commander has printed it already; its own code is 1 for every bad usage.
    return error.exitCode === 0 ? 0 : 2;
  }
  const shown = (text: string): string => visible(withoutSecrets(text), { lines: true });
  if (error instanceof MedallionError) {
    const { code, message, hint, exitCode } = error;
    if (code !== 'interrupted') {
      const advice = hint === undefined ? '' : `  ${shown(hint).replaceAll('\n', '\n  ')}\n`;
      stderr.write(`${colors.red('error:')} ${shown(message)}\n${advice}`);
    }
    return exitCode;
  }
  const trace = error instanceof Error ? error.stack : undefined;
  stderr.write(
    `${colors.red('defect:')} ${shown(trace ?? messageOf(error))}\n` +
      '  This is a bug in medallion, not in your data. Please report it with the lines above.\n',
  );
  return 1;
}
