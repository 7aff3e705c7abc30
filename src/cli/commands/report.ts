import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { report } from '../../app/query.ts';
import { usageError } from '../../errors.ts';
import type { Report } from '../../query/report/report.ts';
import { SECTION_NAMES } from '../../query/report/sections.ts';
import { checkWritable, writeWhole } from '../../whole-file.ts';
import { command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { days, section } from '../flags.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { reportAsData } from '../render/report-data.ts';
import { renderPage } from '../render/report-page.ts';
import { nothingYet } from '../render/report-text.ts';

export const reportCommand = command(
  'report',
  'show the sales in gold, and the state of the data, as a page for the terminal',
  {
    details: `
Write days as 2026-01-31, today or yesterday, or as 7d, 4w, 3m, 1y (that long
ago). Changes compare with the period of the same length before. Segments and
customers cover all time. Amounts are in report.currency; without it they stay
as sent, and the page says where it adds several currencies up.

--output json is one object with every section, markdown a table for each; csv
has one section and needs --section. --html makes one file for a browser that
needs no other file, light or dark, to send, keep or print.`,
    examples: [
      'medallion report',
      'medallion report --since 2026-01-01 --until 2026-01-31',
      'medallion report --html sales.html --open',
      'medallion report --section products --top 50 --output csv > products.csv',
      'medallion report --section headline --section state --output json',
    ],
    seeAlso: ['sql', 'export', 'status'],
    options: {
      ...days(
        'first day (default: 31 days up to --until)',
        'last day, inclusive (default: the latest day with sales)',
      ),
      section: section(SECTION_NAMES),
      '--top <n>': ['rows of products, places, customers and restatements', 10],
      '--html <file>': 'write it as one HTML page with charts; - is stdout',
      '--open': 'show the page of --html in the browser',
    },
    run: async (context, { since, until, section: sections, top, html, open }) => {
      checkPage(html, open, context);
      const file = html === undefined || html === '-' ? undefined : path.resolve(context.cwd, html);
      const format = context.format ?? 'table';
      if (format === 'csv' && new Set(sections).size !== 1) {
        throw usageError(
          'csv output has one section only',
          `Choose it with --section: ${SECTION_NAMES.join(', ')}.`,
        );
      }
      if (file !== undefined) {
        await checkWritable(file);
      }
      const result = await report(context.config, { ...context.call, since, until, sections, top });
      if (result.period === undefined && (format !== 'table' || html !== undefined)) {
        context.note(nothingYet(result.writtenEvents).join('\n'));
      }
      if (html !== undefined) {
        await writePage(result, { file, top, open }, context);
        return;
      }
      const { width, color } = context;
      await context.write(
        format === 'table'
          ? renderPage(result, { width, color, top })
          : reportAsData(result, format, context),
      );
    },
  },
);

/** @throws MedallionError usage where what the flags say of a page cannot be */
function checkPage(html: string | undefined, open: boolean, { format }: CommandContext): void {
  if (html === undefined && open) {
    throw usageError(
      '--open works only with --html',
      'For example: medallion report --html sales.html --open',
    );
  }
  if (html === '') {
    throw usageError('--html needs the name of a file, or - for stdout');
  }
  if (html !== undefined && format !== undefined) {
    throw usageError('--html and --output cannot be used together', 'Leave one of them out.');
  }
  if (html === '-' && open) {
    throw usageError(
      '--open cannot show a page that goes to stdout',
      'Give --html the name of a file instead of -.',
    );
  }
}

/** Writes a page for a browser: to stdout when there is no file. */
async function writePage(
  result: Report,
  {
    file,
    top,
    open,
  }: { readonly file: string | undefined; readonly top: number; readonly open: boolean },
  context: CommandContext,
): Promise<void> {
  // What draws takes long to load: only who wants a page waits for it.
  const { renderHtml } = await import('../render/html/page.ts');
  const text = renderHtml(result, { top });
  if (file === undefined) {
    await context.write(text);
    return;
  }
  await writeWhole(file, text);
  context.note(`page written to ${file}`);
  const obstacle = open ? await openInBrowser(file, process.platform, context.env) : undefined;
  if (obstacle !== undefined) {
    context.warn(
      `the page could not be opened: ${obstacle}`,
      `Open it in a browser: ${pathToFileURL(file).href}`,
    );
  }
}
