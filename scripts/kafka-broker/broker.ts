import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort, startServer, type ServerProcess } from '../server-process.ts';

/**
 * A real Apache Kafka broker (KRaft, one node, loopback only) without Docker: the jars come from Maven once,
 * the machine's Java runs them.
 */

const HERE = import.meta.dirname;
const CACHE = path.join(HERE, '../../node_modules/.cache/medallion-kafka');
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
const START_TIMEOUT_MS = 90_000;

export interface BrokerOptions {
  /** Where data, settings and logs are kept; a broker started here again has its topics back. */
  readonly dir: string;
  /** The port of the plain listener; a free one if not given. */
  readonly port?: number;
  /** Adds a plain listener whose clients are told to come through this port, on which a proxy listens. */
  readonly proxyPort?: number;
  /** Adds a SASL_PLAINTEXT listener that takes this user by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly sasl?: { readonly username: string; readonly password: string };
  /** Adds an SSL listener with this PEM file (key first, then certificate), and with `sasl` one of SASL_SSL. */
  readonly tls?: { readonly keystoreFile: string };
  /** Further lines of server.properties; they win over the defaults. */
  readonly properties?: Readonly<Record<string, string>>;
  /** The process without which the broker has no purpose: it stops when that one is gone. */
  readonly ownerPid?: number;
  /** It is over before it pays to compile much of it: less work for the processors, and a lower rate. */
  readonly isBrief?: boolean;
}

export interface Broker {
  /** host:port of the plain listener. */
  readonly brokers: string;
  /** Where a proxy leads to. */
  readonly proxiedPort: number | undefined;
  readonly saslBrokers: string | undefined;
  readonly tlsBrokers: string | undefined;
  readonly saslTlsBrokers: string | undefined;
  readonly pid: number;
  /** A clean shutdown. */
  stop(): Promise<void>;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Stops it if it runs, then starts it on the same ports with the same data. */
  restart(): Promise<void>;
}

/** Starts a broker and resolves once it serves clients. Throws an Error that says what is missing. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const libs = await installLibraries();
  await mkdir(options.dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const saslPort = options.sasl === undefined ? undefined : await freePort();
  const tlsPort = options.tls === undefined ? undefined : await freePort();
  const saslTlsPort =
    saslPort === undefined || tlsPort === undefined ? undefined : await freePort();
  const proxiedPort = options.proxyPort === undefined ? undefined : await freePort();
  const ports = {
    PLAIN: port,
    SASL: saslPort,
    TLS: tlsPort,
    SASLTLS: saslTlsPort,
    PROXIED: proxiedPort,
  };
  const settings = path.join(options.dir, 'server.properties');
  await writeFile(
    settings,
    toProperties({
      ...(await baseProperties(options.dir, ports, { ...ports, PROXIED: options.proxyPort })),
      ...saslProperties(options.sasl),
      ...tlsProperties(options.tls),
      ...options.properties,
    }),
    { mode: 0o600 },
  );
  if (!existsSync(path.join(options.dir, 'data', 'meta.properties'))) {
    await formatStorage(libs, settings, options);
  }

  let java = await launch(libs, settings, options);
  const address = (of: number | undefined): string | undefined =>
    of === undefined ? undefined : `127.0.0.1:${String(of)}`;
  return {
    brokers: `127.0.0.1:${String(port)}`,
    proxiedPort,
    saslBrokers: address(saslPort),
    tlsBrokers: address(tlsPort),
    saslTlsBrokers: address(saslTlsPort),
    get pid() {
      return java.pid;
    },
    stop: () => java.stop(),
    kill: () => java.kill(),
    restart: async () => {
      await java.stop();
      java = await launch(libs, settings, options);
    },
  };
}

/** Copies the jars that pom.xml names into the cache, unless they are there; returns the class path. */
async function installLibraries(): Promise<string> {
  const pom = path.join(HERE, 'pom.xml');
  const hash = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex');
  // The jars of another pom stay: a broker that runs loads its classes when it needs them.
  const libs = path.join(CACHE, `libs-${hash.slice(0, 12)}`);
  if (!existsSync(libs)) {
    // Built aside and moved into place whole: several processes may install at once.
    const building = path.join(CACHE, `building-${randomBytes(6).toString('hex')}`);
    await mkdir(building, { recursive: true });
    await run('mvn', [
      ...['-B', '-q', '-f', pom],
      ...[`${DEPENDENCY_PLUGIN}:copy-dependencies`, `-DoutputDirectory=${building}`],
    ]);
    await rename(building, libs).catch(async (error: unknown) => {
      await rm(building, { recursive: true, force: true });
      if (!existsSync(libs)) {
        throw error;
      }
    });
  }
  return path.join(libs, '*');
}

