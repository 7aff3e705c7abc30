import { Option, type Command } from 'commander';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { report } from '../../app/query.ts';
import { MedallionError } from '../../errors.ts';
import type { Report } from '../../query/report/report.ts';
import { SECTION_NAMES, type SectionName } from '../../query/report/sections.ts';
import { checkWritable, writeWhole } from '../../whole-file.ts';
import type { CommandContext } from '../context.ts';
import { command } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { parseCount, parseDay } from '../options.ts';
import { reportAsCsv, reportAsJson, reportAsMarkdown } from '../render/report-data.ts';
import { renderPage } from '../render/report-page.ts';
import { nothingYet } from '../render/report-text.ts';

interface ReportFlags {
  readonly since?: string;
  readonly until?: string;
  readonly section?: readonly SectionName[];
  readonly top: number;
  /** A file, or - for stdout. */
  readonly html?: string;
  readonly open?: boolean;
}

export function createReportCommand(run: RunCommand): Command {
  return command(
    'report',
    'show the sales in gold, and the state of the data, as a page for the terminal',
    {
      details: `
Days are written 2026-01-31, or today, yesterday, 7d, 4w, 3m, 1y (that long
ago). Changes are measured against the period of the same length before.
Segments and customers cover all time. Amounts of different currencies
are summed as they are.

--output json is one object with every section, markdown a table for each; csv
holds one section and needs --section. --html makes a page for a browser that
needs nothing but itself, light or dark, to send, keep or print.`,
      examples: [
        'medallion report',
        'medallion report --since 2026-01-01 --until 2026-01-31',
        'medallion report --html sales.html --open',
        'medallion report --section products --top 50 --output csv > products.csv',
        'medallion report --section headline --section state --output json',
      ],
      seeAlso: ['sql', 'export', 'status'],
    },
  )
    .option('--since <day>', 'first UTC day (default: 31 days up to --until)', parseDay)
    .option(
      '--until <day>',
      'last UTC day, inclusive (default: the latest day with sales)',
      parseDay,
    )
    .addOption(
      new Option('--section <name...>', 'only this part; may be given several times').choices([
        ...SECTION_NAMES,
      ]),
    )
    .option('--top <n>', 'rows of products, places, customers and restatements', parseCount, 10)
    .option('--html <file>', 'write it as one HTML page with charts; - is stdout')
    .option('--open', 'show the page of --html in the browser')
    .action(run(runReport));
}

async function runReport(context: CommandContext, flags: ReportFlags): Promise<void> {
  const page = htmlTarget(context, flags);
  const format = context.format ?? 'table';
  const [section, ...others] = new Set(flags.section);
  if (format === 'csv' && (section === undefined || others.length > 0)) {
    throw new MedallionError('usage', 'csv holds one section', {
      hint: `Choose it with --section: ${SECTION_NAMES.join(', ')}.`,
    });
  }
  if (page?.file !== undefined) {
    await checkWritable(page.file);
  }
  const { since, until, section: sections, top } = flags;
  const result = await report(context.config, { ...context.call, since, until, sections, top });
  if (result.period === undefined && (format !== 'table' || page !== undefined)) {
    context.emit({ type: 'note', message: nothingYet(result.writtenEvents).join('\n') });
  }
  if (page === undefined) {
    await context.write(renderReport(result, context, flags));
  } else {
    await writePage(result, page, context, flags);
  }
}

/** Where a page for a browser goes: to stdout when there is no file. */
interface HtmlTarget {
  readonly file: string | undefined;
}

/** What the flags say of a page; undefined when none is wanted. */
function htmlTarget(
  { cwd, format }: CommandContext,
  { html, open = false }: ReportFlags,
): HtmlTarget | undefined {
  if (html === undefined) {
    if (open) {
      throw new MedallionError('usage', '--open shows the page of --html', {
        hint: 'Name its file: medallion report --html sales.html --open',
      });
    }
    return undefined;
  }
  if (html === '') {
    throw new MedallionError('usage', '--html names no file');
  }
  if (format !== undefined) {
    throw new MedallionError('usage', '--html and --output are two ways to say it', {
      hint: 'Choose one.',
    });
  }
  if (html !== '-') {
    return { file: path.resolve(cwd, html) };
  }
  if (open) {
    throw new MedallionError('usage', 'a page on stdout cannot be opened', {
      hint: 'Name a file instead of -.',
    });
  }
  return { file: undefined };
}

async function writePage(
  result: Report,
  { file }: HtmlTarget,
  context: CommandContext,
  { top, open = false }: ReportFlags,
): Promise<void> {
  // The library that draws takes longer to load than all the rest: only who wants a page waits for it.
  const { renderHtml } = await import('../render/html/page.ts');
  const text = renderHtml(result, { top });
  if (file === undefined) {
    await context.write(text);
    return;
  }
  await writeWhole(file, text);
  context.emit({ type: 'note', message: `page written to ${file}` });
  const obstacle = open ? await openInBrowser(file, process.platform, context.env) : undefined;
  if (obstacle !== undefined) {
    context.emit({
      type: 'warning',
      message: `the page could not be opened: ${obstacle}`,
      hint: `Open it in a browser: ${pathToFileURL(file).href}`,
    });
  }
}

function renderReport(result: Report, context: CommandContext, flags: ReportFlags): string {
  switch (context.format ?? 'table') {
    case 'table':
      return renderPage(result, { width: context.width, color: context.color, top: flags.top });
    case 'json':
      return reportAsJson(result);
    case 'markdown':
      return reportAsMarkdown(result);
    case 'csv':
      return reportAsCsv(result, flags.section?.[0] ?? 'headline', context);
  }
}
