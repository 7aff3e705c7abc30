import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig, type DuckDbConfig } from '../../src/config.ts';
import {
  extensionHost,
  pythonWheel,
  type ExtensionSource,
} from '../../src/engine/duckdb/extension-sources.ts';
import {
  EXTENSIONS,
  loadExtension,
  loadCachedExtension,
} from '../../src/engine/duckdb/extension.ts';
import type { ProgressEvent, StageContext } from '../../src/progress.ts';

const FILE_NAME = 'postgres_scanner.duckdb_extension';

let root: string;
/** The genuine extension, fetched once by pip. */
let genuine: string;
let build: { version: string; platform: string };
let connections: DuckDBConnection[] = [];
let servers: Server[] = [];

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'medallion-extension-'));
  const connection = await duckdb();
  const read = async (sql: string): Promise<string> =>
    String((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
  build = { version: await read('pragma version'), platform: await read('pragma platform') };
  const cache = folder();
  await loadPostgres(connection, config([cache]), context().context, [pythonWheel()]);
  genuine = cached(cache);
});

afterEach(() => {
  connections.forEach((connection) => {
    connection.closeSync();
  });
  connections = [];
  servers.forEach((server) => {
    server.closeAllConnections();
    server.close();
  });
  servers = [];
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('loadExtension', () => {
  it('fetches the signed binary with pip, keeps it in the cache, and does not fetch again', async () => {
    const cache = folder();
    const first = context();
    await loadPostgres(await duckdb(), config([cache]), first.context, [pythonWheel()]);
    expect(first.events.map((event) => event.type)).toEqual(['step.started', 'step.finished']);
    expect(readdirSync(path.dirname(cached(cache)))).toEqual([FILE_NAME]);

    const second = context();
    const again = await duckdb();
    await loadPostgres(again, config([cache]), second.context, []);
    expect(second.events).toEqual([]);
    expect(await isLoaded(again)).toBe(true);
  });

  it('uses the copy that DuckDB itself keeps', async () => {
    const own = folder();
    const kept = path.join(own, build.version, build.platform);
    mkdirSync(kept, { recursive: true });
    copyFileSync(genuine, path.join(kept, FILE_NAME));
    const connection = await duckdb(own);
    await loadPostgres(connection, config([]), context().context, []);
    expect(await isLoaded(connection)).toBe(true);
  });

  it('takes the file that the configuration names, and no other', async () => {
    const connection = await duckdb();
    await loadPostgres(connection, config([], genuine), context().context, []);
    expect(await isLoaded(connection)).toBe(true);
  });

  it('says which configured file cannot be loaded, even when a good copy is cached', async () => {
    const missing = path.join(folder(), "ana's", FILE_NAME);
    const failure = loadPostgres(
      await duckdb(),
      config([cacheWith(readFileSync(genuine))], missing),
      context().context,
    );
    await expect(failure).rejects.toMatchObject({ code: 'config' });
    await expect(failure).rejects.toThrow(missing);
  });

  it('refuses a file whose bytes are not the signed ones', async () => {
    const file = path.join(folder(), FILE_NAME);
    writeFileSync(file, tampered());
    await expect(loadPostgres(await duckdb(), config([], file), context().context)).rejects.toThrow(
      /signature/,
    );
  });

  it('fetches from the extension host and says how far it is', async () => {
    const packed = gzipSync(readFileSync(genuine), { level: 1 });
    const paths: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url);
      response.setHeader('content-length', packed.length).end(packed);
    });
    const cache = folder();
    const { context: stage, events } = context();
    await loadPostgres(await duckdb(), config([cache]), stage, [extensionHost(url)]);
    expect(paths).toEqual([`/${build.version}/${build.platform}/${FILE_NAME}.gz`]);
    expect(readFileSync(cached(cache)).equals(readFileSync(genuine))).toBe(true);
    const size = Math.round(packed.length / 1e6);
    expect(events.filter((event) => event.type === 'step.progress').at(-1)).toMatchObject({
      done: size,
      total: size,
      unit: 'MB',
    });
  });

  it('keeps nothing of a download that DuckDB refuses, and goes on to the next source', async () => {
    const packed = gzipSync(tampered(), { level: 1 });
    const url = await serve((_request, response) => response.end(packed));
    const cache = folder();
    await expect(
      loadPostgres(await duckdb(), config([cache]), context().context, [extensionHost(url)]),
    ).rejects.toThrow(/signature/);
    expect(readdirSync(path.dirname(cached(cache)))).toEqual([]);

    await loadPostgres(await duckdb(), config([cache]), context().context, [
      extensionHost(url),
      genuineSource(),
    ]);
    expect(existsSync(cached(cache))).toBe(true);
  });

  it('gives up on a host that accepts the connection and then says nothing', async () => {
    const url = await serve(() => undefined);
    const began = performance.now();
    await expect(
      loadPostgres(await duckdb(), config([folder()]), context().context, [
        extensionHost(url, 200),
      ]),
    ).rejects.toThrow(/no answer for 0.2 s/);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('stops at once when interrupted', async () => {
    const interrupt = new AbortController();
    const url = await serve(() => {
      interrupt.abort();
    });
    await expect(
      loadPostgres(await duckdb(), config([folder()]), context(interrupt.signal).context, [
        extensionHost(url),
        genuineSource(),
      ]),
    ).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('lists what it tried and every way on when there is nowhere to fetch from', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end());
    const closed = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const failure = loadPostgres(await duckdb(), config([folder()]), context().context, [
      extensionHost(url),
      extensionHost(closed),
      pythonWheel(['no-such-python']),
    ]);
    await expect(failure).rejects.toMatchObject({
      code: 'unreachable',
      exitCode: 3,
      // A promotion waits for PostgreSQL, and would take this for its loss.
      retriable: false,
    });
    await expect(failure).rejects.toThrow(/HTTP status 404[^]*ECONNREFUSED[^]*no-such-python/);
    await expect(failure).rejects.toMatchObject({
      hint: expect.stringMatching(/extensions\.duckdb\.org[^]*pip[^]*MEDALLION_DUCKDB_EXTENSION/),
    });
  });

  it('replaces a damaged copy in the cache', async () => {
    const cache = cacheWith(Buffer.from('half a file'));
    await loadPostgres(await duckdb(), config([cache]), context().context, [genuineSource()]);
    expect(readFileSync(cached(cache)).equals(readFileSync(genuine))).toBe(true);
  });

  it('serves two that fetch into one cache at once', async () => {
    const cache = folder();
    const both = await Promise.all([duckdb(), duckdb()]);
    await Promise.all(
      both.map((connection) =>
        loadPostgres(connection, config([cache]), context().context, [genuineSource()]),
      ),
    );
    expect(await Promise.all(both.map(isLoaded))).toEqual([true, true]);
    expect(readdirSync(path.dirname(cached(cache)))).toEqual([FILE_NAME]);
  });

  it("falls back to the next folder when the user's cache cannot be written, and says so when none can", async () => {
    const blocked = path.join(folder(), 'a-file');
    writeFileSync(blocked, '');
    const fallback = folder();
    await loadPostgres(await duckdb(), config([blocked, fallback]), context().context, [
      genuineSource(),
    ]);
    expect(existsSync(cached(fallback))).toBe(true);

    const failure = loadPostgres(await duckdb(), config([blocked]), context().context, [
      genuineSource(),
    ]);
    await expect(failure).rejects.toMatchObject({ code: 'storage' });
    await expect(failure).rejects.toThrow(blocked);
  });
});

describe('the excel extension', () => {
  const { excel } = EXTENSIONS;

  it('has a file, a package and a setting of its own', async () => {
    const cache = folder();
    const statement = await loadExtension(
      await duckdb(),
      excel,
      config([cache]),
      context().context,
      [pythonWheel()],
    );
    const file = path.join(
      ...[cache, 'duckdb', build.version, build.platform, 'excel.duckdb_extension'],
    );
    expect(statement).toBe(`load '${file}'`);
    // The one that is named goes before the one that is kept, and is no other's.
    const settings = (named: string): DuckDbConfig => ({
      ...config([cache]),
      extensionFiles: { postgres: undefined, excel: named, httpfs: undefined },
    });
    expect(await loadCachedExtension(await duckdb(), excel, settings(file))).toBe(statement);
    await expect(
      loadCachedExtension(await duckdb(), excel, settings(genuine)),
    ).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringMatching(/^Set MEDALLION_DUCKDB_EXCEL_EXTENSION to /),
    });
  });

  it('is not fetched by looking for it', async () => {
    const cache = folder();
    expect(await loadCachedExtension(await duckdb(), excel, config([cache]))).toBeUndefined();
    expect(readdirSync(cache)).toEqual([]);
  });

  it('says where to get it and which variable names it when there is nowhere to fetch from', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end());
    const failure = loadExtension(await duckdb(), excel, config([folder()]), context().context, [
      extensionHost(url),
    ]);
    await expect(failure).rejects.toThrow(
      /^DuckDB's excel extension[^]*\/excel\.duckdb_extension\.gz/,
    );
    await expect(failure).rejects.toMatchObject({
      code: 'unreachable',
      hint: expect.stringMatching(/excel\.duckdb_extension[^]*MEDALLION_DUCKDB_EXCEL_EXTENSION/),
    });
  });
});

