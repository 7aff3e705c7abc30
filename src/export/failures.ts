import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { ofPartial, storageError } from '../whole-file.ts';

/**
 * A failure of an export as an error for people.
 * @param place the file or folder to name where the failure itself names none
 */
export function exportError(error: unknown, place: string): unknown {
  const [, table] = /(?:relation|schema) "([^"]+)" does not exist/i.exec(messageOf(error)) ?? [];
  if (table !== undefined) {
    return new MedallionError('not_found', `there is no ${table} yet`, {
      hint: 'Nothing was written. To make and fill the tables: medallion promote',
      cause: error,
    });
  }
  const [column] = /column "[^"]+" does not exist/i.exec(messageOf(error)) ?? [];
  if (column !== undefined) {
    return new MedallionError('model', `a table does not match its model: ${column}`, {
      hint: 'Nothing was written. To see what differs, and what to do: medallion promote --plan',
      cause: error,
    });
  }
  const isOfFile = error instanceof Error && codeOf(error) !== undefined && 'path' in error;
  const file = isOfFile ? String(error.path) : place;
  return storageError(ofPartial(file)?.target ?? file, error);
}
