import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_FILE, SETTINGS } from '../../src/config/settings.ts';
import { parseDuration } from '../../src/cli/options.ts';
import { MAX_EVENT_BYTES } from '../../src/bronze/admission.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/retry.ts';
import { runCommand } from '../support/cli.ts';

let cwd = '';

beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'medallion-config-'));
});

function write(name: string, text: string, mode = 0o600): void {
  writeFileSync(path.join(cwd, name), text);
  chmodSync(path.join(cwd, name), mode);
}

function read(name: string): string {
  return readFileSync(path.join(cwd, name), 'utf8');
}

interface Listed {
  readonly setting: string;
  readonly value: string | null;
  readonly source: string;
}

async function listed(args: readonly string[] = [], env: Record<string, string> = {}) {
  const result = await runCommand(['config', '--output', 'json', ...args], { cwd, env });
  const rows = JSON.parse(result.stdout || '[]') as Listed[];
  const of = (key: string) => {
    const row = rows.find(({ setting }) => setting === key);
    return row && [row.value, row.source];
  };
  return { ...result, rows, of };
}

describe('medallion config', () => {
  it('says of every setting what it is and who said so, and shows no password', async () => {
    write('medallion.yaml', 'kafka:\n  brokers: file:1\n  topic: t\n  sasl_password: hidden-1\n');
    write('.env', 'PGPASSWORD=hidden-2\nPGHOST=db\nKAFKA_TOPIC=dotenv\nKAFKA_GROUP=dotenv\n');
    const { code, rows, of, stdout, stderr } = await listed(['--brokers', 'flag:1'], {
      KAFKA_GROUP: 'env',
      KAFKA_SASL_USERNAME: 'u',
    });
    expect(code).toBe(0);
    expect(rows.map(({ setting }) => setting)).toEqual(SETTINGS.map(({ key }) => key));
    expect(of('kafka.brokers')).toEqual(['flag:1', 'flag --brokers']);
    expect(of('kafka.group')).toEqual(['env', 'environment KAFKA_GROUP']);
    expect(of('kafka.topic')).toEqual(['dotenv', '.env KAFKA_TOPIC']);
    expect(of('kafka.sasl_password')).toEqual(['***', 'medallion.yaml:4']);
    expect(of('database.password')).toEqual(['***', '.env PGPASSWORD']);
    expect(of('database.port')).toEqual(['5432', 'default']);
    expect(of('database.url')).toEqual([null, 'not set']);
    expect(stdout + stderr).not.toContain('hidden');
    expect(stderr).toContain('configuration file: medallion.yaml');
  });

  it('shows a URL without its user, and what the URL says', async () => {
    const { of, stdout, stderr } = await listed([], {
      DATABASE_URL: 'postgresql://ana:hidden-3@db.example/shop',
    });
    expect(of('database.url')).toEqual([
      'postgresql://***@db.example/shop',
      'environment DATABASE_URL',
    ]);
    expect(of('database.name')).toEqual(['shop', 'environment DATABASE_URL']);
    expect(stdout + stderr).not.toContain('hidden');
  });

  it('lists all, then says what cannot be right', async () => {
    write('medallion.yaml', 'kafka: { brokers: k, sasl_username: u }\n');
    const { code, rows, stderr } = await listed();
    expect({ code, listed: rows.length }).toEqual({ code: 2, listed: SETTINGS.length });
    expect(stderr).toContain('error: SASL needs both');
  });

  it('is a table for people', async () => {
    const { stdout } = await runCommand(['config'], { cwd });
    expect(stdout).toMatch(/^setting +value +source\n[^\n]+\nhome +\.\/\.medallion +default\n/);
  });
});

