import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  realpath,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/progress.ts';
import { connect, withClient, type Client } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { clusterAt } from '../../src/embedded/cluster.ts';
import { runningPostmaster } from '../../src/embedded/postmaster.ts';
import {
  acquireEmbeddedServer,
  embeddedStatus,
  keepServerRunning,
  stopEmbeddedServer,
} from '../../src/embedded/server.ts';
import { runCli, runShell, spawnCli } from '../support/cli.ts';
import { createTestHome, type TestHome } from '../support/home.ts';

const AS_ROOT = process.getuid?.() === 0;
const homes: TestHome[] = [];

/** A home that is removed after the test, its server stopped. */
async function newHome(): Promise<string> {
  const home = await createTestHome();
  homes.push(home);
  return home.path;
}

afterEach(async () => {
  for (const home of homes.splice(0)) {
    await home.remove();
  }
});

function newContext(): {
  signal: AbortSignal;
  emit: (event: ProgressEvent) => void;
  events: ProgressEvent[];
} {
  const events: ProgressEvent[] = [];
  return { signal: new AbortController().signal, emit: (event) => events.push(event), events };
}

async function waitFor(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`${what} did not come true`);
    }
    await sleep(20);
  }
}

async function ask(settings: ConnectionSettings, sql: string): Promise<unknown[]> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.flatMap((row) => Object.values(row));
  });
}

async function serverPid(home: string): Promise<number | undefined> {
  const cluster = await realpath(path.join(home, 'postgres/cluster')).catch(() => undefined);
  return cluster === undefined ? undefined : (await runningPostmaster(clusterAt(cluster)))?.pid;
}

describe('one process', () => {
  test('makes a server on first use, on loopback only, with a password that nobody else can read', async () => {
    const home = await newHome();
    expect(await embeddedStatus(home)).toMatchObject({ state: 'absent', users: 0, kept: false });
    const context = newContext();
    const server = await acquireEmbeddedServer(home, context);
    const { settings } = server;

    expect(context.events.map((event) => event.type)).toEqual(['step.started', 'step.finished']);
    expect(settings).toMatchObject({ host: '127.0.0.1', database: 'medallion' });
    const shown = await Promise.all(
      [
        'listen_addresses',
        'unix_socket_directories',
        'fsync',
        'synchronous_commit',
        'server_encoding',
        'TimeZone',
      ].map((name) => ask(settings, `select current_setting('${name}')`)),
    );
    expect(shown.flat()).toEqual(['127.0.0.1', '', 'on', 'on', 'UTF8', 'UTC']);
    const [password] = (await readdir(path.join(home, 'postgres/cluster'))).filter(
      (name) => name === 'password',
    );
    expect((await stat(path.join(home, 'postgres/cluster', password ?? ''))).mode & 0o777).toBe(
      0o600,
    );
    await expect(ask({ ...settings, password: 'wrong' }, 'select 1')).rejects.toMatchObject({
      code: 'denied',
    });
    await expect(ask({ ...settings, password: undefined }, 'select 1')).rejects.toThrow();
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal);
    if (outside !== undefined) {
      await expect(ask({ ...settings, host: outside.address }, 'select 1')).rejects.toMatchObject({
        code: 'unreachable',
      });
    }
    expect(await embeddedStatus(home)).toMatchObject({ state: 'running', users: 1, settings });

    await server.release();
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
    await expect(ask(settings, 'select 1')).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('finds its data, its password and its port again', async () => {
    const home = await newHome();
    const first = await acquireEmbeddedServer(home, newContext());
    await ask(first.settings, `create table kept as select 'still here' as word`);
    await first.release();
    const second = await acquireEmbeddedServer(home, newContext());
    expect(second.settings).toEqual(first.settings);
    expect(await ask(second.settings, 'select word from kept')).toEqual(['still here']);
    await second.release();
  });

  test('says nothing of a start when the server is up; releasing twice is releasing once', async () => {
    const home = await newHome();
    const first = await acquireEmbeddedServer(home, newContext());
    const context = newContext();
    const second = await acquireEmbeddedServer(home, context);
    expect(context.events).toEqual([]);
    await second.release();
    await second.release();
    expect(await ask(first.settings, 'select 1')).toEqual(['1']);
    await first.release();
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
  });

  test('takes another port when its own is taken', async () => {
    const home = await newHome();
    const first = await acquireEmbeddedServer(home, newContext());
    await first.release();
    const squatter = createServer().listen(first.settings.port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await acquireEmbeddedServer(home, newContext());
      expect(second.settings.port).not.toBe(first.settings.port);
      expect(await ask(second.settings, 'select 1')).toEqual(['1']);
      await second.release();
    } finally {
      squatter.close();
    }
  });
});

describe('several processes', () => {
  test('that begin at once on an empty home share one server; the last one out stops it', async () => {
    const home = await newHome();
    const results = await Promise.all(
      [0, 0.2, 0.4].map((seconds) =>
        runCli([
          'sql',
          `select pg_postmaster_start_time(), pg_sleep(${String(seconds)})`,
          '--home',
          home,
          '-o',
          'csv',
        ]),
      ),
    );
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      results.map(() => ({
        code: 0,
        stderr: expect.stringContaining('starting PostgreSQL') as string,
      })),
    );
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
    expect((await readdir(path.join(home, 'postgres'))).sort()).toEqual([
      'cluster',
      'port',
      'server.log',
    ]);
  });

  test('that come and go never lose the server under their hands', async () => {
    const home = await newHome();
    const visit = async (): Promise<void> => {
      for (let i = 0; i < 6; i += 1) {
        const server = await acquireEmbeddedServer(home, newContext());
        try {
          expect(await ask(server.settings, 'select 1')).toEqual(['1']);
        } finally {
          await server.release();
        }
      }
    };
    await Promise.all([visit(), visit(), visit()]);
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
  });

  test('one killed leaves the server to the next, which stops it', async () => {
    const home = await newHome();
    const holder = spawnCli(['sql', 'select pg_sleep(60)', '--home', home]);
    await waitFor(async () => (await embeddedStatus(home)).users === 1, 'the lease');
    const pid = await serverPid(home);
    holder.child.kill('SIGKILL');
    await holder.result;
    await waitFor(async () => (await embeddedStatus(home)).users === 0, 'the end of the lease');
    const server = await acquireEmbeddedServer(home, newContext());
    expect(await serverPid(home)).toBe(pid);
    await server.release();
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
  });

  test('a first command killed while it makes the cluster leaves no half of one', async () => {
    const home = await newHome();
    const first = spawnCli(['db', 'start', '--home', home]);
    await waitFor(async () => {
      const names = await readdir(path.join(home, 'postgres')).catch(() => []);
      return names.some((name) => name.startsWith('initdb-'));
    }, 'the start of initdb');
    first.child.kill('SIGKILL');
    await first.result;
    const server = await acquireEmbeddedServer(home, newContext());
    expect(await ask(server.settings, 'select 1')).toEqual(['1']);
    await server.release();
  });
});

