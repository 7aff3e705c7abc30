import type { Report } from '../../query/report/report.ts';
import { SECTION_NAMES } from '../../query/report/sections.ts';
import { renderParts, type Part } from './document.ts';
import type { Layout } from './output.ts';

/**
 * The report for programs and documents: the same sections, every digit kept. JSON is one object in which each section
 * is an array of objects, and without sales the period null; Markdown a heading and a table for each section; CSV the
 * rows of one, and nothing where there is nothing to say about it yet.
 */
export function reportAsData(
  report: Report,
  format: 'json' | 'markdown' | 'csv',
  layout: Layout,
): string {
  const { period, reporting, amounts } = report;
  const parts = partsOf(report);
  switch (format) {
    case 'csv':
      return parts.length === 0 ? '' : renderParts(parts, format, layout);
    case 'markdown': {
      const title =
        period === undefined ? '# No sales yet' : `# Sales ${period.since} to ${period.until}`;
      return [`${title}\n`, ...parts.map((part) => renderParts([part], format, layout))].join('\n');
    }
    case 'json': {
      const { since, until } = period ?? {};
      const { timezone, currency = null } = reporting;
      const sections = parts.length === 0 ? '{}' : renderParts(parts, format, layout).trimEnd();
      const members = [
        `"period": ${period === undefined ? 'null' : JSON.stringify({ since, until })}`,
        `"reporting": ${JSON.stringify({ timezone, currency, ...amounts })}`,
        `"sections": ${sections.replaceAll('\n', '\n  ')}`,
      ];
      return `{\n  ${members.join(',\n  ')}\n}\n`;
    }
  }
}

function partsOf({ sections }: Report): Part[] {
  return SECTION_NAMES.flatMap((name) => {
    const section = sections[name];
    if (section === undefined) {
      return [];
    }
    const { columns } = section;
    const rows = section.rows.map((row: Readonly<Record<string, string | null>>) =>
      columns.map((column) => row[column.name] ?? null),
    );
    const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return [{ name, title, table: { columns, rows } }];
  });
}
