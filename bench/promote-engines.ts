import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cpuTimeOf } from '../scripts/cpu-time.ts';
import { startCluster } from '../scripts/spark/cluster.ts';
import { startSail } from '../scripts/spark/sail.ts';
import type { Bench, Database, Figure, Stand } from './harness.ts';

const MICROSECONDS = 1e6;
/** Each worker of Spark is a JVM of its own. */
const WORKERS = { sail: [1, 2, 4], spark: [1, 2] };

/**
 * A first promotion of everything by DuckDB, and by a cluster of 1, 2 and more workers: what an event costs each part of the way,
 * in CPU time, which says more than the clock where all parts share one machine.
 */
export const promoteEngines: Bench = {
  name: 'promote-engines',
  isOnRequest: true,
  async run(stand) {
    const bronze = await stand.database();
    await stand.ingest(bronze, await stand.events(stand.size), stand.size);
    const figures = [...(await measure(stand, bronze, 'duckdb', {}))];
    for (const workers of WORKERS[stand.engine]) {
      const dir = stand.file(`${stand.engine}-${String(workers)}`);
      await mkdir(dir, { recursive: true });
      const server = await (stand.engine === 'spark'
        ? startCluster({ dir, workers })
        : startSail({ dir, ...(workers === 1 ? {} : { workers }) }));
      try {
        const name = `${stand.engine}, ${String(workers)} worker${workers === 1 ? '' : 's'}`;
        figures.push(
          ...(await measure(
            stand,
            bronze,
            name,
            {
              MEDALLION_ENGINE: 'spark',
              SPARK_REMOTE: server.remote,
              MEDALLION_SPARK_STAGING: `${dir}/staging`,
            },
            dir,
          )),
        );
      } finally {
        await server.stop();
      }
    }
    await bronze.drop();
    return figures;
  },
};

async function measure(
  stand: Stand,
  bronze: Database,
  name: string,
  env: Readonly<Record<string, string>>,
  dir?: string,
): Promise<Figure[]> {
  const database = await stand.database(bronze);
  await database.settle();
  const data = await database.text('show data_directory');
  const before = { engine: cpuBelow(dir), server: cpuOfServer(data) };
  const run = await stand.start(['promote', '--quiet'], database, env).ended;
  const engine = cpuBelow(dir) - before.engine;
  const server = cpuOfServer(data) - before.server;
  await database.drop();
  const figure = (part: string, seconds: number): Figure => ({
    what: `${name}: CPU time of ${part}, an event`,
    value: (seconds * MICROSECONDS) / stand.size,
    unit: 'us',
    runs: 1,
    parts: { 'wall clock': run.seconds },
  });
  return [
    ...(dir === undefined ? [] : [figure('the cluster', engine)]),
    figure('the command', run.cpuSeconds),
    figure('PostgreSQL', server),
  ];
}

/** CPU seconds of the processes that work in a folder: servers, and what they have started. */
function cpuBelow(dir: string | undefined): number {
  return dir === undefined ? 0 : cpuOf((pid) => readlinkSync(`/proc/${pid}/cwd`).startsWith(dir));
}

/** The same of PostgreSQL; what its backends used counts once they have ended. */
function cpuOfServer(data: string): number {
  return cpuOf((pid) => readlinkSync(`/proc/${pid}/cwd`) === data);
}

function cpuOf(isMeant: (pid: string) => boolean): number {
  let seconds = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (isMeant(pid)) {
        const { own, children } = cpuTimeOf(Number(pid)) ?? { own: 0, children: 0 };
        seconds += own + children;
      }
    } catch {
      // It has ended, or is somebody else's.
    }
  }
  return seconds;
}