describe('a configuration file', () => {
  it('is found in the working folder, by --config, and by MEDALLION_CONFIG, which .env may set', async () => {
    mkdirSync(path.join(cwd, 'etc'));
    write('etc/a.yaml', 'home: ./of-a\n');
    write('etc/b.yaml', 'home: ./of-b\n');
    write('medallion.yml', 'home: ./here\n');
    const home = async (args: string[], env = {}) => (await listed(args, env)).of('home');
    expect(await home([])).toEqual([path.join(cwd, 'here'), 'medallion.yml:1']);
    expect(await home(['--config', 'etc/a.yaml'], { MEDALLION_CONFIG: 'etc/b.yaml' })).toEqual([
      path.join(cwd, 'etc/of-a'),
      'etc/a.yaml:1',
    ]);
    write('.env', 'MEDALLION_CONFIG=etc/b.yaml\n');
    expect(await home([])).toEqual([path.join(cwd, 'etc/of-b'), 'etc/b.yaml:1']);
  });

  it('that is named and not there ends the command, as does a setting that does not exist', async () => {
    const missing = await runCommand(['db', 'status', '--config', 'nope.yaml'], { cwd });
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('error: there is no configuration file nope.yaml');
    write('medallion.yaml', 'kafka:\n  topik: x\n');
    const unknown = await runCommand(['db', 'status'], { cwd });
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain(
      'error: medallion.yaml:2: there is no setting kafka.topik; did you mean kafka.topic?',
    );
    // What needs no settings works all the same.
    expect(await runCommand(['completion', 'bash'], { cwd })).toMatchObject({ code: 0 });
  });

  it('with a password that others may read is warned of', async () => {
    const warning =
      'medallion.yaml has a password in it, and other users of this machine can read it';
    for (const yaml of [
      'database: { host: db, password: x }\n',
      'database: { url: "postgresql://u:x@db/d" }\n',
    ]) {
      write('medallion.yaml', yaml, 0o640);
      expect((await listed()).stderr).toContain(`warning: ${warning}`);
      write('medallion.yaml', yaml, 0o600);
      expect((await listed()).stderr).not.toContain(warning);
    }
    write('medallion.yaml', 'database: { url: "postgresql://u@db/d" }\n', 0o644);
    expect((await listed()).stderr).not.toContain(warning);
  });

  it('and the environment say what the flags of single commands say', async () => {
    write('medallion.yaml', 'home: h\npromote:\n  threads: 300\n');
    const promote = async (args: string[], env = {}) =>
      (await runCommand(['promote', '--explain', ...args], { cwd, env })).stderr;
    const said = await Promise.all([
      promote([]),
      promote([], { MEDALLION_THREADS: '301' }),
      promote(['--threads', '302'], { MEDALLION_THREADS: '301' }),
      promote([], { MEDALLION_THREADS: 'all' }),
      promote(['--threads', '1']),
    ]);
    expect(said[0]).toContain('--threads 300 is too many');
    expect(said[1]).toContain('--threads 301 is too many');
    expect(said[2]).toContain('--threads 302 is too many');
    expect(said[3]).toContain('MEDALLION_THREADS: "all": It must be a whole number from 1.');
    expect(said[4]).toBe('');
  });

  it('and the environment say how often promotions are, and where metrics are answered', async () => {
    write('medallion.yaml', 'promote:\n  every: never\nmetrics:\n  port: 70000\n  host: nowhere\n');
    const errors = async (args: string[], env = {}) =>
      (await runCommand(args, { cwd, env })).stderr;
    const run = async (args: string[], env = {}) => errors(['run', ...args], env);
    const said = await Promise.all([
      run([]),
      run(['--every', '1s']),
      run(['--every', '1s'], { MEDALLION_METRICS_PORT: 'x' }),
      run(['--every', '1s', '--metrics-port', '0', '--threads', '300']),
      errors(['promote', '--explain']),
    ]);
    expect(said[0]).toContain('medallion.yaml:2: "never": It must be a duration');
    expect(said[1]).toContain('medallion.yaml:4: "70000": It must be a port');
    expect(said[2]).toContain('MEDALLION_METRICS_PORT: "x": It must be a port');
    expect(said[3]).toContain('--threads 300 is too many');
    expect(said[4]).toContain('medallion.yaml:2: "never"');
    write('medallion.yaml', 'metrics:\n  host: 127.0.0.1\n');
    expect(await run(['--threads', '300'])).toContain('--threads 300');
    expect(await run(['--metrics-host', '127.0.0.1'])).toContain(
      'error: --metrics-host works only with --metrics-port',
    );
  });
});

