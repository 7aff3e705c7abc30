import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { MedallionError } from '../errors.ts';

/**
 * Asks for a password on the terminal, twice, without showing it.
 * @throws MedallionError usage (no terminal, two answers that differ, none), interrupted
 */
export async function askPassword(question: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new MedallionError('usage', 'there is no terminal to ask for a password on', {
      hint: 'Put it into the environment: MEDALLION_ROLE_PASSWORD.',
    });
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
  const ask = async (text: string): Promise<string> => {
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
    const password = await ask(question);
    if (password === '') {
      throw new MedallionError('usage', 'an empty password is none; nothing was changed');
    }
    if ((await ask('The same again: ')) !== password) {
      throw new MedallionError('usage', 'the two passwords differ; nothing was changed');
    }
    return password;
  } finally {
    terminal.close();
  }
}
