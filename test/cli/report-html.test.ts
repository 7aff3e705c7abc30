import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, type LosslessNumber } from 'lossless-json';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../scripts/chromium/browser.ts';
import { openInBrowser } from '../../src/cli/open-in-browser.ts';
import { withClient } from '../../src/postgres/client.ts';
import { emptyGold, filledGold } from '../query/report/gold.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import type { TestDatabase } from '../support/postgres.ts';

/** Names as they come from whoever sends events. */
const SCRIPT = `<script>document.title = 'taken'</script> & "toys"`;
const IMAGE = `"><img src=x onerror="document.title='taken'"> ${'much '.repeat(20)}too long`;
const CONTROLS = 'a\nb\u001b[2J\u202ec';

let database: TestDatabase;
let folder: string;
let file: string;
let browser: Browser;
let sections: Record<string, Record<string, LosslessNumber | string | null>[]>;

beforeAll(async () => {
  database = await filledGold();
  await withClient(database.settings, async (client) => {
    await client.query(
      `update gold.item_category_performance set category = $1 where category = 'toys'`,
      [SCRIPT],
    );
    await client.query(`update gold.geography_performance set city = $1 where city = 'unknown'`, [
      IMAGE,
    ]);
    await client.query(`update silver.dim_products set category = $1 where id = 'prod_3'`, [
      CONTROLS,
    ]);
  });
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-html-'));
  file = path.join(folder, 'january sales;$(touch x)\'".html');
  await report('--html', file);
  const { stdout } = await report('--output', 'json');
  ({ sections } = parse(stdout) as { sections: typeof sections });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function report(...args: string[]): Promise<CliResult> {
  return runIn({}, '--since', '2026-01-01', '--until', '2026-01-03', ...args);
}

async function runIn(env: Readonly<Record<string, string>>, ...args: string[]): Promise<CliResult> {
  return runCommand(['report', ...args], {
    cwd: folder,
    env: { DATABASE_URL: database.url, ...env },
  });
}

/** Opens the page as a reader does, and what went wrong with it. */
async function opened(
  look: { width: number; colorScheme?: 'light' | 'dark'; of?: string } = { width: 1280 },
): Promise<{ page: Page; troubles: string[] }> {
  const { width, colorScheme = 'light', of = file } = look;
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  const troubles: string[] = [];
  const address = pathToFileURL(of).href;
  page.on('console', (message) => troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:')) {
      troubles.push(`asked for ${request.url()}`);
    }
  });
  await page.goto(address);
  return { page, troubles };
}

const evaluateIn = async <T>(script: string, look?: Parameters<typeof opened>[0]): Promise<T> => {
  const { page } = await opened(look);
  try {
    return await page.evaluate<T>(script);
  } finally {
    await page.context().close();
  }
};

/** Runs in the page: functions that every look at it needs. */
const IN_PAGE = `
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isShown = (element) => element.getClientRects().length > 0;
  const unfold = () => all('details').forEach((details) => { details.open = true; });
  const rgb = (element, property) => getComputedStyle(element)[property].match(/[\\d.]+/g).map(Number);
`;