describe('kept up', () => {
  test('it stays when the last command has gone, until it is stopped', async () => {
    const home = await newHome();
    const settings = await keepServerRunning(home, newContext());
    const server = await acquireEmbeddedServer(home, newContext());
    await server.release();
    expect(await ask(settings, 'select 1')).toEqual(['1']);
    expect(await embeddedStatus(home)).toMatchObject({ state: 'running', kept: true, users: 0 });
    expect(await stopEmbeddedServer(home, newContext())).toBe(0);
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped', kept: false });
    expect(await stopEmbeddedServer(home, newContext())).toBeUndefined();
  });

  test('stopped while a command uses it, it goes down with that command', async () => {
    const home = await newHome();
    await keepServerRunning(home, newContext());
    const server = await acquireEmbeddedServer(home, newContext());
    expect(await stopEmbeddedServer(home, newContext())).toBe(1);
    expect(await ask(server.settings, 'select 1')).toEqual(['1']);
    await server.release();
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
  });

  test.runIf(process.platform === 'linux')(
    'it has left the terminal of the command that started it',
    async () => {
      const home = await newHome();
      await keepServerRunning(home, newContext());
      const pid = await serverPid(home);
      const fields = (await readFile(`/proc/${String(pid)}/stat`, 'utf8'))
        .replace(/^.*\) /, '')
        .split(' ');
      // state, ppid, pgrp, session
      expect(fields[3]).toBe(String(pid));
    },
  );
});

