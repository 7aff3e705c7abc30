import { codeOf, MedallionError } from '../errors.ts';
import { storageError } from '../whole-file.ts';

/** Exit code of a process whose reader has gone (`| head -1`): what a shell reports for a death by SIGPIPE. */
export const READER_GONE = 141;

/** A reader that closed the pipe has all it wants: its going is no fault. */
export function isReaderGone(error: unknown): boolean {
  return codeOf(error) === 'EPIPE';
}

/** A failed write to stdout as what ends the work: an interruption where nobody reads any more, else an error for people. */
export function outputError(error: Error): Error {
  return isReaderGone(error)
    ? new MedallionError('interrupted', 'the program that read the output has closed it', {
        cause: error,
      })
    : (storageError('stdout', error) as Error);
}