/** A DuckDB whose own extension folder is `own` (empty by default), whatever this machine keeps in ~/.duckdb. */
async function duckdb(own = folder()): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { extension_directory: own });
  const connection = await instance.connect();
  connections.push(connection);
  return connection;
}

async function isLoaded(connection: DuckDBConnection): Promise<boolean> {
  const result = await connection.runAndReadAll(
    "select loaded from duckdb_extensions() where extension_name = 'postgres_scanner'",
  );
  return result.getRows()[0]?.[0] === true;
}

/** Hands out a copy of the genuine file, without a network. */
function genuineSource(): ExtensionSource {
  return {
    name: 'copy',
    fetch: (_extension, _build, scratch) => {
      copyFileSync(genuine, path.join(scratch, FILE_NAME));
      return Promise.resolve(path.join(scratch, FILE_NAME));
    },
  };
}

function tampered(): Buffer {
  const bytes = readFileSync(genuine);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return bytes;
}

function folder(): string {
  return mkdtempSync(path.join(root, 'folder-'));
}

function cached(cache: string): string {
  return path.join(cache, 'duckdb', build.version, build.platform, FILE_NAME);
}

function cacheWith(bytes: Buffer): string {
  const cache = folder();
  mkdirSync(path.dirname(cached(cache)), { recursive: true });
  writeFileSync(cached(cache), bytes);
  return cache;
}

function config(cacheFolders: string[], postgres?: string): DuckDbConfig {
  const { duckdb } = parseConfig({}, {}, root);
  const extensionFiles = { ...duckdb.extensionFiles, postgres };
  return { ...duckdb, extensionFiles, cacheFolders };
}

async function loadPostgres(
  connection: DuckDBConnection,
  settings: DuckDbConfig,
  stage: StageContext,
  sources?: readonly ExtensionSource[],
): Promise<void> {
  await loadExtension(connection, EXTENSIONS.postgres, settings, stage, sources);
}

function context(signal = new AbortController().signal) {
  const events: ProgressEvent[] = [];
  return { events, context: { signal, emit: (event: ProgressEvent) => void events.push(event) } };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
