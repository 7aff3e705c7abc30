import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { freePort, startServer, type ServerProcess } from './server-process.ts';

/**
 * A real schema registry without Docker: Apicurio, which has Confluent's API, in memory and on loopback only. Maven fetches
 * it once, the machine's Java (17 or later) runs it.
 */

const VERSION = '2.6.13.Final';
const RUNNER = `apicurio-registry-app-${VERSION}-runner.jar`;
const CACHE = path.join(import.meta.dirname, '../node_modules/.cache/medallion-registry');
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const START_TIMEOUT_MS = 240_000;

export interface SchemaRegistryServer extends ServerProcess {
  /** Where Confluent's API answers. */
  readonly url: string;
}

/** Starts a registry without schemas, and resolves once it answers. */
export async function startSchemaRegistry(
  folder: string,
  port?: number,
): Promise<SchemaRegistryServer> {
  const home = await install();
  const at = port ?? (await freePort());
  const url = `http://127.0.0.1:${String(at)}/apis/ccompat/v7`;
  const server = await startServer({
    name: 'the schema registry',
    command: 'java',
    args: [
      ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${String(at)}`, '-jar', RUNNER],
    ],
    ...{ cwd: home, logFile: path.join(folder, 'registry.log'), timeoutMs: START_TIMEOUT_MS },
    isReady: async () =>
      fetch(`${url}/schemas/types`).then(
        (response) => response.ok,
        () => false,
      ),
  });
  return { ...server, url };
}

/** Unpacks the distribution into the cache, unless it is there. */
async function install(): Promise<string> {
  const home = path.join(CACHE, VERSION);
  if (!existsSync(home)) {
    // Built aside and moved into place whole: several processes may install at once.
    const building = path.join(CACHE, `building-${randomBytes(6).toString('hex')}`);
    await mkdir(building, { recursive: true });
    const artifact = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
    await run('mvn', [
      ...['-B', '-q', `${DEPENDENCY_PLUGIN}:copy`, `-Dartifact=${artifact}`],
      `-DoutputDirectory=${building}`,
    ]);
    const archive = path.join(building, `apicurio-registry-app-${VERSION}-all.tar.gz`);
    await run('tar', ['xzf', archive, '-C', building]);
    await rm(archive);
    await rename(building, home).catch(async (error: unknown) => {
      await rm(building, { recursive: true, force: true });
      if (!existsSync(home)) {
        throw error;
      }
    });
  }
  return home;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`${command} failed with exit code ${String(code)}`));
      }
    });
  });
}