/**
 * Runs one of Kafka's own command-line tools, by the name of its class, and returns what it printed.
 * @param input what it reads from stdin
 */
export async function runKafkaTool(
  className: string,
  args: readonly string[],
  input = '',
): Promise<string> {
  const libs = await installLibraries();
  return run('java', [...javaOptions(libs, true), className, ...args], input);
}

/** A listener's port by its name. */
type Ports = Readonly<Record<string, number | undefined>>;

async function baseProperties(
  dir: string,
  ports: Ports,
  advertised: Ports,
): Promise<Record<string, string>> {
  const controllerPort = await freePort();
  const list = (of: Ports): string =>
    Object.entries(of)
      .filter(([, port]) => port !== undefined)
      .map(([name, port]) => `${name}://127.0.0.1:${String(port)}`)
      .join(',');
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${String(controllerPort)}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: `${list(ports)},CONTROLLER://127.0.0.1:${String(controllerPort)}`,
    'advertised.listeners': list(advertised),
    'listener.security.protocol.map':
      'PLAIN:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL',
    'log.dirs': path.join(dir, 'data'),
    'auto.create.topics.enable': 'false',
    'num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Cleaned fast enough that a test of compaction need not wait.
    'log.cleaner.backoff.ms': '500',
  };
}

function saslProperties(sasl: BrokerOptions['sasl']): Record<string, string> {
  if (sasl === undefined) {
    return {};
  }
  const module = 'org.apache.kafka.common.security';
  const logins = {
    plain: `${module}.plain.PlainLoginModule required user_${sasl.username}="${sasl.password}";`,
    ...Object.fromEntries(
      SCRAM.map((name) => [name.toLowerCase(), `${module}.scram.ScramLoginModule required;`]),
    ),
  };
  return {
    'sasl.enabled.mechanisms': ['PLAIN', ...SCRAM].join(','),
    ...Object.fromEntries(
      ['sasl', 'sasltls'].flatMap((listener) =>
        Object.entries(logins).map(([mechanism, login]) => [
          `listener.name.${listener}.${mechanism}.sasl.jaas.config`,
          login,
        ]),
      ),
    ),
  };
}

function tlsProperties(tls: BrokerOptions['tls']): Record<string, string> {
  return tls === undefined
    ? {}
    : {
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': tls.keystoreFile,
        'ssl.client.auth': 'none',
      };
}

function toProperties(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** Gives an empty data folder its cluster id, and the users that SCRAM knows. */
async function formatStorage(
  libs: string,
  settings: string,
  options: BrokerOptions,
): Promise<void> {
  const { sasl } = options;
  const scram =
    sasl === undefined
      ? []
      : SCRAM.flatMap((mechanism) => [
          '--add-scram',
          `${mechanism}=[name=${sasl.username},password=${sasl.password}]`,
        ]);
  await run('java', [
    ...javaOptions(libs, true),
    ...['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', settings],
    ...scram,
  ]);
}

/** A random id whose first bit is 0: a text that began with "-" would be taken for an option. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('base64url');
}

function javaOptions(libs: string, isBrief: boolean): string[] {
  return [
    ...(isBrief ? ['-XX:TieredStopAtLevel=1'] : []),
    ...['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC'],
    ...[`-Dlog4j2.configurationFile=${path.join(HERE, 'log4j2.properties')}`, '-cp', libs],
  ];
}

async function launch(
  libs: string,
  settings: string,
  { dir, ownerPid, isBrief = false }: BrokerOptions,
): Promise<ServerProcess> {
  return startServer({
    name: 'the Kafka broker',
    command: 'java',
    args: [...javaOptions(libs, isBrief), 'kafka.Kafka', settings],
    ...{ cwd: process.cwd(), logFile: path.join(dir, 'broker.log'), timeoutMs: START_TIMEOUT_MS },
    isReady: (log) => log.includes('Kafka Server started'),
    ...(ownerPid === undefined ? {} : { ownerPid }),
  });
}

/** Runs a program to its end and returns what it printed, errors included. */
async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined).end(input);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new Error(
              `"${command}" was not found: a broker without Docker needs Java 17 or later and Maven. ` +
                'Install them, or set KAFKA_BROKERS to a broker that is there (docker compose up kafka).',
            )
          : error,
      );
    });
    child.on('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(
          new Error(`${command} failed with exit code ${String(code)}:\n${output.slice(-2000)}`),
        );
      }
    });
  });
  return output;
}
