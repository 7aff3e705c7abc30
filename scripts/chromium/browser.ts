import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';

/**
 * A real Chromium, headless, without an installation: on Linux (x64) it lies packed in the npm package
 * @sparticuz/chromium, with the libraries and a font that a bare machine lacks. CHROMIUM names another one.
 */

const ROOT = path.join(import.meta.dirname, '../..');
const PACKAGE = path.join(ROOT, 'node_modules/@sparticuz/chromium');
const CACHE = path.join(ROOT, 'node_modules/.cache/medallion-chromium');

/** No sandbox within the sandbox that CI is, and nothing but what the page asks for goes to the network. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // Letters as wide as they are drawn on any machine.
  '--font-render-hinting=none',
];

/** The package unpacks what the system that it names lacks; beyond that the name has no effect. */
const UNPACK_ALL = { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' };
const UNPACK = path.join(import.meta.dirname, 'unpack.js');

const FONTS_FILE = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="relative">fonts-cache</cachedir>
</fontconfig>
`;

/** Starts the browser. Throws an Error that says what is missing. */
export async function launchBrowser(): Promise<Browser> {
  const named = process.env['CHROMIUM'] ?? '';
  if (named !== '') {
    return chromium.launch({ executablePath: named, args: FLAGS });
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'The browser for tests comes along for Linux on x64 only: set CHROMIUM to the path of a Chrome or Chromium.',
    );
  }
  const folder = await unpacked();
  return chromium.launch({
    executablePath: path.join(folder, 'chromium'),
    args: FLAGS,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [process.env['LD_LIBRARY_PATH'], path.join(folder, 'al2023/lib')]
        .filter(Boolean)
        .join(':'),
      FONTCONFIG_FILE: path.join(folder, 'fonts.conf'),
    },
  });
}

/** The folder with the browser, unpacked the first time. */
async function unpacked(): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(PACKAGE, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = path.join(CACHE, version);
  if (existsSync(folder)) {
    return folder;
  }
  // Built aside and moved into place whole: several processes may unpack at once.
  await mkdir(CACHE, { recursive: true });
  const building = await mkdtemp(path.join(CACHE, 'building-'));
  try {
    await promisify(execFile)(process.execPath, [UNPACK], {
      env: { ...process.env, ...UNPACK_ALL, TMPDIR: building },
    });
    await writeFile(path.join(building, 'fonts.conf'), FONTS_FILE);
    await rename(building, folder);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    if (!existsSync(folder)) {
      throw error;
    }
  }
  return folder;
}
