import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { DuckDbConfig } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';

export interface Extension {
  /** As people know it. */
  readonly name: keyof DuckDbConfig['extensionFiles'];
  /** As DuckDB's files and packages call it. */
  readonly module: string;
}

/** An extension binary fits one version of DuckDB on one platform. */
export interface Build {
  /** With its v: v1.5.5. */
  readonly version: string;
  /** As DuckDB names it: linux_amd64, osx_arm64. */
  readonly platform: string;
}

export interface ExtensionSource {
  readonly name: string;
  /** Puts the extension's file somewhere below `folder` and returns its path; throws when it cannot. */
  readonly fetch: (
    extension: Extension,
    build: Build,
    folder: string,
    context: StageContext,
  ) => Promise<string>;
}

/** A download that brings nothing for so long has failed. */
const IDLE_TIMEOUT_MS = 20_000;
const PIP_TIMEOUT_MS = 300_000;

/** DuckDB finds the extension's entry point by this file name, so every copy must bear it. */
export function fileNameOf({ module }: Extension): string {
  return `${module}.duckdb_extension`;
}

/** What is going on while the extension is fetched, for the user. */
export function fetchStep({ name }: Extension): string {
  return `fetching DuckDB's ${name} extension`;
}

export const EXTENSION_HOST = 'https://extensions.duckdb.org';

/** Where the extension host has the extension, packed. */
export function hostPath(
  extension: Extension,
  { version, platform }: Build,
  host = EXTENSION_HOST,
): string {
  return `${host}/${version}/${platform}/${fileNameOf(extension)}.gz`;
}

/** The host that INSTALL takes extensions from; asked directly, because INSTALL can be neither bounded nor interrupted. */
export function extensionHost(
  host = EXTENSION_HOST,
  idleTimeoutMs = IDLE_TIMEOUT_MS,
): ExtensionSource {
  return {
    name: new URL(host).host,
    fetch: async (extension, build, folder, context) => {
      const stalled = new AbortController();
      const timer = setTimeout(() => {
        stalled.abort(new Error(`no answer for ${String(idleTimeoutMs / 1000)} s`));
      }, idleTimeoutMs);
      const file = path.join(folder, fileNameOf(extension));
      const url = hostPath(extension, build, host);
      try {
        const signal = AbortSignal.any([stalled.signal, context.signal]);
        const response = await fetch(url, { signal });
        if (!response.ok || response.body === null) {
          throw new Error(`HTTP status ${String(response.status)} for ${url}`);
        }
        const total = Number(response.headers.get('content-length') ?? 0);
        let received = 0;
        const meter = new Transform({
          transform: (chunk: Buffer, _encoding, done) => {
            timer.refresh();
            received += chunk.length;
            const step = fetchStep(extension);
            context.emit({ type: 'step.progress', step, ...megabytes(received, total) });
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
    fetch: async (extension, build, folder, context) => {
      const python = await firstThat(interpreters, async (interpreter) =>
        run(interpreter, ['-m', 'pip', '--version'], folder, context.signal),
      );
      const distribution = `duckdb-extension-${extension.module.replaceAll('_', '-')}`;
      const requirement = `${distribution}==${build.version.replace(/^v/, '')}`;
      const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--retries', '1'];
      const download = ['-m', 'pip', 'download', ...options, '--quiet', '-d', 'wheel', requirement];
      await run(python, download, folder, context.signal);
      // zipfile takes no wildcard: let Python find the one wheel there.
      const unpack =
        'import glob, zipfile; zipfile.ZipFile(glob.glob("wheel/*.whl")[0]).extractall(".")';
      await run(python, ['-c', unpack], folder, context.signal);
      const module = `duckdb_extension_${extension.module}`;
      return path.join(folder, module, 'extensions', build.version, fileNameOf(extension));
    },
  };
}

export const EXTENSION_SOURCES: readonly ExtensionSource[] = [extensionHost(), pythonWheel()];

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

const execute = promisify(execFile);

/** Runs a program to its end; a failure speaks with the last line the program wrote to stderr. */
async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(PIP_TIMEOUT_MS);
  const running = execute(program, args, { cwd, signal: AbortSignal.any([signal, timeout]) });
  running.child.stdin?.end();
  await running.catch((error: unknown) => {
    const { stderr } = error as { readonly stderr?: string };
    const complaint = stderr?.trim().split('\n').at(-1) ?? '';
    throw timeout.aborted
      ? new Error(`${program} took more than ${String(PIP_TIMEOUT_MS / 1000)} s`)
      : complaint === ''
        ? error
        : new Error(complaint);
  });
}

/** fetch says only "fetch failed"; its cause says why. */
function rootCause(error: unknown): Error {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause : new Error(messageOf(cause));
}
