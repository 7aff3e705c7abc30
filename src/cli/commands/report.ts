import { Command } from 'commander';
import { MedallionError } from '../../errors.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { report, type Report } from '../../report/report.ts';
import { SECTION_NAMES, type SectionName } from '../../report/sections.ts';
import type { CommandContext } from '../context.ts';
import type { RunCommand } from '../main.ts';
import { parseCount, parseDay } from '../options.ts';
import { reportAsCsv, reportAsJson, reportAsMarkdown } from '../render/report-data.ts';
import { nothingYet, renderPage } from '../render/report-page.ts';

interface ReportFlags {
  readonly since?: string;
  readonly until?: string;
  readonly section?: readonly SectionName[];
  readonly top: number;
}

export function createReportCommand(run: RunCommand): Command {
  const command = new Command('report')
    .description('show the sales in gold, and the state of the data, as a page for the terminal')
    .option('--since <day>', 'first UTC day (default: 31 days up to --until)', parseDay)
    .option(
      '--until <day>',
      'last UTC day, inclusive (default: the latest day with sales)',
      parseDay,
    )
    .addOption(
      new Command()
        .createOption('--section <name...>', 'only this part; may be given several times')
        .choices([...SECTION_NAMES]),
    )
    .option('--top <n>', 'rows of products, places, customers and restatements', parseCount, 10);
  return command
    .addHelpText(
      'after',
      `
Days are written 2026-01-31, or today, yesterday, 7d, 4w, 3m, 1y (that long ago).
Changes are measured against the period of the same length before. Segments and
customers cover all time. Amounts are summed as booked, in whatever currency.

--output json is one object with every section, markdown a table for each; csv
holds one section and needs --section.

Examples:
  medallion report
  medallion report --since 2026-01-01 --until 2026-01-31
  medallion report --section products --top 50 --output csv > products.csv
  medallion report --section headline --section state --output json`,
    )
    .action(run(runReport));
}

async function runReport(context: CommandContext, flags: ReportFlags): Promise<void> {
  const format = context.format ?? 'table';
  const [section, ...others] = new Set(flags.section);
  if (format === 'csv' && (section === undefined || others.length > 0)) {
    throw new MedallionError('usage', 'csv holds one section', {
      hint: `Choose it with --section: ${SECTION_NAMES.join(', ')}.`,
    });
  }
  const result = await withWarehouse(context.config, context, (settings) =>
    report(settings, { ...flags, sections: flags.section }, context),
  );
  if (result.period === undefined && format !== 'table') {
    context.emit({ type: 'note', message: nothingYet(result.landedEvents).join('\n') });
  }
  await context.write(renderReport(result, context, flags));
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
      return reportAsCsv(result, flags.section?.[0] ?? 'headline');
  }
}
