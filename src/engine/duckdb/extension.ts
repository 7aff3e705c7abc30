import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDbConfig } from '../../config.ts';
import { settingOf } from '../../config/settings.ts';
import { firstLine, MedallionError, messageOf, throwIfInterrupted } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import type { StageContext } from '../../progress.ts';
import {
  EXTENSION_HOST,
  EXTENSION_SOURCES,
  fetchStep,
  fileNameOf,
  hostPath,
  type Build,
  type Extension,
  type ExtensionSource,
} from './extension-sources.ts';
import { singleQuoted } from './sql.ts';

export const EXTENSIONS = {
  /** Every engine attaches the warehouse with it. */
  postgres: { name: 'postgres', module: 'postgres_scanner' },
  /** Writes xlsx; had only when somebody asks for that. */
  excel: { name: 'excel', module: 'excel' },
  /** Reads and writes s3://; had only where an archive lies there. */
  httpfs: { name: 'httpfs', module: 'httpfs' },
} as const satisfies Record<keyof DuckDbConfig['extensionFiles'], Extension>;

const FILE_SETTINGS = {
  postgres: 'duckdb.extension',
  excel: 'duckdb.excel_extension',
  httpfs: 'duckdb.httpfs_extension',
} as const;

/**
 * Loads an extension of DuckDB: the file that the configuration names, else the one DuckDB itself keeps, else a copy in
 * the cache, else one fetched into the cache. Wherever it comes from, DuckDB checks its signature.
 * @returns the statement that loads it into another DuckDB of this version
 * @throws MedallionError config (the named file does not load), unreachable (nowhere to be had), storage (nowhere
 *   to keep it), interrupted
 */
export async function loadExtension(
  connection: DuckDBConnection,
  extension: Extension,
  config: DuckDbConfig,
  context: StageContext,
  sources: readonly ExtensionSource[] = EXTENSION_SOURCES,
): Promise<string> {
  const cached = await loadCachedExtension(connection, extension, config);
  if (cached !== undefined) {
    return cached;
  }
  const build = await buildOf(connection);
  const folder = await writableFolder(extension, cacheFolders(config, build));
  const step = fetchStep(extension);
  context.emit({ type: 'step.started', step });
  const source = await fetchInto(folder, connection, extension, build, sources, context);
  context.emit({ type: 'step.finished', step, detail: `from ${source}` });
  return loading(path.join(folder, fileNameOf(extension)));
}

/**
 * The same, but nothing is fetched.
 * @returns the statement that loads it; undefined when it is not on this machine
 * @throws MedallionError config
 */
export async function loadCachedExtension(
  connection: DuckDBConnection,
  extension: Extension,
  config: DuckDbConfig,
): Promise<string | undefined> {
  const named = config.extensionFiles[extension.name];
  if (named !== undefined) {
    return loadNamedFile(connection, extension, named);
  }
  // Else LOAD would go to the network by itself, for as long as that takes.
  await connection.run('set autoinstall_known_extensions = false');
  const ownCopy = `load ${extension.module}`;
  if (await succeeds(connection.run(ownCopy))) {
    return ownCopy;
  }
  for (const folder of cacheFolders(config, await buildOf(connection))) {
    const file = path.join(folder, fileNameOf(extension));
    const statement = loading(file);
    if ((await succeeds(access(file))) && (await succeeds(connection.run(statement)))) {
      return statement;
    }
  }
  return undefined;
}

async function loadNamedFile(
  connection: DuckDBConnection,
  extension: Extension,
  file: string,
): Promise<string> {
  const statement = loading(file);
  try {
    await connection.run(statement);
    if (!(await isLoaded(connection, extension))) {
      throw new Error('it is another extension');
    }
    return statement;
  } catch (error) {
    throw new MedallionError('config', `cannot load ${file}: ${firstLine(messageOf(error))}`, {
      hint: `Set ${variableOf(extension)} to the file ${fileNameOf(extension)} made for this version of DuckDB.`,
      cause: error,
    });
  }
}

async function isLoaded(connection: DuckDBConnection, { module }: Extension): Promise<boolean> {
  const result = await connection.runAndReadAll(
    'select loaded from duckdb_extensions() where extension_name = $1',
    [module],
  );
  return result.getRows()[0]?.[0] === true;
}

function loading(file: string): string {
  return `load ${singleQuoted(file)}`;
}

function variableOf({ name }: Extension): string {
  return settingOf(FILE_SETTINGS[name]).variables[0] ?? '';
}

/** The DuckDB that the connection belongs to. */
export async function buildOf(connection: DuckDBConnection): Promise<Build> {
  const result = await connection.runAndReadAll(
    'select library_version, platform from pragma_version(), pragma_platform()',
  );
  const [version, platform] = result.getRows()[0] ?? [];
  return { version: String(version), platform: String(platform) };
}

/** Where fetched extensions of a build may be kept, the first choice first. */
function cacheFolders(config: DuckDbConfig, { version, platform }: Build): string[] {
  return config.cacheFolders.map((folder) => path.join(folder, 'duckdb', version, platform));
}

/** The first folder that can be made and written to. */
async function writableFolder(extension: Extension, folders: readonly string[]): Promise<string> {
  const refusals: string[] = [];
  for (const folder of folders) {
    try {
      await makeFolder(folder);
      await rm(await mkdtemp(path.join(folder, '.fetch-')), { recursive: true });
      return folder;
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  throw new MedallionError(
    'storage',
    `no place to store DuckDB's ${extension.name} extension: ${refusals.join('; ')}`,
    {
      hint: `Make one of them writable, or set ${variableOf(extension)} to the file ${fileNameOf(extension)}.`,
    },
  );
}

/**
 * Tries the sources in turn. A file is loaded before it gets its final name, so the cache holds only what DuckDB
 * has accepted; two processes that fetch at once both end with a whole file there.
 * @returns the name of the source that had it
 */
async function fetchInto(
  folder: string,
  connection: DuckDBConnection,
  extension: Extension,
  build: Build,
  sources: readonly ExtensionSource[],
  context: StageContext,
): Promise<string> {
  const refusals: string[] = [];
  for (const source of sources) {
    const scratch = await mkdtemp(path.join(folder, '.fetch-'));
    try {
      const file = await source.fetch(extension, build, scratch, context);
      await connection.run(loading(file));
      await rename(file, path.join(folder, fileNameOf(extension)));
      return source.name;
    } catch (error) {
      throwIfInterrupted(context.signal);
      refusals.push(`${source.name}: ${firstLine(messageOf(error))}`);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  throw new MedallionError(
    'unreachable',
    [
      `DuckDB's ${extension.name} extension is not on this machine and could not be fetched`,
      ...refusals,
    ].join('\n  '),
    {
      hint: [
        'Any of these helps:',
        `- let this machine reach ${EXTENSION_HOST}`,
        '- let pip reach a Python package index (pip config, PIP_INDEX_URL)',
        `- unpack ${hostPath(extension, build)} on another machine, bring the file here as ${fileNameOf(extension)}`,
        `  and set ${variableOf(extension)} to its path`,
      ].join('\n'),
    },
  );
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}
