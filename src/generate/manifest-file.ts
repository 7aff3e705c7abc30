import { writeWhole } from '../whole-file.ts';
import type { Manifest } from './generate.ts';

/**
 * Writes a manifest as JSON, whole or not at all.
 * @throws MedallionError storage
 */
export async function writeManifest(file: string, manifest: Manifest): Promise<void> {
  await writeWhole(file, `${render(manifest)}\n`);
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
