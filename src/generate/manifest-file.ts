import { constants } from 'node:fs';
import { access, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { storageError } from '../log/landing/storage-error.ts';
import type { Manifest } from './generate.ts';

/**
 * Finds out before the work whether the manifest can be written after it.
 * @throws MedallionError storage
 */
export async function checkManifestFile(file: string): Promise<void> {
  try {
    await access(path.dirname(file), constants.W_OK);
  } catch (error) {
    throw storageError(file, error);
  }
}

/**
 * Writes a manifest as JSON, whole or not at all.
 * @throws MedallionError storage
 */
export async function writeManifest(file: string, manifest: Manifest): Promise<void> {
  const partial = `${file}.${String(process.pid)}.partial`;
  try {
    await writeFile(partial, `${render(manifest)}\n`);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw storageError(file, error);
  }
}

/** JSON to look at: a line for each row of a table, other values indented. */
function render(value: unknown, indent = ''): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const rows = value.map((row) => `${deeper}${JSON.stringify(row)}`);
    return rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${deeper}${JSON.stringify(name)}: ${render(member, deeper)}`);
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
