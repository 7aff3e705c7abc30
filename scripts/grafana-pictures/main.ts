import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { parseConfig } from '../../src/config.ts';
import { withClient, type Client } from '../../src/postgres/client.ts';
import { withWarehouse } from '../../src/postgres/warehouse.ts';
import { readDashboard, type Dashboard, type Panel } from '../../test/grafana/committed.ts';
import { expand, type Asking, type Chosen } from '../../test/grafana/expand.ts';
import { launchBrowser } from '../chromium/browser.ts';
import { PERIOD, PICTURES, ROOT, withMadeUpSales, type MadeUpSales } from '../made-up-sales.ts';

/**
 * Pictures of the dashboards without a Grafana: the committed panels with what their queries answer, drawn with Grafana's own
 * parts, which are installed in a folder of their own: npm run screenshots:grafana. Those named README are kept; the others
 * go to the folder that the first argument names, for looking at. A second one names the home of a warehouse of your own.
 */

/** In the versions that docker-compose.yaml runs; what a picture does not need is left out. */
const compose = await readFile(path.join(ROOT, 'docker-compose.yaml'), 'utf8');
const version = /grafana\/grafana:(\d+\.\d+\.\d+)/.exec(compose)?.[1] ?? '';
const PARTS = {
  private: true,
  dependencies: {
    '@grafana/ui': version,
    '@grafana/data': version,
    react: '19.1.1',
    'react-dom': '19.1.1',
    esbuild: '0.25.10',
    // The map: outlines of Natural Earth, which are in the public domain.
    'd3-geo': '3.1.1',
    'i18n-iso-countries': '7.14.0',
    'topojson-client': '3.1.0',
    'world-atlas': '2.0.2',
  },
  // Grafana takes this one from its own repository; editors are not drawn.
  overrides: {
    'react-data-grid': '7.0.0-beta.56',
    'monaco-editor': 'npm:empty-npm-package@1.0.0',
    '@monaco-editor/react': 'npm:empty-npm-package@1.0.0',
  },
};
const CACHE = path.join(ROOT, 'node_modules/.cache/medallion-grafana', version);
const NAMES = ['sales', 'pipeline', 'trace'] as const;
const WIDTHS = [1280, 1600];
const README = 'grafana-sales.png';
/** Pixels that no dashboard is higher than. */
const WHOLE = 5000;

/** In Grafana's own edition of react-data-grid the cells of a row are of one height; in the published one they are not. */
const STYLE = 'body { margin: 0 } .rdg-cell[role=gridcell] { min-block-size: 36px !important }';

/** By PostgreSQL's numbers of types. */
const TIMES = [1082, 1114, 1184];
const NUMBERS = [20, 21, 23, 700, 701, 1700];

const target = process.argv[2] === undefined ? undefined : path.resolve(process.argv[2]);
const { script, styles } = await bundle();
const [, , , own] = process.argv;
if (own === undefined) {
  await withMadeUpSales(draw);
} else {
  await draw({ home: path.resolve(own), folder: path.resolve(own) });
}

/** Draws all dashboards of a warehouse. */
async function draw({ home, folder }: MadeUpSales): Promise<void> {
  const context = { signal: new AbortController().signal, emit: () => undefined };
  const config = parseConfig({ home }, {}, folder);
  const pages: Page[] = [];
  await withWarehouse(config, context, (settings) =>
    withClient(settings, async (client) => {
      for (const name of NAMES) {
        pages.push(await answered(client, name));
      }
    }),
  );
  const html = path.join(folder, 'dashboard.html');
  await writeFile(html, `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>`);
  const browser = await launchBrowser();
  try {
    if (own === undefined) {
      const look = { mode: 'light', width: 1280, height: 1440 } as const;
      await mkdir(PICTURES, { recursive: true });
      await shoot(browser, html, pages[0], look, path.join(PICTURES, README));
    }
    for (const page of target === undefined ? [] : pages) {
      for (const width of WIDTHS) {
        for (const mode of ['light', 'dark'] as const) {
          const file = path.join(target ?? '', `${page.name}-${mode}-${String(width)}.png`);
          await shoot(browser, html, page, { mode, width }, file);
        }
      }
    }
  } finally {
    await browser.close();
  }
}

/** The program of the page, with Grafana's parts in it. */
async function bundle(): Promise<{ script: string; styles: string }> {
  const isThere = (name: string): boolean => existsSync(path.join(CACHE, 'node_modules', name));
  if (!Object.keys(PARTS.dependencies).every(isThere)) {
    await mkdir(CACHE, { recursive: true });
    await writeFile(path.join(CACHE, 'package.json'), JSON.stringify(PARTS));
    const flags = [
      '--legacy-peer-deps',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    execFileSync('npm', ['install', ...flags], { cwd: CACHE, stdio: 'inherit' });
  }
  const { build } = createRequire(path.join(CACHE, 'package.json'))('esbuild') as {
    readonly build: (
      options: object,
    ) => Promise<{ outputFiles: readonly { path: string; text: string }[] }>;
  };
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'page.js')],
    ...{ bundle: true, minify: true, write: false, format: 'iife', logLevel: 'error' },
    outfile: 'page.js',
    nodePaths: [path.join(CACHE, 'node_modules')],
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'globalThis' },
  });
  const textOf = (end: string): string =>
    outputFiles.find((file) => file.path.endsWith(end))?.text ?? '';
  return { script: textOf('.js'), styles: textOf('.css') };
}

