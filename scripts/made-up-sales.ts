import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

// The warehouse behind the pictures of the README: the same sales every time.

export const ROOT = path.join(import.meta.dirname, '..');
export const PICTURES = path.join(ROOT, 'docs/screenshots');
export const PERIOD = { since: '2026-03-01', until: '2026-03-31' };
/** Two waves, the second with late events that change days which the first has published. */
const WAVES = [
  ['-n', '16000', '--seed', '7', '--since', '2026-01-29', '--until', '2026-03-25'],
  ['-n', '9000', '--seed', '8', '--since', '2026-03-05', '--until', '2026-03-31', '--late', '5%'],
];
const SHOP = ['--customers', '600', '--products', '60', '--cities', '24', '--malformed', '0.4%'];

export interface MadeUpSales {
  readonly home: string;
  /** Where files may lie that are not kept. */
  readonly folder: string;
}

/** Runs `work` with the home of a warehouse that holds the sales, on a server that is up meanwhile. */
export async function withMadeUpSales(work: (sales: MadeUpSales) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-screenshots-'));
  const home = path.join(folder, 'home');
  const medallion = async (...args: string[]): Promise<void> => {
    const bin = path.join(ROOT, 'bin/medallion.js');
    const environment = Object.entries(process.env).filter(
      ([name]) => !/^(PG|POSTGRES_|KAFKA_|DATABASE_URL)/.test(name),
    );
    await promisify(execFile)(process.execPath, [bin, ...args, '--home', home], {
      cwd: folder,
      env: Object.fromEntries(environment),
    });
  };
  try {
    // The embedded server has a user of its own when this runs as root.
    await chmod(folder, 0o711);
    await medallion('db', 'start');
    for (const wave of WAVES) {
      await medallion('generate', ...wave, ...SHOP);
      await medallion('ingest');
      await medallion('promote');
    }
    const page = path.join(folder, 'report.html');
    await medallion('report', '--since', PERIOD.since, '--until', PERIOD.until, '--html', page);
    await work({ home, folder });
  } finally {
    await medallion('db', 'stop').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}
