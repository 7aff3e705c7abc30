import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { renderPage } from '../src/cli/render/report-page.ts';
import { parseConfig } from '../src/config.ts';
import { report } from '../src/app/query.ts';
import { launchBrowser } from './chromium/browser.ts';
import { PERIOD, PICTURES, ROOT, withMadeUpSales } from './made-up-sales.ts';

// The pictures of the report in the README, from the same made-up sales every time: npm run screenshots

const TERMINAL_WIDTH = 100;

await withMadeUpSales(async ({ home, folder }) => {
  const page = path.join(folder, 'report.html');
  const terminal = path.join(folder, 'terminal.html');
  await writeFile(terminal, terminalPage(await terminalReport(home, folder)));

  await mkdir(PICTURES, { recursive: true });
  const browser = await launchBrowser();
  try {
    const light = { colorScheme: 'light' } as const;
    const dark = { colorScheme: 'dark' } as const;
    await shoot(browser, page, 'report-light.png', { width: 1180, height: 1010, ...light });
    await shoot(browser, page, 'report-dark-phone.png', { width: 390, height: 980, ...dark });
    await shoot(browser, terminal, 'report-terminal.png', { width: 946, height: 0, ...dark });
  } finally {
    await browser.close();
  }
});

/** The report as a terminal gets it, in colour. */
async function terminalReport(home: string, folder: string): Promise<string> {
  const config = parseConfig({ home }, {}, folder);
  const sections = ['headline', 'days', 'categories'] as const;
  const answer = await report(config, { ...PERIOD, sections, top: 5 });
  return renderPage(answer, { width: TERMINAL_WIDTH, color: true, top: 5 });
}

/** A window of a terminal, with the colours that the text asks for. */
function terminalPage(text: string): string {
  const classes: Readonly<Record<string, string>> = {
    '1': 'bold',
    '31': 'red',
    '32': 'green',
    '33': 'yellow',
    '36': 'cyan',
  };
  const body = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/\u001b\[(\d+)m/g, (_, code: string) =>
      classes[code] === undefined ? '</span>' : `<span class="${classes[code]}">`,
    );
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 18px 22px; background: #14181f; color: #d7dde6 }
    pre { margin: 0; font: 14.95px/1.164 'DejaVu Sans Mono', monospace }
    .bold { font-weight: bold; color: #fff } .red { color: #ff7b72 } .green { color: #5bd17f }
    .yellow { color: #e3b341 } .cyan { color: #56c5d6 }
    </style><pre><b>$</b> medallion report --since ${PERIOD.since} --until ${PERIOD.until}\n\n${body}</pre>`;
}

/** Takes the picture of a page: of its first `height` pixels, or of the whole where that is 0. */
async function shoot(
  browser: Browser,
  file: string,
  name: string,
  look: { width: number; height: number; colorScheme: 'light' | 'dark' },
): Promise<void> {
  const { width, height, colorScheme } = look;
  const context = await browser.newContext({
    viewport: { width, height: Math.max(1, height) },
    colorScheme,
  });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  const picture = path.join(PICTURES, name);
  await page.screenshot({ path: picture, fullPage: height === 0 });
  await context.close();
  const { length } = await readFile(picture);
  console.log(`${path.relative(ROOT, picture)}  ${String(Math.ceil(length / 1000))} kB`);
}
