/**
 * Checks the licences of what an installation of medallion brings along, as the lockfile names them.
 * Exit code 1 when one is not on the list, or none is named.
 */
import { readFileSync } from 'node:fs';

const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'PostgreSQL',
]);

const lockfile = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const installed = Object.entries(lockfile.packages).filter(
  ([place, { dev }]) => place !== '' && !dev,
);

/** An SPDX expression of which one choice is enough (OR) and all parts are needed (AND). */
function isAllowed(licence = '') {
  const choices = licence.replaceAll(/[()]/g, '').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((part) => ALLOWED.has(part)));
}

const refused = installed.filter(([, { license }]) => !isAllowed(license));
for (const [place, { license, version }] of refused) {
  process.stderr.write(`${place} ${version}: ${license ?? 'names no licence'}\n`);
}
process.stdout.write(
  `licences: ${installed.length - refused.length} of ${installed.length} packages are free to use (${[...ALLOWED].join(', ')})\n`,
);
process.exitCode = refused.length === 0 ? 0 : 1;
