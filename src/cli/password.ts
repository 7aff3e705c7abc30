import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { MedallionError, usageError } from '../errors.ts';

type Ask = (question: string) => Promise<string>;

/**
 * Asks for a new password on the terminal, twice, without showing it.
 * @throws MedallionError usage (no terminal, two answers that differ, none), interrupted
 */
export async function askNewPassword(question: string, signal: AbortSignal): Promise<string> {
  return withHiddenInput(
    'Set the password in the environment: MEDALLION_ROLE_PASSWORD.',
    signal,
    async (ask) => {
      const password = await ask(question);
      if (password === '') {
        throw usageError('the password is empty; nothing was changed');
      }
      if ((await ask('Enter it again: ')) !== password) {
        throw usageError('the two passwords differ; nothing was changed');
      }
      return password;
    },
  );
}

/**
 * Asks for a password that exists, without showing it.
 * @param otherwise where else it can be said, for who has no terminal
 * @throws MedallionError usage (no terminal), interrupted
 */
export async function askPassword(
  question: string,
  otherwise: string,
  signal: AbortSignal,
): Promise<string> {
  return withHiddenInput(otherwise, signal, (ask) => ask(question));
}

async function withHiddenInput<T>(
  otherwise: string,
  signal: AbortSignal,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  if (!process.stdin.isTTY) {
    throw usageError('there is no terminal to ask for a password in', otherwise);
  }
  const silence = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output: silence, terminal: true });
  // On a terminal of its own readline takes Ctrl-C for itself.
  const interrupted = new AbortController();
  terminal.on('SIGINT', () => {
    interrupted.abort();
  });
  const ask: Ask = async (text) => {
    process.stderr.write(text);
    try {
      return await terminal.question('', {
        signal: AbortSignal.any([signal, interrupted.signal]),
      });
    } catch (error) {
      throw new MedallionError('interrupted', 'interrupted', { cause: error });
    } finally {
      process.stderr.write('\n');
    }
  };
  try {
    return await work(ask);
  } finally {
    terminal.close();
  }
}
