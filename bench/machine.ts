import { version as duckdbVersion } from '@duckdb/node-api';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import type { ConnectionSettings } from '../src/config/server.ts';
import { warehouseState } from '../src/postgres/warehouse.ts';
import { VERSION } from '../src/version.ts';

const BROKER_POM = path.join(import.meta.dirname, '../scripts/kafka-broker/pom.xml');

/** What the figures of a run depend on. */
export async function describeMachine(
  settings: ConnectionSettings,
): Promise<Record<string, string>> {
  const kafka = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)/.exec(
    readFileSync(BROKER_POM, 'utf8'),
  )?.[1];
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: String(availableParallelism()),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    'load before': loadavg()[0]?.toFixed(2) ?? '',
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    duckdb: duckdbVersion(),
    postgresql: (await warehouseState(settings)).serverVersion,
    kafka: kafka ?? 'unknown',
    psql: psqlVersion(),
    medallion: VERSION,
  };
}

/** @throws Error when there is no psql, with which the baselines are measured */
export function psqlVersion(): string {
  try {
    return execFileSync('psql', ['--version'], { encoding: 'utf8' }).trim().split(' ')[2] ?? '';
  } catch {
    throw new Error(
      'psql is not on the PATH: the baselines are measured with it.\n' +
        "Install PostgreSQL's client (Debian: postgresql-client) and run this again.",
    );
  }
}
