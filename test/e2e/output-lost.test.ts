import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { embeddedStatus } from '../../src/embedded/server.ts';
import { runCommand, runShell } from '../support/cli.ts';
import { createTestHome, type TestHome } from '../support/home.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let home: TestHome;
let folder: string;

beforeAll(async () => {
  home = await createTestHome();
  folder = path.dirname(home.path);
  const env = { MEDALLION_HOME: home.path };
  for (const args of [['generate', '-n', '3000', '--malformed', '10%'], ['ingest'], ['promote']]) {
    expect(await runCommand(args, { env, cwd: folder }), args[0]).toMatchObject({ code: 0 });
  }
});

afterAll(async () => {
  await home.remove();
});

/** Runs a script on the embedded server, which must be down afterwards. */
async function runAlone(script: string): Promise<{ code: number | null; stderr: string }> {
  const { code, stderr } = await runShell(script, {
    env: { MEDALLION_HOME: home.path },
    cwd: folder,
  });
  expect(await embeddedStatus(home.path), script).toMatchObject({ state: 'stopped', users: 0 });
  return { code, stderr };
}

// More than a pipe holds, so that each of them still writes when its reader has gone.
test.each([
  'sql "select generate_series(1, 400000)"',
  'sql "select generate_series(1, 400000)" --output csv',
  'generate -n 50000 --to -',
  'export fact_transaction_items --to csv --out -',
  'quarantine export --to -',
  'report --html -',
])('a reader that goes ends "%s" as SIGPIPE would, and the server with it', async (command) => {
  const before = (await readdir(tmpdir())).filter((name) => name.startsWith('medallion-export-'));
  const { code, stderr } = await runAlone(
    `{ medallion ${command} --quiet; echo "exit $?" >&2; } | head -n 1 > /dev/null`,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'exit 141\n' });
  const after = (await readdir(tmpdir())).filter((name) => name.startsWith('medallion-export-'));
  expect(after).toEqual(before);
});

test('a reader of notes and errors that goes ends a command in the same way', async () => {
  const { stderr } = await runAlone(
    `exec 3>&2; { sleep 1; medallion sql "select 1" 2>&1 >/dev/null; echo "exit $?" >&3; } | true`,
  );
  expect(stderr).toBe('exit 141\n');
});

test('a generation that was broken off by its reader is recorded as interrupted', async () => {
  const env = { MEDALLION_HOME: home.path };
  await runShell('medallion generate -n 50000 --to - | head -n 1', { env, cwd: folder });
  const { stdout } = await runCommand(['runs', '--limit', '1', '--output', 'json'], {
    env,
    cwd: folder,
  });
  expect(JSON.parse(stdout)).toMatchObject([{ command: 'generate', outcome: 'interrupted' }]);
});

test.runIf(existsSync('/dev/full'))(
  'results that do not fit on a disk are a failure, notes are not; the server stops',
  async () => {
    const failed = await runAlone('medallion sql "select 1" > /dev/full');
    expect(failed.code).toBe(3);
    expect(failed.stderr).toMatch(
      /^error: cannot write stdout: the disk is full\n {2}Free some space/m,
    );
    expect(await runAlone('medallion sql "select 1" 2> /dev/full')).toMatchObject({ code: 0 });
  },
);