describe('in a browser', () => {
  it.each([
    [390, 'light'],
    [390, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)(
    '%i pixels wide, %s: whole, readable, without a complaint',
    async (width, colorScheme) => {
      const { page, troubles } = await opened({ width, colorScheme });
      const seen = await page.evaluate<Record<string, unknown>>(`(() => { ${IN_PAGE}
      const overflow = () => document.scrollingElement.scrollWidth - innerWidth;
      const folded = overflow();
      unfold();
      const texts = all('svg text').filter(isShown);
      const cut = texts.filter((text) => {
        const [inner, outer] = [text.getBoundingClientRect(), text.closest('svg').getBoundingClientRect()];
        return inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
          inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
      });
      const meeting = texts.flatMap((a, index) => texts.slice(index + 1).map((b) => [a, b]))
        .filter(([a, b]) => {
          const [one, other] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
          return one.left < other.right - 1 && other.left < one.right - 1 &&
            one.top < other.bottom - 3 && other.top < one.bottom - 3;
        });
      const luminance = ([r, g, b]) => [r, g, b]
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
      const contrast = (a, b) => {
        const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
      };
      const card = rgb(document.querySelector('#days'), 'backgroundColor');
      const faint = [...texts, ...all('.note, .change span, td, th, summary, summary span, dt, dd')]
        .filter((element) => contrast(rgb(element, element.closest('svg') ? 'fill' : 'color'), card) < 4.5);
      const letters = [...texts, ...all('p, td, th, dt, dd, h3, summary')].filter(isShown)
        .map((element) => {
          const svg = element.closest('svg');
          const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
          return parseFloat(getComputedStyle(element).fontSize) * scale;
        });
      return {
        folded,
        unfolded: overflow(),
        charts: all('svg').filter(isShown).length,
        cut: cut.map((text) => text.textContent),
        meeting: meeting.map(([a, b]) => a.textContent + ' / ' + b.textContent),
        faint: faint.map((element) => element.textContent),
        isLegible: Math.min(...letters) >= 11,
        isDark: luminance(rgb(document.body, 'backgroundColor')) < 0.2,
      };
    })()`);
      expect(seen).toEqual({
        folded: 0,
        unfolded: 0,
        // Five courses beside the headline, three of the days, and those of fifteen sections.
        charts: 5 + 3 + 15,
        cut: [],
        meeting: [],
        faint: [],
        isLegible: true,
        isDark: colorScheme === 'dark',
      });
      expect(troubles).toEqual([]);
      await page.context().close();
    },
  );

  it('has every figure of --output json in its tables, digit for digit', async () => {
    const tables = await evaluateIn<
      Record<string, Record<string, string | null>[]>
    >(`(() => { ${IN_PAGE}
      return Object.fromEntries(all('section').map((section) => {
        const names = all('th', section).map((head) => head.dataset.column);
        const rows = all('tbody tr', section).map((row) => Object.fromEntries(
          all('td', row).map((cell, index) => {
            const time = cell.querySelector('time');
            const text = time === null ? cell.textContent.trim() : time.dateTime;
            return [names[index], cell.querySelector('.none') === null ? text : null];
          })));
        return [section.id, rows];
      }));
    })()`);
    const expected = Object.entries(sections).map(([name, rows]) => [
      name,
      rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, value]) => [
            column,
            // The one name with characters that nobody should obey is shown with escapes.
            value === null ? null : String(value).replace(CONTROLS, 'a\\nb\\x1b[2J\\u202ec'),
          ]),
        ),
      ),
    ]);
    const plain = JSON.parse(
      JSON.stringify(tables, (_, value: unknown) =>
        typeof value === 'string' && /^-?[\d,]+(\.\d+)?$/.test(value)
          ? value.replaceAll(',', '')
          : value,
      ),
    ) as unknown;
    expect(plain).toEqual(Object.fromEntries(expected));
    expect(sections['days']).toHaveLength(3);
  });

  it('has the headline on cards, and a change that reads without its colour', async () => {
    const cards = await evaluateIn<string[]>(`(() => { ${IN_PAGE}
      return all('.card').map((card) => all('h3, .value, .change span', card)
        .map((part) => part.textContent.trim()).join(' | '));
    })()`);
    expect(cards).toEqual([
      'Revenue | 350.05 | ▲ +250.1% | before 100.00',
      'Orders | 4 | ▲ +300.0% | before 1',
      'Average ticket | 87.51 | ▼ -12.5% | before 100.00',
      'Customers | 3 | ▲ +200.0% | before 1',
      'Units sold | 7 | ▲ +600.0% | before 1',
      'Units an order | 1.75 | ▲ +75.0% | before 1.00',
      'Gross margin | 20.0% | ▼ -13.3 points | before 33.3%',
      'Discount share | 0.0% | = 0.0 points | before 0.0%',
      'Repeat rate | 33.3% | ▲ +33.3 points | before 0.0%',
    ]);
  });

  it('draws each amount as long as it is, and says it when it is pointed at', async () => {
    const drawn = await evaluateIn<Record<string, [string, number][]>>(`(() => { ${IN_PAGE}
      const marks = (chart, side) => all('path:has(title)', chart).map((path) =>
        [path.textContent, path.getBoundingClientRect()[side]]);
      const shown = (id) => all('#' + id + ' svg').find(isShown);
      return { days: marks(shown('days'), 'height'), categories: marks(shown('categories'), 'width') };
    })()`);
    const [first, ...days] = drawn['days'] ?? [];
    expect([first?.[0], ...days.map(([title]) => title)]).toEqual([
      '2026-01-01: 200.00',
      '2026-01-02: 0.00',
      '2026-01-03: 150.05',
    ]);
    expect(days[0]?.[1]).toBe(0);
    expect((days[1]?.[1] ?? 0) / (first?.[1] ?? 0)).toBeCloseTo(150.05 / 200, 1);
    const [toys, sports] = drawn['categories'] ?? [];
    expect(toys?.[0]).toBe(`${SCRIPT}: 180.00\u2007\u200760.0%`);
    expect((sports?.[1] ?? 0) / (toys?.[1] ?? 0)).toBeCloseTo(120 / 180, 2);
  });

  it('shows names as text, whatever they are', async () => {
    const seen = await evaluateIn<Record<string, unknown>>(`(() => { ${IN_PAGE}
      return {
        title: document.title,
        foreign: all('script, img, iframe, object, embed, form, [onerror], [onload], [style]').length,
        category: document.querySelector('#categories td').textContent.trim(),
        places: all('#places td').map((cell) => cell.textContent.trim()),
        products: document.querySelector('#products').textContent,
      };
    })()`);
    expect(seen).toMatchObject({
      title: 'Sales 2026-01-01 to 2026-01-03',
      foreign: 0,
      category: SCRIPT,
      places: expect.arrayContaining(['東京', IMAGE]),
      products: expect.stringContaining('a\\nb\\x1b[2J\\u202ec'),
    });
  });

  it('forbids itself scripts, styles and anything from elsewhere', async () => {
    const { page } = await opened();
    const refused = await page.evaluate<string[]>(`new Promise((resolve) => {
      const seen = [];
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        seen.push(effectiveDirective);
        if (seen.length === 4) { resolve(seen.sort()); }
      });
      const add = (name, attributes) => document.body.append(Object.assign(document.createElement(name), attributes));
      add('img', { src: 'http://127.0.0.1:9/x.png' });
      add('script', { textContent: 'document.title = 1' });
      add('style', { textContent: 'body { color: red }' });
      add('link', { rel: 'stylesheet', href: 'http://127.0.0.1:9/x.css' });
    })`);
    expect(refused).toEqual(['img-src', 'script-src-elem', 'style-src-elem', 'style-src-elem']);
    await page.context().close();
  });

  it('prints dark on white, with the tables that are open and no others', async () => {
    const { page } = await opened({ width: 720, colorScheme: 'dark' });
    await page.evaluate(`document.querySelector('#days details').open = true`);
    await page.emulateMedia({ media: 'print' });
    expect(
      await page.evaluate(`(() => { ${IN_PAGE}
        return [rgb(document.body, 'backgroundColor'), rgb(document.body, 'color'),
          all('table').filter(isShown).map((table) => table.closest('section').id)];
      })()`),
    ).toEqual([[255, 255, 255], [0, 0, 0], ['days']]);
    expect((await page.pdf({ preferCSSPageSize: true })).subarray(0, 5).toString()).toBe('%PDF-');
    await page.context().close();
  });

  it('says what comes next while there are no sales', async () => {
    const bare = await emptyGold();
    try {
      const of = path.join(folder, 'empty.html');
      const { code, stderr } = await runIn({ DATABASE_URL: bare.url }, '--html', of);
      expect(code).toBe(0);
      expect(stderr).toContain('The warehouse is empty.\n');
      const { page, troubles } = await opened({ width: 390, of });
      expect(await page.textContent('header')).toMatch(
        /No sales yet\s+The warehouse is empty.*Next: medallion demo/,
      );
      expect(await page.textContent('main')).toContain('State of the data');
      expect(troubles).toEqual([]);
      await page.context().close();
    } finally {
      await bare.drop();
    }
  });
});

