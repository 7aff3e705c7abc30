import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { freePort } from '../../src/embedded/postmaster.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const ADMIN_PASSWORD = 'admin-of-a-test';

/** A Grafana that runs with this project's provisioning and the environment that docker-compose.yaml gives it. */
export interface Grafana {
  /** Answers as the administrator gets them; anything but a success is thrown. */
  get(route: string): Promise<unknown>;
  post(route: string, body: object): Promise<unknown>;
  /** All it has logged, a line each. */
  log(): readonly string[];
  stop(): Promise<void>;
}

/** A Grafana that can be started: its folder with conf and public, and its program. */
interface Installed {
  readonly home: string;
  readonly program: string;
}

/** The one that GRAFANA_HOME names, as a release unpacks; GRAFANA_BIN names a program that lies elsewhere. */
export function installedGrafana(): Installed {
  const home = process.env['GRAFANA_HOME'] ?? '';
  const program = process.env['GRAFANA_BIN'] ?? path.join(home, 'bin/grafana');
  if (!existsSync(path.join(home, 'conf/defaults.ini')) || !existsSync(program)) {
    throw new Error(
      'GRAFANA_HOME must name the folder of an unpacked Grafana, with conf, public and bin/grafana (or else GRAFANA_BIN)',
    );
  }
  return { home, program };
}

/** Starts it, to read the warehouse as `reader`. */
export async function startGrafana(
  { home, program }: Installed,
  reader: ConnectionSettings,
): Promise<Grafana> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-grafana-'));
  const port = await freePort();
  await mkdir(path.join(folder, 'plugins'));
  const env = {
    ...(await composeEnvironment(reader)),
    ...here(folder, port),
    GF_PATHS_PROVISIONING: await provisioning(folder, reader.user),
  };
  const child = spawn(program, ['server', '--homepath', home], {
    env: { ...process.env, ...env },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const grafana = {
    get: (route: string) => request(port, route),
    post: (route: string, body: object) => request(port, route, body),
    log: () => output.split('\n'),
    stop: async () => {
      if (child.exitCode === null && child.kill()) {
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilHealthy(grafana, child);
  } catch (error) {
    await grafana.stop();
    const telling = grafana.log().filter((line) => !/level=(info|warn)/.test(line));
    throw new Error(`Grafana did not start:\n${telling.join('\n')}`, { cause: error });
  }
  return grafana;
}

/** What differs from the container: this machine's folders and ports. */
function here(folder: string, port: number): Record<string, string> {
  return {
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_SERVER_HTTP_PORT: String(port),
    GF_PATHS_DATA: path.join(folder, 'data'),
    GF_PATHS_LOGS: path.join(folder, 'log'),
    GF_PATHS_PLUGINS: path.join(folder, 'plugins'),
    GF_LOG_MODE: 'console',
  };
}

/** The container's variables, those that it takes from .env filled in. */
async function composeEnvironment(reader: ConnectionSettings): Promise<Record<string, string>> {
  const compose = parse(await readFile(path.join(ROOT, 'docker-compose.yaml'), 'utf8')) as {
    services: { grafana: { environment: Record<string, string> } };
  };
  const filledIn: Readonly<Record<string, string | undefined>> = {
    GRAFANA_ADMIN_PASSWORD: ADMIN_PASSWORD,
    GRAFANA_READER_PASSWORD: reader.password,
    POSTGRES_DB: reader.database,
  };
  const { environment } = compose.services.grafana;
  const env = Object.entries(environment).map(([name, value]): [string, string] => [
    name,
    inThisFolder(value).replaceAll(/\$\{(\w+)[^}]*\}/g, (_, key: string) => filledIn[key] ?? ''),
  ]);
  const address = `${reader.host}:${String(reader.port)}`;
  return { ...Object.fromEntries(env), WAREHOUSE_ADDRESS: address };
}

/** A copy of grafana/provisioning for this machine's folders and the role of the test. */
async function provisioning(folder: string, role: string): Promise<string> {
  const copy = path.join(folder, 'provisioning');
  await cp(path.join(ROOT, 'grafana/provisioning'), copy, { recursive: true });
  await mkdir(path.join(copy, 'plugins'));
  for (const name of ['dashboards/medallion.yaml', 'datasources/warehouse.yaml']) {
    const file = path.join(copy, name);
    const text = await readFile(file, 'utf8');
    await writeFile(file, inThisFolder(text).replace('user: grafana', `user: ${role}`));
  }
  return copy;
}

function inThisFolder(text: string): string {
  return text.replaceAll('/etc/grafana/dashboards', path.join(ROOT, 'grafana/dashboards'));
}

async function untilHealthy(grafana: Grafana, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    try {
      await grafana.get('/api/health');
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw error;
      }
      await sleep(200);
    }
  }
}

async function request(port: number, route: string, body?: object): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}${route}`, {
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${route}: ${String(answer.status)} ${text}`);
  }
  return JSON.parse(text) as unknown;
}
