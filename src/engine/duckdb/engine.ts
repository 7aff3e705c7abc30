import type { DuckDBConnection, DuckDBInstance as Instance } from '@duckdb/node-api';
import { rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { sslModeOf } from '../../config/warehouse.ts';
import type { DuckDbConfig } from '../../config.ts';
import type { ConnectionSettings } from '../../config/server.ts';
import type { TlsConfig } from '../../config/tls.ts';
import { sessionOptions } from '../../config/session.ts';
import { MedallionError, messageOf } from '../../errors.ts';
import { NewMembers } from '../../event/new-members.ts';
import { makeFolder } from '../../folder.ts';
import type { StageContext } from '../../progress.ts';
import type { Engine, Session, WarehouseReader } from '../engine.ts';
import { DuckDBInstance } from './driver.ts';
import { foreseen } from './errors.ts';
import { RowCache } from './row-cache.ts';
import { EXTENSIONS, loadExtension } from './extension.ts';
import { DuckDbSession, SEEN } from './session.ts';
import { makeMacros } from './source.ts';
import { singleQuoted } from './sql.ts';
import { ATTACHED, attachedWarehouse, queried, warehouseThrough } from './warehouse.ts';

export interface DuckDbOptions {
  readonly warehouse: ConnectionSettings;
  readonly duckdb: DuckDbConfig;
  /** What DuckDB may hold in memory before it spills, e.g. 400MB. Other memory of the process comes on top. */
  readonly memoryLimit: string;
  readonly threads: number | undefined;
  /** A folder of this process's own for what does not fit in memory; removed on close. */
  readonly spillDirectory: string;
}

/** What the names of sessions, and of their files, begin with. */
const SESSION = 'session_';

/**
 * DuckDB in this process, with the warehouse attached.
 * @param reader by which alone it reads the warehouse, which is not attached then
 * @throws MedallionError unreachable or config when its postgres extension cannot be had
 */
export async function openDuckDb(
  options: DuckDbOptions,
  context: StageContext,
  reader?: WarehouseReader,
): Promise<Engine> {
  await makeSpillDirectory(options.spillDirectory);
  let instance: Instance | undefined;
  const end = (): void => {
    instance?.closeSync();
    rmSync(options.spillDirectory, { recursive: true, force: true });
  };
  try {
    instance = await startDuckDb(options, context);
    const engine = await openEngine(instance, options, reader, context);
    return {
      ...engine,
      async close() {
        await engine.close();
        end();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

/**
 * DuckDB with the macros, and its postgres extension, whose signature takes a while to check; nothing is attached yet.
 * @throws MedallionError unreachable or config when the extension cannot be had
 */
export async function startDuckDb(
  options: Omit<DuckDbOptions, 'warehouse'>,
  context: StageContext,
): Promise<Instance> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: options.memoryLimit,
    temp_directory: options.spillDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // Rows are ordered where it matters, by an explicit order.
    preserve_insertion_order: 'true',
    threads: String(options.threads ?? availableParallelism()),
  });
  try {
    const connection = await instance.connect();
    await loadExtension(connection, EXTENSIONS.postgres, options.duckdb, context);
    await connection.run("set global timezone = 'UTC'");
    await makeMacros(connection);
    connection.closeSync();
    return instance;
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/**
 * An engine on a DuckDB that was started, and that has no other engine. Closed, it leaves it with the warehouse attached.
 * @param reader as `openDuckDb` takes it
 * @param context told of an extension that is fetched later on
 */
export async function openEngine(
  instance: Instance,
  options: DuckDbOptions,
  reader?: WarehouseReader,
  context: StageContext = { signal: new AbortController().signal, emit: () => undefined },
): Promise<Engine> {
  const sessions = new Set<Session>();
  const shared = { rowCache: new RowCache(), newMembers: new NewMembers() };
  let opened = 0;
  /** Sessions that are open, or about to be. */
  let inUse = 0;
  let threadsOfSessions: number | undefined;
  /**
   * A query is worked on by the thread that waits for it and by DuckDB's own. Own threads beyond the cores that sessions
   * leave free would only take a session's work away from it, and it would spin until they are done. Where sessions are closed
   * they stay as they are, for those that come next: a change takes as long as a small statement.
   */
  const shareThreads = async (): Promise<void> => {
    const threads = Math.min(options.threads ?? availableParallelism(), inUse);
    if (threads === threadsOfSessions) {
      return;
    }
    threadsOfSessions = threads;
    const connection = await instance.connect();
    await connection.run(`set global external_threads = ${String(threads)}`);
    connection.closeSync();
  };
  if (reader === undefined) {
    const connection = await instance.connect();
    await foreseen(async () => {
      await attachWarehouse(connection, options);
      await refuseAnother(connection, options.warehouse);
    });
    connection.closeSync();
  }
  const reset = async (): Promise<void> => {
    for (const session of sessions) {
      await session.close();
    }
    shared.rowCache.clear();
    shared.newMembers.clear();
    const connection = await instance.connect();
    await connection.run(`drop table if exists ${SEEN}`);
    connection.closeSync();
    const { spillDirectory: folder } = options;
    for (const name of await readdir(folder).catch(() => [])) {
      if (name.startsWith(SESSION)) {
        await rm(path.join(folder, name), { force: true });
      }
    }
  };
  return {
    async openSession() {
      inUse += 1;
      opened += 1;
      const name = `${SESSION}${String(opened)}`;
      const prefix = path.join(options.spillDirectory, name);
      const session = await DuckDbSession.open({
        ...shared,
        connection: await instance.connect(),
        catalog: name,
        warehouse: reader === undefined ? attachedWarehouse : warehouseThrough(reader, prefix),
        files: { ...options, context },
        onClosing: (closing) => {
          inUse -= sessions.delete(closing) ? 1 : 0;
        },
      });
      sessions.add(session);
      await shareThreads();
      return session;
    },
    reset,
    close: reset,
  };
}

async function makeSpillDirectory(directory: string): Promise<void> {
  try {
    await makeFolder(directory);
  } catch (error) {
    throw new MedallionError('storage', `cannot write ${directory}: ${messageOf(error)}`, {
      hint: 'DuckDB needs it for temporary files. Choose a writable folder with --home or MEDALLION_HOME.',
      cause: error,
    });
  }
}

/** Through a secret, because an attach string with a password is printed in DuckDB's connection errors. */
export async function attachWarehouse(
  connection: DuckDBConnection,
  { warehouse, spillDirectory }: DuckDbOptions,
): Promise<void> {
  const options = Object.entries(connectionOptions(warehouse, spillDirectory));
  const secret = options.map(([name, value]) => `${name} ${singleQuoted(value)}`);
  await connection.run(`create or replace secret warehouse (type postgres, ${secret.join(', ')})`);
  await connection.run(`attach '' as ${ATTACHED} (type postgres, secret warehouse, read_only)`);
}

/**
 * DuckDB finds the server by itself: before anything is written there, it must be the one that was looked at.
 * @throws MedallionError config
 */
async function refuseAnother(
  connection: DuckDBConnection,
  { facts, host, port }: ConnectionSettings,
): Promise<void> {
  if (facts === undefined) {
    return;
  }
  const { sql, value } = facts.identity;
  const reader = await connection.runAndReadAll(queried(sql));
  const found = String(reader.getRows()[0]?.[0]);
  if (found !== value) {
    throw new MedallionError(
      'config',
      `${host}:${String(port)} leads to two servers: medallion reaches ${value}, DuckDB reaches ${found}`,
      {
        hint: 'Nothing was written. Use an address that leads to one server only.',
      },
    );
  }
}

/**
 * Where no authority is named, the ones that Node trusts: libpq knows none, and one warehouse is to be trusted, or not,
 * by everything that talks to it.
 */
function withAuthorities(tls: TlsConfig | undefined, folder: string): TlsConfig | undefined {
  if (tls?.verify !== true || tls.caFile !== undefined) {
    return tls;
  }
  const caFile = path.join(folder, 'authorities.pem');
  writeFileSync(caFile, rootCertificates.join('\n'));
  return { ...tls, caFile };
}

/** Every way to say who one is: an option without a value would mean none of them. */
const ANY_METHOD = 'none,password,md5,gss,sspi,scram-sha-256';

/**
 * Every option of libpq that it would else take from the environment, or from files in the user's home: what is not named
 * here must have no meaning without them.
 */
function connectionOptions(
  { host, port, user, database, password, tls: asked, facts }: ConnectionSettings,
  folder: string,
): Readonly<Record<string, string>> {
  const tls = withAuthorities(asked, folder);
  // A file that is not there: an option without a value means the one in the user's home.
  const none = path.join(folder, 'none');
  const file = (name: string | undefined): string =>
    name === undefined ? none : path.resolve(name);
  return {
    ...{ host, hostaddr: '', port: String(port), user, dbname: database },
    ...{ password: password ?? '', passfile: none },
    ...{ application_name: 'medallion', client_encoding: 'UTF8' },
    // A pooler refuses it; there, transactions say the same.
    options: facts?.isPooled === true ? '' : sessionOptions(facts?.majorVersion ?? 0),
    // A server that a network cut off is given up within a minute.
    ...{ connect_timeout: '10', tcp_user_timeout: '30000' },
    ...{ keepalives: '1', keepalives_idle: '15', keepalives_interval: '5', keepalives_count: '3' },
    ...{ sslmode: sslModeOf(tls), sslnegotiation: 'postgres', sslcompression: '0', sslsni: '1' },
    ...{ sslrootcert: file(tls?.caFile), sslcrl: none, sslcrldir: '' },
    ...{ sslcertmode: tls?.certFile === undefined ? 'disable' : 'allow' },
    ...{ sslcert: file(tls?.certFile), sslkey: file(tls?.keyFile) },
    ...{ ssl_min_protocol_version: 'TLSv1.2', ssl_max_protocol_version: '' },
    ...{
      channel_binding: 'prefer',
      require_auth: ANY_METHOD,
      requirepeer: '',
      gssencmode: 'disable',
    },
    ...{ krbsrvname: 'postgres', gssdelegation: '0' },
    ...{ target_session_attrs: 'any', load_balance_hosts: 'disable' },
    ...{ min_protocol_version: '3.0', max_protocol_version: '3.0' },
  };
}
