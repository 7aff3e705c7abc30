import type { Report } from '../../report/report.ts';
import { SECTION_NAMES, type SectionName, type Sections } from '../../report/sections.ts';
import { palette } from './color.ts';
import { counted } from './number.ts';
import { VIEWS, type Page, type SectionView } from './report-sections.ts';
import { widthOf } from './text.ts';

export interface PageOptions {
  /** Columns of the terminal; taken as at least 60 and at most 200. */
  readonly width: number;
  readonly color: boolean;
  /** How many rows the sections of leaders were asked for. */
  readonly top: number;
}

const MIN_WIDTH = 60;
const MAX_WIDTH = 200;

/** Sections that a whole page leaves out when they are empty: their being empty is the good news. */
const TROUBLES: readonly SectionName[] = ['quarantine', 'restatements'];

/** The report as a page of text that fits the terminal, with a final newline. */
export function renderPage(report: Report, options: PageOptions): string {
  const page: Page = {
    width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, options.width)),
    top: options.top,
    colors: palette(options.color),
    period: report.period,
  };
  const blocks: (readonly string[])[] = [headLines(report, page)];
  const isPart = SECTION_NAMES.some(
    (section) => report.sections[section] === undefined && !TROUBLES.includes(section),
  );
  for (const section of SECTION_NAMES) {
    const view = viewOf(section, report.sections, page);
    if (view !== undefined && (isPart || view.lines.length > 0 || !TROUBLES.includes(section))) {
      blocks.push([
        page.colors.bold(view.title),
        ...(view.lines.length === 0 ? ['none'] : view.lines),
      ]);
    }
  }
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function viewOf<Name extends SectionName>(
  section: Name,
  sections: Sections,
  page: Page,
): ReturnType<SectionView<Name>> | undefined {
  const found = sections[section];
  return found === undefined ? undefined : VIEWS[section](found.rows, page);
}

/** Why there is nothing to report yet, and which command comes next. */
export function nothingYet(landedEvents: bigint): string[] {
  return landedEvents === 0n
    ? [
        'There is nothing in the warehouse yet.',
        'Next: medallion demo',
        '  or: medallion generate && medallion ingest',
      ]
    : [
        `${counted(landedEvents, 'event')} landed in bronze, but gold holds no sales yet.`,
        'Next: medallion promote',
      ];
}

/** What the page is about. */
function headLines({ period, landedEvents }: Report, { colors, width }: Page): string[] {
  if (period === undefined) {
    return nothingYet(landedEvents);
  }
  const title = colors.bold(`Sales ${period.since} to ${period.until}`);
  const note = `${counted(period.days, 'day')}, UTC; currencies not converted`;
  const first = `${title}  ${note}`;
  const lines = widthOf(first) <= width ? [first] : [title, note];
  if (period.until < period.firstDay || period.since > period.lastDay) {
    lines.push(
      `There are no sales in this period; they run from ${period.firstDay} to ${period.lastDay}.`,
    );
  }
  return lines;
}
