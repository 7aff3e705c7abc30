/**
 * Asks the registry for known vulnerabilities of what an installation of medallion brings along. One of severity high or
 * more fails. A registry that takes no such questions (mirrors often do not) is no vulnerability and no all-clear: that is
 * said, and does not fail, unless AUDIT_REQUIRED is set, as it is to be where releases are made.
 */
import { spawnSync } from 'node:child_process';

const { stdout, stderr, error } = spawnSync(
  process.platform === 'win32' ? 'npm.cmd' : 'npm',
  ['audit', '--omit=dev', '--audit-level=high', '--json'],
  { encoding: 'utf8', timeout: 120_000 },
);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const report = parse(stdout ?? '');
const counts = report.metadata?.vulnerabilities;
if (counts === undefined) {
  const why = report.message ?? report.error?.summary ?? error?.message ?? stderr?.trim();
  process.stderr.write(`NOT AUDITED: the registry did not answer: ${why || 'no reason given'}\n`);
  process.exitCode = process.env.AUDIT_REQUIRED ? 1 : 0;
} else {
  for (const { name, severity, range } of Object.values(report.vulnerabilities ?? {})) {
    process.stderr.write(`${severity}: ${name} ${range}\n`);
  }
  process.stdout.write(
    `audit: ${counts.high} high, ${counts.critical} critical, ${counts.total} in all\n`,
  );
  process.exitCode = counts.high + counts.critical === 0 ? 0 : 1;
}