describe('after a crash', () => {
  test('of the server, committed rows are there', async () => {
    const home = await newHome();
    const before = await acquireEmbeddedServer(home, newContext());
    await ask(before.settings, 'create table committed as select 42 as answer');
    process.kill((await serverPid(home)) ?? 0, 'SIGKILL');
    await waitFor(async () => (await serverPid(home)) === undefined, 'the death of the server');
    await before.release();
    const after = await acquireEmbeddedServer(home, newContext());
    expect(await ask(after.settings, 'select answer from committed')).toEqual(['42']);
    await after.release();
  });

  test('of the machine, an empty postmaster.pid is no obstacle', async () => {
    const home = await newHome();
    const before = await acquireEmbeddedServer(home, newContext());
    await before.release();
    const left = path.join(home, 'postgres/cluster/data/postmaster.pid');
    await writeFile(left, '');
    // The clock was set back meanwhile.
    const ahead = Date.now() / 1000 + 86_400;
    await utimes(left, ahead, ahead);
    const after = await acquireEmbeddedServer(home, newContext());
    expect(await ask(after.settings, 'select 1')).toEqual(['1']);
    await after.release();
  });

  test('of the machine, a postmaster.pid whose number now belongs to another process is no obstacle', async () => {
    const home = await newHome();
    const before = await acquireEmbeddedServer(home, newContext());
    await before.release();
    const data = path.join(home, 'postgres/cluster/data');
    const { uid, gid } = await stat(data);
    const stranger = spawn('sleep', ['60'], AS_ROOT ? { uid, gid } : {});
    await once(stranger, 'spawn');
    try {
      const port = String(before.settings.port);
      const lines = [
        stranger.pid,
        data,
        1_700_000_000,
        port,
        '',
        '127.0.0.1',
        '  1234567         0',
        'ready   ',
      ];
      await writeFile(path.join(data, 'postmaster.pid'), `${lines.join('\n')}\n`);
      expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
      const after = await acquireEmbeddedServer(home, newContext());
      expect(await ask(after.settings, 'select 1')).toEqual(['1']);
      await after.release();
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

describe('what is wrong is said', () => {
  test('data of another major version', async () => {
    const home = await newHome();
    const server = await acquireEmbeddedServer(home, newContext());
    await server.release();
    await writeFile(path.join(home, 'postgres/cluster/data/PG_VERSION'), '15\n');
    await expect(acquireEmbeddedServer(home, newContext())).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /made by PostgreSQL 15; this version of medallion has PostgreSQL 18/,
      ) as string,
    });
  });

  test('a home that is no folder', async () => {
    const home = await newHome();
    await writeFile(home, 'in the way');
    const error = { code: 'storage', message: expect.stringContaining(home) as string };
    await expect(acquireEmbeddedServer(home, newContext())).rejects.toMatchObject(error);
  });

  test.runIf(!AS_ROOT)('a home that cannot be written', async () => {
    const home = await newHome();
    await mkdir(home, { mode: 0o555 });
    const error = { code: 'storage', message: expect.stringContaining(home) as string };
    await expect(acquireEmbeddedServer(home, newContext())).rejects.toMatchObject(error);
  });

  test('a server that fails after it has claimed its data is started once, and its log shown', async () => {
    const home = await newHome();
    const server = await acquireEmbeddedServer(home, newContext());
    await server.release();
    const hba = path.join(home, 'postgres/cluster/data/pg_hba.conf');
    await appendFile(hba, 'nonsense\n');
    const log = path.join(home, 'postgres/server.log');
    await truncate(log);
    await expect(acquireEmbeddedServer(home, newContext())).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /^the embedded PostgreSQL did not start: could not load .*pg_hba/,
      ) as string,
      hint: expect.stringMatching(
        /^It logged last:\n(.*\n)* {2}LOG: {2}invalid connection type "nonsense"\n(.*\n)*Its log is \S+$/,
      ) as string,
    });
    expect((await readFile(log, 'utf8')).match(/starting PostgreSQL/g)).toHaveLength(1);
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
  });

  test.runIf(process.platform === 'linux')('a limit on the size of files', async () => {
    const home = await newHome();
    const made = await acquireEmbeddedServer(home, newContext());
    await made.release();
    const { code, stderr } = await runShell('ulimit -f 200; medallion sql "select 1"', {
      env: { MEDALLION_HOME: home },
      cwd: path.dirname(home),
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^error: the embedded PostgreSQL did not start: .*File too large\n {2}Raise the limit/m,
    );
    expect(stderr).toContain('startup process');
  });

  test('a server that is up and takes no more connections', async () => {
    const home = await newHome();
    const first = await acquireEmbeddedServer(home, newContext());
    const others: Client[] = [];
    try {
      await expect(
        (async () => {
          for (;;) {
            others.push(await connect(first.settings));
          }
        })(),
      ).rejects.toMatchObject({ code: 'unreachable' });
      const context = newContext();
      await expect(acquireEmbeddedServer(home, context)).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(
          /^the embedded PostgreSQL is up but takes no connection: /,
        ) as string,
      });
      expect(context.events.map(({ type }) => type)).toEqual(['step.started']);
    } finally {
      await Promise.all(others.map((client) => client.end()));
      await first.release();
    }
  });

  test('an interruption ends the wait', async () => {
    const home = await newHome();
    const context = { ...newContext(), signal: AbortSignal.abort() };
    await expect(acquireEmbeddedServer(home, context)).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});

test.runIf(AS_ROOT)(
  'as root, below a folder that only root may enter, the data lies elsewhere and works',
  async () => {
    const home = await newHome();
    await chmod(path.dirname(home), 0o700);
    const context = newContext();
    const server = await acquireEmbeddedServer(home, context);
    const place = await realpath(path.join(home, 'postgres/cluster'));
    expect(place).toMatch(/^\/var\/lib\/medallion\//);
    expect(context.events).toContainEqual({
      type: 'note',
      message: expect.stringContaining(place) as string,
    });
    expect(await ask(server.settings, 'select 1')).toEqual(['1']);
    await server.release();
    const again = await acquireEmbeddedServer(home, newContext());
    expect(again.settings).toEqual(server.settings);
    await again.release();
  },
);
