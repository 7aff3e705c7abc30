import { fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { MedallionError } from '../errors.ts';

/**
 * What a command reads from. Node takes a folder for an empty stream, and a command that reads nothing from one would
 * be done: reading it fails instead.
 */
export function standardInput(): Readable {
  return isFolder()
    ? new Readable({
        read() {
          this.destroy(
            new MedallionError('input', 'standard input is a folder', {
              hint: 'Nothing was read. Give it a file (< FILE), or the output of a command: cat FOLDER/*.ndjson | medallion ..',
            }),
          );
        },
      })
    : process.stdin;
}

function isFolder(): boolean {
  try {
    // As big integers: Node takes the last plain stat for one of its own where it looks for the real path of a module, and
    // does not look on behind a pipe.
    return fstatSync(0, { bigint: true }).isDirectory();
  } catch {
    // Closed: Node has opened something empty in its place, or says so itself.
    return false;
  }
}