describe('medallion report --html', () => {
  it('writes the file whole, and the same bytes for the same data, on stdout too', async () => {
    const { code, stdout, stderr } = await report('--html', '-');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(await readFile(file, 'utf8'));
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining('.partial'));
  });

  it('keeps what stood there when it cannot write', async () => {
    const missing = path.join(folder, 'no/such/page.html');
    expect(await report('--html', missing)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: `error: cannot write ${missing}: the folder does not exist\n  Make the folder first, or choose another one.\n`,
    });
    const { code, stderr } = await report('--html', folder);
    expect(code).toBe(3);
    expect(stderr).toContain(`cannot write ${folder}: it is a folder`);
  });

  it.each([
    [['--open'], '--open works only with --html'],
    [['--html', '-', '--open'], '--open cannot show a page that goes to stdout'],
    [['--html', 'x.html', '--output', 'json'], '--html and --output cannot be used together'],
    [['--html', ''], '--html needs the name of a file, or - for stdout'],
  ])('refuses %j', async (args, message) => {
    const result = await report(...args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('hands the file to the opener of the desktop as it is', async () => {
    const { bin, told } = await desktop(`printf '%s\\n' "$@" > told`);
    const { code, stderr } = await runIn({ PATH: bin }, '--html', file, '--open');
    expect({ code, stderr }).toEqual({ code: 0, stderr: `page written to ${file}\n` });
    expect(await readFile(told, 'utf8')).toBe(`${file}\n`);
  });

  it('says where the page is when nothing can open it', async () => {
    const { code, stderr } = await runIn({ PATH: folder }, '--html', file, '--open');
    expect(code).toBe(0);
    expect(stderr).toContain('warning: the page could not be opened: there is no xdg-open here\n');
    expect(stderr).toContain(`Open it in a browser: ${pathToFileURL(file).href}\n`);
    const { bin } = await desktop('exit 3');
    expect(await openInBrowser(file, 'linux', { PATH: bin })).toBe(
      'xdg-open failed with exit code 3',
    );
    expect(await openInBrowser(file, 'darwin', { PATH: bin })).toBe('there is no open here');
    expect(await openInBrowser(file, 'win32', { PATH: bin })).toBe('there is no rundll32.exe here');
  });
});

/** A desktop whose opener does what the script says, in a folder of its own. */
async function desktop(script: string): Promise<{ bin: string; told: string }> {
  const bin = await mkdtemp(path.join(folder, 'bin-'));
  const opener = path.join(bin, 'xdg-open');
  await writeFile(opener, `#!/bin/sh\ncd '${bin}'\n${script}\n`);
  await chmod(opener, 0o755);
  return { bin, told: path.join(bin, 'told') };
}
