import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDbConfig } from '../../config.ts';
import { MedallionError, messageOf, throwIfInterrupted } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import type { StageContext } from '../../progress.ts';

/** An extension binary fits one version of DuckDB on one platform. */
export interface Build {
  /** With its v: v1.5.5. */
  readonly version: string;
  /** As DuckDB names it: linux_amd64, osx_arm64. */
  readonly platform: string;
}

/** A place that the extension can be fetched from. */
export interface ExtensionSource {
  readonly name: string;
  /** Puts the extension's file somewhere below `folder` and returns its path; throws when it cannot. */
  readonly fetch: (build: Build, folder: string, context: StageContext) => Promise<string>;
}

// DuckDB finds the extension's entry point by this file name, so every copy must bear it.
const FILE_NAME = 'postgres_scanner.duckdb_extension';
const STEP = "fetching DuckDB's postgres extension";
/** A download that brings nothing for so long has failed. */
const IDLE_TIMEOUT_MS = 20_000;
const PIP_TIMEOUT_MS = 300_000;

/**
 * Loads DuckDB's postgres extension: the file that the configuration names, else the one DuckDB itself keeps, else
 * a copy in the cache, else one fetched into the cache. Wherever it comes from, DuckDB checks its signature.
 * @throws MedallionError config (the named file does not load), unreachable (nowhere to be had), storage (nowhere
 *   to keep it), interrupted
 */
export async function loadPostgresExtension(
  connection: DuckDBConnection,
  config: DuckDbConfig,
  context: StageContext,
  sources: readonly ExtensionSource[] = EXTENSION_SOURCES,
): Promise<void> {
  if (config.extensionFile !== undefined) {
    await loadNamedFile(connection, config.extensionFile);
    return;
  }
  // Else LOAD would go to the network by itself, for as long as that takes.
  await connection.run('set autoinstall_known_extensions = false');
  if (await succeeds(connection.run('load postgres'))) {
    return;
  }
  const build = await buildOf(connection);
  const folders = config.cacheFolders.map((folder) =>
    path.join(folder, 'duckdb', build.version, build.platform),
  );
  for (const folder of folders) {
    const file = path.join(folder, FILE_NAME);
    if ((await succeeds(access(file))) && (await succeeds(loadFile(connection, file)))) {
      return;
    }
  }
  context.emit({ type: 'step.started', step: STEP });
  const source = await fetchInto(
    await writableFolder(folders),
    connection,
    build,
    sources,
    context,
  );
  context.emit({ type: 'step.finished', step: STEP, detail: `from ${source}` });
}

async function loadNamedFile(connection: DuckDBConnection, file: string): Promise<void> {
  try {
    await loadFile(connection, file);
  } catch (error) {
    throw new MedallionError('config', `cannot load ${file}: ${firstLine(error)}`, {
      hint: `MEDALLION_DUCKDB_EXTENSION must name a ${FILE_NAME} made for this version of DuckDB.`,
      cause: error,
    });
  }
}

async function loadFile(connection: DuckDBConnection, file: string): Promise<void> {
  await connection.run(`load '${file.replaceAll("'", "''")}'`);
}

/** The DuckDB that the connection belongs to. */
export async function buildOf(connection: DuckDBConnection): Promise<Build> {
  const result = await connection.runAndReadAll(
    'select library_version, platform from pragma_version(), pragma_platform()',
  );
  const [version, platform] = result.getRows()[0] ?? [];
  return { version: String(version), platform: String(platform) };
}

