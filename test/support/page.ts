import { CommanderError } from 'commander';
import { createContext, type Output } from '../../src/cli/context.ts';
import { createProgram } from '../../src/cli/program.ts';
import { runWith } from '../../src/cli/run-command.ts';
import type { Environment } from '../../src/config.ts';
import { MedallionError } from '../../src/errors.ts';

export interface PageOptions {
  readonly env: Environment;
  readonly cwd: string;
  /** Columns of the terminal. */
  readonly width: number;
}

/**
 * What a command writes to a terminal so wide, without colours, progress and notes. It runs in this process, which saves
 * starting one for each of many commands; a failure that medallion foresees is no failure here.
 */
export async function pageOf(
  args: readonly string[],
  { env, cwd, width }: PageOptions,
): Promise<string> {
  let text = '';
  const output: Output = {
    isTTY: true,
    columns: width,
    write: (chunk: string | Uint8Array, done: () => void): boolean => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      done();
      return true;
    },
  };
  const { signal } = new AbortController();
  const environment = { env: { ...env, NO_COLOR: '1' }, fromDotEnv: new Set<string>() };
  const program = await createProgram(
    runWith((flags) => createContext(flags, environment, cwd, signal, output)),
  );
  try {
    await program.parseAsync([...args, '--quiet'], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError || !(error instanceof MedallionError)) {
      throw error;
    }
  }
  return text;
}
