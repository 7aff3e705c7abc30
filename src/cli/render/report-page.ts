import type { Report } from '../../query/report/report.ts';
import type { Section, SectionName } from '../../query/report/sections.ts';
import { palette } from './color.ts';
import type { Page } from './report-drawn.ts';
import { VIEWS } from './report-sections.ts';
import {
  amountNotes,
  nothingYet,
  outsideNote,
  periodNote,
  sectionTitle,
  shownSections,
} from './report-text.ts';
import { widthOf } from './text.ts';
import { wrapped } from './wrap.ts';

export interface PageOptions {
  /** Columns of the terminal; taken as at least 60 and at most 200. */
  readonly width: number;
  readonly color: boolean;
  /** How many rows the sections of leaders were asked for. */
  readonly top: number;
}

const MIN_WIDTH = 60;
const MAX_WIDTH = 200;

/** The report as a page of text that fits the terminal, with a final newline. */
export function renderPage(report: Report, options: PageOptions): string {
  const page: Page = {
    width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, options.width)),
    colors: palette(options.color),
    days: report.sections.days?.rows ?? [],
  };
  const blocks: (readonly string[])[] = [headLines(report, page)];
  for (const section of shownSections(report)) {
    const rows = report.sections[section]?.rows ?? [];
    const title = sectionTitle(section, rows, { top: options.top, period: report.period });
    const lines = linesOf(section, report.sections[section], page);
    blocks.push([page.colors.bold(title), ...(lines.length === 0 ? ['none'] : lines)]);
  }
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function linesOf<Name extends SectionName>(
  name: Name,
  section: Section<Name> | undefined,
  page: Page,
): readonly string[] {
  return section === undefined ? [] : VIEWS[name](section.rows, page);
}

/** What the page is about. */
function headLines(report: Report, { colors, width }: Page): string[] {
  const { period, reporting, amounts, writtenEvents } = report;
  if (period === undefined || amounts === undefined) {
    return nothingYet(writtenEvents);
  }
  const title = colors.bold(`Sales ${period.since} to ${period.until}`);
  const note = periodNote(period, reporting, amounts);
  const first = `${title}  ${note}`;
  const outside = outsideNote(report);
  return [
    ...(widthOf(first) <= width ? [first] : [title, note]),
    ...(outside === undefined ? [] : wrapped(outside, width)),
    ...amountNotes(report)
      .flatMap((line) => wrapped(line, width))
      .map((line) => colors.yellow(line)),
  ];
}
