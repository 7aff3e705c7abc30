import type { Report } from '../../query/report/report.ts';
import { SECTION_NAMES, type SectionName } from '../../query/report/sections.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { renderTable, type Layout } from './output.ts';

/** The report for programs and documents: the same sections, every digit kept. */

/** One object; each section is an array of objects. Without sales the period is null. */
export function reportAsJson(report: Report): string {
  const period = JSON.stringify(
    report.period === undefined ? null : { since: report.period.since, until: report.period.until },
  );
  const sections = presentSections(report).map(([name, table]) => {
    const rows = renderTable(table, 'json').trimEnd().replaceAll('\n', '\n    ');
    return `    ${JSON.stringify(name)}: ${rows}`;
  });
  const members = sections.length === 0 ? '{}' : `{\n${sections.join(',\n')}\n  }`;
  const { timezone, currency = null } = report.reporting;
  const reporting = JSON.stringify({ timezone, currency, ...report.amounts });
  return `{\n  "period": ${period},\n  "reporting": ${reporting},\n  "sections": ${members}\n}\n`;
}

/** A heading and a table for each section. */
export function reportAsMarkdown(report: Report): string {
  const title =
    report.period === undefined
      ? '# No sales yet\n'
      : `# Sales ${report.period.since} to ${report.period.until}\n`;
  const sections = presentSections(report).map(
    ([name, table]) =>
      `## ${name.charAt(0).toUpperCase()}${name.slice(1)}\n\n${renderTable(table, 'markdown')}`,
  );
  return [title, ...sections].join('\n');
}

/** The rows of one section; none, and no head, where there is nothing to say about it yet. */
export function reportAsCsv(report: Report, section: SectionName, layout: Layout): string {
  const found = presentSections(report).find(([name]) => name === section);
  return found === undefined ? '' : renderTable(found[1], 'csv', layout);
}

function presentSections({ sections }: Report): [SectionName, ResultTable][] {
  return SECTION_NAMES.flatMap((name): [SectionName, ResultTable][] => {
    const section = sections[name];
    if (section === undefined) {
      return [];
    }
    const rows = section.rows.map((row: Readonly<Record<string, string | null>>) =>
      section.columns.map((column) => row[column.name] ?? null),
    );
    return [[name, { columns: section.columns, rows }]];
  });
}