interface Answer {
  readonly fields: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

interface Page {
  readonly name: string;
  readonly title: string;
  readonly range: { readonly from: string; readonly to: string };
  readonly panels: readonly (Panel & { readonly answer: Answer | undefined })[];
}

/** A dashboard with what its queries say. */
async function answered(client: Client, name: (typeof NAMES)[number]): Promise<Page> {
  const dashboard = readDashboard(name);
  const range =
    name === 'pipeline'
      ? { from: ago(2), to: ago(0) }
      : { from: `${PERIOD.since}T00:00:00Z`, to: `${PERIOD.until}T23:59:59.999Z` };
  const variables = await chosen(client, dashboard, range);
  const asking = { ...range, interval: '1m', variables };
  const panels = [];
  for (const panel of dashboard.panels) {
    const sql = panel.targets?.[0]?.rawSql;
    const title = panel.title.replace(/\$\{(\w+)\}/g, (_, key: string) => {
      const value = variables[key];
      return typeof value === 'string' ? value : key;
    });
    const answer = sql === undefined ? undefined : await ask(client, sql, asking);
    panels.push({ ...panel, title, answer });
  }
  return { name, title: dashboard.title, range, panels };
}

function ago(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString();
}

/** All of each list, the latest transaction, and what hidden variables say. */
async function chosen(
  client: Client,
  dashboard: Dashboard,
  range: { readonly from: string; readonly to: string },
): Promise<Record<string, Chosen>> {
  const variables: Record<string, Chosen> = {};
  for (const { name, type, query, allValue } of dashboard.templating.list) {
    if (allValue !== undefined) {
      variables[name] = { all: allValue };
    } else if (type === 'query') {
      const { rows } = await ask(client, query, { ...range, interval: '1m', variables });
      variables[name] = String(rows[0]?.[0] ?? '');
    } else {
      variables[name] = name === 'transaction' ? await latestTransaction(client) : '';
    }
  }
  return variables;
}

async function latestTransaction(client: Client): Promise<string> {
  const { rows } = await client.query<{ transaction_id: string }>(
    'select transaction_id from silver.fact_transactions order by event_timestamp desc, transaction_id limit 1',
  );
  return rows[0]?.transaction_id ?? '';
}

async function ask(client: Client, sql: string, asking: Asking): Promise<Answer> {
  const { rows, fields } = await client.query<(string | null)[]>({
    text: expand(sql, asking),
    rowMode: 'array',
  });
  const types = fields.map(({ name, dataTypeID }) => {
    const isTime = TIMES.includes(dataTypeID) || (name === 'time' && fields[0]?.name === name);
    return isTime ? 'time' : NUMBERS.includes(dataTypeID) ? 'number' : 'string';
  });
  const valueOf = (text: string | null, column: number): string | number | null => {
    if (text === null || types[column] === 'string') {
      return text;
    }
    // Seconds since 1970 where Grafana's macros group the times.
    const isSeconds = types[column] === 'time' && /^\d+$/.test(text);
    return types[column] === 'time' && !isSeconds
      ? Date.parse(text)
      : Number(text) * (isSeconds ? 1000 : 1);
  };
  return {
    fields: fields.map(({ name }, column) => ({ name, type: types[column] ?? 'string' })),
    rows: rows.map((row) => row.map(valueOf)),
  };
}

async function shoot(
  browser: Browser,
  html: string,
  dashboard: Page | undefined,
  look: { readonly mode: 'light' | 'dark'; readonly width: number; readonly height?: number },
  file: string,
): Promise<void> {
  const { mode, width, height } = look;
  await mkdir(path.dirname(file), { recursive: true });
  const context = await browser.newContext({
    // Tables are drawn when they come into sight: all of them are.
    viewport: { width, height: WHOLE },
    timezoneId: 'UTC',
    locale: 'en-US',
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(pathToFileURL(html).href);
  await page.addStyleTag({ content: styles });
  await page.addScriptTag({ content: script });
  await page.evaluate(
    `draw(${JSON.stringify({ ...dashboard, mode, width }).replaceAll('\u2028', '\\u2028')})`,
  );
  await page.waitForTimeout(1500);
  const shown = await page.evaluate<number>(`document.querySelector('main').offsetHeight`);
  await page.screenshot({ path: file, clip: { x: 0, y: 0, width, height: height ?? shown } });
  await context.close();
  console.log(path.relative(ROOT, file));
}
