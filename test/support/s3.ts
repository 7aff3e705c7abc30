import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../src/embedded/postmaster.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const REQUIREMENTS = path.join(import.meta.dirname, 's3-requirements.txt');

/** An S3 server of a test's own, with one bucket. */
export interface TestS3 {
  readonly bucket: string;
  /** What a command needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of the objects in the bucket. */
  keys(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Puts the server (moto, from PyPI) below node_modules/.cache, once for each list of its packages. */
async function installServer(): Promise<string> {
  const requirements = await readFile(REQUIREMENTS);
  const name = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const folder = path.join(ROOT, 'node_modules/.cache/medallion-s3', name);
  const mark = path.join(folder, 'complete');
  if (!existsSync(mark)) {
    // Two test files may want it at once: whoever is done first gives it its name.
    const own = `${folder}.${String(process.pid)}`;
    await rm(own, { recursive: true, force: true });
    await mkdir(own, { recursive: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', own];
    await promisify(execFile)('python3', [...pip, '-r', REQUIREMENTS]);
    await writeFile(path.join(own, 'complete'), '');
    await rename(own, folder).catch((error: unknown) => {
      if (!existsSync(mark)) {
        throw error;
      }
    });
  }
  return folder;
}

/** Starts an S3 server on a port that is free. */
export async function startTestS3(): Promise<TestS3> {
  const installed = await installServer();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${String(port)}`;
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, PYTHONPATH: installed, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const bucket = 'events';
  for (let attempt = 1; ; attempt += 1) {
    const made = await fetch(`${endpoint}/${bucket}`, { method: 'PUT' }).catch(() => undefined);
    if (made?.ok === true) {
      break;
    }
    if (attempt === 300 || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`the S3 server for tests did not start:\n${output}`);
    }
    await sleep(100);
  }
  return {
    bucket,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
    },
    keys: async () => {
      const listed = await (await fetch(`${endpoint}/${bucket}?list-type=2`)).text();
      return [...listed.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key = '']) => key);
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