describe('medallion init', () => {
  const MADE = ['.env.example', 'medallion.yaml', 'models', 'samples', 'sources', 'tests'];

  it('writes every setting at its default, and a .env.example for the passwords', async () => {
    const before = await listed();
    const { code, stdout, stderr } = await runCommand(['init'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('written: medallion.yaml, .env.example');
    expect(stderr).toContain('Next: ');
    expect(readdirSync(cwd).sort()).toEqual(MADE);
    expect((await listed()).rows).toEqual(before.rows);
    for (const { key, about } of SETTINGS) {
      expect(read('medallion.yaml')).toContain(`#${key.split('.').at(-1) ?? ''}:`);
      expect(read('medallion.yaml')).toContain(`# ${about}`);
    }
    expect(parseEnv(read('.env.example'))).toEqual({
      ...{ PGPASSWORD: '', KAFKA_SASL_PASSWORD: '', SPARK_TOKEN: '' },
      ...{ AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' },
      ...{ SCHEMA_REGISTRY_PASSWORD: '', SCHEMA_REGISTRY_TOKEN: '' },
    });
  });

  it('writes lines that hold once their # is taken away', async () => {
    await runCommand(['init'], { cwd });
    // One of the two ways to name a server.
    const yaml = read('medallion.yaml').replaceAll(/^( *)#(?=\w+:)(?!url: postgresql)/gm, '$1');
    write('medallion.yaml', yaml);
    write('.env', 'KAFKA_SASL_PASSWORD=p\n');
    const { code, rows, stderr } = await listed();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const { key, isSecret } of SETTINGS.filter(({ key }) => key !== 'database.url')) {
      const source = rows.find(({ setting }) => setting === key)?.source ?? '';
      expect(source, key).toMatch(isSecret === true ? /^(not set|\.env)/ : /^medallion\.yaml:/);
    }
    const env = read('.env.example').replaceAll(
      /^#(?=[A-Z_\d]+=)(?!MEDALLION_CONFIG|DATABASE)/gm,
      '',
    );
    expect(Object.keys(parseEnv(env)).length).toBe(SETTINGS.length - 1);
  });

  it('replaces nothing without --force', async () => {
    write('.env.example', 'MINE=1\n');
    const first = await runCommand(['init'], { cwd });
    expect(first.stderr).toContain('.env.example was there and stays');
    write('medallion.yaml', 'home: mine\n', 0o600);
    const again = await runCommand(['init'], { cwd });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('medallion.yaml already exists; nothing was written');
    expect([read('medallion.yaml'), read('.env.example')]).toEqual(['home: mine\n', 'MINE=1\n']);
    expect((await runCommand(['init', '--force'], { cwd })).code).toBe(0);
    expect(read('medallion.yaml')).toContain('#home: ./.medallion');
    expect(read('.env.example')).toContain('PGPASSWORD=');
    // A file that was for one's own eyes stays so.
    expect(statSync(path.join(cwd, 'medallion.yaml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(cwd).sort()).toEqual(MADE);
  });

  it('fills in the flags, but no password', async () => {
    mkdirSync(path.join(cwd, 'etc'));
    const flags = ['--home', 'h', '--brokers', 'a:1,b:2', '--config', 'etc/m.yaml'];
    const url = 'postgresql://ana:hidden-4@db/shop';
    const { stderr } = await runCommand(['init', ...flags, '--database-url', url], { cwd });
    expect(read('etc/m.yaml') + stderr).not.toContain('hidden');
    expect(stderr).toContain('the password of --database-url was not written');
    const { of } = await listed(['--config', 'etc/m.yaml']);
    expect(of('home')?.[0]).toBe(path.join(cwd, 'h'));
    expect(of('kafka.brokers')?.[0]).toBe('a:1,b:2');
    expect(of('database.host')?.[0]).toBe('db');
  });
});

describe('the table of settings', () => {
  it('says the defaults that the code keeps', () => {
    const fallback = (key: string) =>
      SETTINGS.find((setting) => setting.key === key)?.default ?? '';
    expect(parseDuration(fallback('retry_for'))).toBe(DEFAULT_RETRY_POLICY.forMs);
    expect(Number(fallback('ingest.max_event_bytes'))).toBe(MAX_EVENT_BYTES);
  });

  it('is what docs/configuration.md shows', () => {
    const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = docs
      .split('\n')
      .filter((line) => /^\| `/.test(line))
      .map((line) => line.replaceAll(/ +/g, ' '));
    const code = (text: string | undefined) => (text === undefined ? '' : `\`${text}\``);
    expect(rows).toEqual(
      SETTINGS.map(({ key, flag, variables, about, ...setting }) =>
        [
          '',
          code(key),
          code(flag?.split(' ')[0]),
          variables.map(code).join(', '),
          code(setting.default),
          setting.choices === undefined ? about : `${about}: ${setting.choices.join(', ')}`,
          '',
        ]
          .join(' | ')
          .replaceAll(/ +/g, ' ')
          .trim(),
      ),
    );
  });

  it('knows what the .env.example of docker compose sets for medallion', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const names = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = '']) => name);
    const known = [CONFIG_FILE.variable, ...SETTINGS.flatMap(({ variables }) => variables)];
    // Only compose reads these.
    const ofCompose = /^(GRAFANA_|METRICS_PORT$|SPARK_(CONNECT|UI)_PORT$)/;
    expect(known).toEqual(expect.arrayContaining(names.filter((name) => !ofCompose.test(name))));
  });
});
