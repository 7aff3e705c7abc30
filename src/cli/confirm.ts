import { createInterface } from 'node:readline/promises';
import { MedallionError, usageError } from '../errors.ts';

/** The command that asks, and what it does, for its messages: reset, drops, dropped. */
export interface Asking {
  readonly command: string;
  readonly does: string;
  readonly done: string;
  /** What was answered on the command line. */
  readonly yes: boolean;
}

/**
 * Asks on the terminal; anything but a yes is a no.
 * @throws MedallionError interrupted, on a no; usage, without a terminal
 */
export async function confirm(
  question: string,
  { command, does, done, yes }: Asking,
  signal: AbortSignal,
): Promise<void> {
  if (yes) {
    return;
  }
  if (!process.stdin.isTTY) {
    throw usageError(
      `${command} asks before it ${does} anything, but there is no terminal to ask in`,
      'To do it without the question, add --yes.',
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) {
      throw new MedallionError('interrupted', `nothing was ${done}`);
    }
  } catch (error) {
    throw signal.aborted ? new MedallionError('interrupted', `nothing was ${done}`) : error;
  } finally {
    terminal.close();
  }
}