/** The first folder that can be made and written to. */
async function writableFolder(folders: readonly string[]): Promise<string> {
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
    `nowhere to keep DuckDB's postgres extension: ${refusals.join('; ')}`,
    {
      hint: `Make one of them writable, or set MEDALLION_DUCKDB_EXTENSION to a ${FILE_NAME}.`,
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
  build: Build,
  sources: readonly ExtensionSource[],
  context: StageContext,
): Promise<string> {
  const refusals: string[] = [];
  for (const source of sources) {
    const scratch = await mkdtemp(path.join(folder, '.fetch-'));
    try {
      const file = await source.fetch(build, scratch, context);
      await loadFile(connection, file);
      await rename(file, path.join(folder, FILE_NAME));
      return source.name;
    } catch (error) {
      throwIfInterrupted(context.signal);
      refusals.push(`${source.name}: ${firstLine(error)}`);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  throw new MedallionError(
    'unreachable',
    [
      "DuckDB's postgres extension is not on this machine and could not be fetched",
      ...refusals,
    ].join('\n  '),
    {
      hint: [
        'Any of these helps:',
        `- let this machine reach ${EXTENSION_HOST}`,
        '- let pip reach a Python package index (pip config, PIP_INDEX_URL)',
        `- unpack ${hostPath(build)} on another machine, bring the file here as ${FILE_NAME}`,
        '  and set MEDALLION_DUCKDB_EXTENSION to its path',
      ].join('\n'),
      retriable: true,
    },
  );
}

const EXTENSION_HOST = 'https://extensions.duckdb.org';

function hostPath(build: Build, host = EXTENSION_HOST): string {
  return `${host}/${build.version}/${build.platform}/${FILE_NAME}.gz`;
}

/** The host that INSTALL takes extensions from; asked directly, because INSTALL can be neither bounded nor interrupted. */
export function extensionHost(
  host = EXTENSION_HOST,
  idleTimeoutMs = IDLE_TIMEOUT_MS,
): ExtensionSource {
  return {
    name: new URL(host).host,
    fetch: async (build, folder, context) => {
      const stalled = new AbortController();
      const timer = setTimeout(() => {
        stalled.abort(new Error(`no answer for ${String(idleTimeoutMs / 1000)} s`));
      }, idleTimeoutMs);
      const file = path.join(folder, FILE_NAME);
      try {
        const signal = AbortSignal.any([stalled.signal, context.signal]);
        const response = await fetch(hostPath(build, host), { signal });
        if (!response.ok || response.body === null) {
          throw new Error(`HTTP status ${String(response.status)} for ${hostPath(build, host)}`);
        }
        const total = Number(response.headers.get('content-length') ?? 0);
        let received = 0;
        const meter = new Transform({
          transform: (chunk: Buffer, _encoding, done) => {
            timer.refresh();
            received += chunk.length;
            context.emit({ type: 'step.progress', step: STEP, ...megabytes(received, total) });
            done(null, chunk);
          },
        });
        await pipeline(
          Readable.fromWeb(response.body),
          meter,
          createGunzip(),
          createWriteStream(file),
          { signal },
        );
      } catch (error) {
        throw rootCause(stalled.signal.aborted ? stalled.signal.reason : error);
      } finally {
        clearTimeout(timer);
      }
      return file;
    },
  };
}

function megabytes(done: number, total: number): { done: number; total?: number; unit: string } {
  const whole = (bytes: number): number => Math.round(bytes / 1e6);
  return { done: whole(done), ...(total > 0 ? { total: whole(total) } : {}), unit: 'MB' };
}

/**
 * The Python package index, through the user's own pip and its settings (mirror, proxy): the wheel carries the
 * same signed binary.
 */
export function pythonWheel(
  interpreters: readonly string[] = ['python3', 'python'],
): ExtensionSource {
  return {
    name: 'pip',
    fetch: async (build, folder, context) => {
      const python = await firstThat(interpreters, async (interpreter) =>
        run(interpreter, ['-m', 'pip', '--version'], folder, context.signal),
      );
      const requirement = `duckdb-extension-postgres-scanner==${build.version.replace(/^v/, '')}`;
      const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--retries', '1'];
      const download = ['-m', 'pip', 'download', ...options, '--quiet', '-d', 'wheel', requirement];
      await run(python, download, folder, context.signal);
      // zipfile takes no wildcard: let Python find the one wheel there.
      const unpack =
        'import glob, zipfile; zipfile.ZipFile(glob.glob("wheel/*.whl")[0]).extractall(".")';
      await run(python, ['-c', unpack], folder, context.signal);
      return path.join(
        folder,
        'duckdb_extension_postgres_scanner',
        'extensions',
        build.version,
        FILE_NAME,
      );
    },
  };
}

const EXTENSION_SOURCES: readonly ExtensionSource[] = [extensionHost(), pythonWheel()];

async function firstThat<T>(
  candidates: readonly T[],
  works: (candidate: T) => Promise<void>,
): Promise<T> {
  const refusals: unknown[] = [];
  for (const candidate of candidates) {
    try {
      await works(candidate);
      return candidate;
    } catch (error) {
      refusals.push(error);
    }
  }
  throw refusals[0];
}

/** Runs a program to its end; a failure speaks with the last line the program wrote to stderr. */
async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(PIP_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      signal: AbortSignal.any([signal, timeout]),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-4000);
    });
    child.on('error', (error) => {
      reject(
        timeout.aborted
          ? new Error(`${program} took more than ${String(PIP_TIMEOUT_MS / 1000)} s`)
          : error,
      );
    });
    child.on('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(
          new Error(
            complaint.trim().split('\n').at(-1) ?? `${program} ended with code ${String(code)}`,
          ),
        );
      }
    });
  });
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

/** fetch says only "fetch failed"; its cause says why. */
function rootCause(error: unknown): Error {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause : new Error(messageOf(cause));
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0] ?? '';
}
