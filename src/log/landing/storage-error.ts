import { codeOf, MedallionError, messageOf } from '../../errors.ts';

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Make room, then run the command again.'],
  EDQUOT: ['the disk quota is used up', 'Make room, then run the command again.'],
  EFBIG: [
    'the file has reached the size limit',
    'Raise the limit (ulimit -f), or write elsewhere.',
  ],
  EACCES: ['permission denied', 'Choose a place that you may write to.'],
  EPERM: ['permission denied', 'Choose a place that you may write to.'],
  EROFS: ['the file system is read-only', 'Choose a place that you may write to.'],
  ENOENT: ['the folder does not exist', 'Make the folder first, or choose another one.'],
  ENOTDIR: ['a part of the path is not a folder', 'Choose another path.'],
  EEXIST: ['a part of the path is not a folder', 'Choose another path.'],
  ENOTSUP: ['the file system takes no folders there', 'Choose another place.'],
  EISDIR: ['it is a folder', 'Name a file.'],
};

/** A failed write as an error for people; anything but a system error is a defect and stays what it is. */
export function storageError(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof MedallionError || code === undefined) {
    return error;
  }
  const [what, hint] = REASONS[code] ?? [messageOf(error), undefined];
  return new MedallionError('storage', `cannot write ${file}: ${what}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
