import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort, isListening, startServer, type ServerProcess } from '../server-process.ts';

/**
 * A real Apache Spark without Docker: a standalone master, workers and a server of Spark Connect, all on loopback. The jars are
 * those of the package pyspark, which come from PyPI once; the machine's Java runs them, and no Python.
 */

const REQUIREMENTS = path.join(import.meta.dirname, 'spark-requirements.txt');
const CACHE = path.join(import.meta.dirname, '../../node_modules/.cache/medallion-spark');
const START_TIMEOUT_MS = 180_000;
const DEPLOY = 'org.apache.spark.deploy';
/** What Spark wants of Java 17 to be open; its own launcher says it to executors. */
const OPEN = [
  ...['lang', 'lang.invoke', 'lang.reflect', 'io', 'net', 'nio', 'util', 'util.concurrent'],
  ...['util.concurrent.atomic'],
].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`);
const OPEN_SUN = ['nio.ch', 'nio.cs', 'security.action', 'util.calendar'].map(
  (name) => `--add-opens=java.base/sun.${name}=ALL-UNNAMED`,
);

export interface ClusterOptions {
  /** Where logs and what workers write are kept. */
  readonly dir: string;
  /** Each has one core. */
  readonly workers: number;
  /** Of the server of Spark Connect; a free one if not given. */
  readonly port?: number;
  readonly ownerPid?: number;
}

export interface SparkCluster {
  /** As SPARK_REMOTE names it. */
  readonly remote: string;
  /** The server of Spark Connect, which is the driver. */
  readonly driver: ServerProcess;
  /** Starts the driver again, on the same port. */
  restartDriver(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a cluster and resolves once it serves. Throws an Error that says what is missing. */
export async function startCluster({
  dir,
  workers,
  port,
  ownerPid,
}: ClusterOptions): Promise<SparkCluster> {
  const home = await installSpark();
  await mkdir(dir, { recursive: true });
  const env = {
    ...{ SPARK_HOME: home, SPARK_LOCAL_IP: '127.0.0.1', SPARK_LOCAL_DIRS: dir },
    // Spark's scripts, which nothing here runs, say it to the launcher of executors.
    SPARK_SCALA_VERSION: '2.13',
  };
  const start = (
    name: string,
    options: readonly string[],
    main: readonly string[],
    at: number,
  ): Promise<ServerProcess> =>
    startServer({
      command: 'java',
      args: [...options, '-cp', path.join(home, 'jars', '*'), ...main],
      ...{ env, cwd: dir, logFile: path.join(dir, `${name}.log`) },
      ...{ name: `Spark's ${name}`, timeoutMs: START_TIMEOUT_MS, isReady: () => isListening(at) },
      ...(ownerPid === undefined ? {} : { ownerPid }),
    });
  const [masterPort, connectPort] = [await freePort(), port ?? (await freePort())];
  const master = `spark://127.0.0.1:${String(masterPort)}`;
  const running: ServerProcess[] = [];
  const daemon = ['-Xmx256m', '-XX:+UseSerialGC'];
  const stop = async (): Promise<void> => {
    for (const server of running.splice(0).reverse()) {
      await server.stop();
    }
  };
  const startDriver = (): Promise<ServerProcess> =>
    start(
      'driver',
      ['-Xmx1g', '-XX:+UseSerialGC', ...OPEN, ...OPEN_SUN],
      [
        ...[`${DEPLOY}.SparkSubmit`, '--master', master],
        ...['--class', 'org.apache.spark.sql.connect.service.SparkConnectServer'],
        ...Object.entries({
          'spark.driver.host': '127.0.0.1',
          'spark.driver.bindAddress': '127.0.0.1',
          'spark.connect.grpc.binding.address': '127.0.0.1',
          'spark.connect.grpc.binding.port': String(connectPort),
          'spark.executor.memory': '1g',
          'spark.ui.enabled': 'false',
          'spark.sql.shuffle.partitions': String(workers),
          'spark.api.mode': 'classic',
        }).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
        'spark-internal',
      ],
      connectPort,
    );
  try {
    running.push(
      await start(
        'master',
        daemon,
        [
          ...[`${DEPLOY}.master.Master`, '--host', '127.0.0.1'],
          ...['--port', String(masterPort), '--webui-port', String(await freePort())],
        ],
        masterPort,
      ),
    );
    for (let worker = 1; worker <= workers; worker += 1) {
      const at = await freePort();
      running.push(
        await start(
          `worker-${String(worker)}`,
          daemon,
          [
            ...[`${DEPLOY}.worker.Worker`, '--host', '127.0.0.1', '--port', String(at)],
            ...['--webui-port', String(await freePort()), '--cores', '1', '--memory', '1g'],
            ...['--work-dir', path.join(dir, `work-${String(worker)}`), master],
          ],
          at,
        ),
      );
    }
    let driver = await startDriver();
    running.push(driver);
    return {
      remote: `sc://127.0.0.1:${String(connectPort)}`,
      get driver() {
        return driver;
      },
      restartDriver: async () => {
        await driver.stop();
        running.splice(running.indexOf(driver), 1);
        driver = await startDriver();
        running.push(driver);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Puts the jars into the cache, unless they are there; returns what SPARK_HOME names. */
async function installSpark(): Promise<string> {
  const requirements = await readFile(REQUIREMENTS);
  const name = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const home = path.join(CACHE, name);
  if (!existsSync(home)) {
    // Built aside and moved into place whole: several processes may install at once.
    const building = path.join(CACHE, `building-${randomBytes(6).toString('hex')}`);
    const run = promisify(execFile);
    await mkdir(building, { recursive: true });
    try {
      await run('python3', [
        ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:'],
        ...['-r', REQUIREMENTS, '-d', building],
      ]);
      const [archive = ''] = await readdir(building);
      const jars = `${archive.replace(/\.tar\.gz$/, '')}/deps/jars`;
      await run('tar', [
        ...['-xzf', path.join(building, archive), '-C', building],
        ...['--strip-components=2', jars],
      ]);
      await rm(path.join(building, archive));
      await rename(building, home);
    } catch (error) {
      await rm(building, { recursive: true, force: true });
      if (!existsSync(home)) {
        throw error;
      }
    }
  }
  return home;
}
