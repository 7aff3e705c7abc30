import { usageError } from '../../errors.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { isThere, type Page } from './fit.ts';
import { renderTable, type Layout, type OutputFormat } from './output.ts';
import { visible } from './text.ts';
import { wrapped } from './wrap.ts';

/** A part of what a command has to say: rows with a name for programs and a title for people. */
export interface Part {
  readonly name: string;
  readonly title: string;
  readonly table: ResultTable;
  /** There is always one row: an object for programs. */
  readonly isSingle?: boolean;
  /** How people see it, where that is not the table itself. */
  readonly page?: Page;
}

/**
 * Several parts as one text. People see those that hold something; JSON is one object, Markdown a heading and a table
 * for each, CSV holds one part only.
 * @throws MedallionError usage
 */
export function renderParts(parts: readonly Part[], format: OutputFormat, layout: Layout): string {
  switch (format) {
    case 'table':
      return partsAsPage(parts, layout);
    case 'json':
      return partsAsJson(parts);
    case 'markdown':
      return parts
        .map(({ title, table }) => `## ${title}\n\n${renderTable(table, 'markdown')}`)
        .join('\n');
    case 'csv': {
      const [part, ...others] = parts;
      if (part === undefined || others.length > 0) {
        throw usageError(
          'csv output has one section only',
          `Choose it with --section: ${parts.map(({ name }) => name).join(', ')}.`,
        );
      }
      return renderTable(part.table, 'csv', layout);
    }
  }
}

/** The parts that were asked for by name; all of them when none was. */
export function chosenParts(
  parts: readonly Part[],
  names: readonly string[] | undefined,
): readonly Part[] {
  return names === undefined ? parts : parts.filter(({ name }) => names.includes(name));
}

function partsAsPage(parts: readonly Part[], layout: Layout): string {
  return parts
    .flatMap(({ title, table, page }) => {
      const lines = page?.(table, layout.width ?? Infinity) ?? [
        renderTable(table, 'table', layout).trimEnd(),
      ];
      return lines.length === 0 || table.rows.length === 0
        ? []
        : [[title, ...lines, ''].join('\n')];
    })
    .join('\n');
}

function partsAsJson(parts: readonly Part[]): string {
  const members = parts.map(({ name, table, isSingle = false }) => {
    const rows = renderTable(table, 'json').trimEnd();
    const value = isSingle
      ? rows
          .replace(/^\[\]$/, 'null')
          .replace(/^\[\n/, '')
          .replace(/\n\]$/, '')
          .trim()
      : rows;
    return `  ${JSON.stringify(name)}: ${value.replaceAll('\n', '\n  ')}`;
  });
  return `{\n${members.join(',\n')}\n}\n`;
}

/** Names and values; where there is no value the fact is left out. */
export type Facts = readonly (readonly [name: string, value: string | null | undefined])[];

/** Facts below one another, the values aligned, their words on as many lines as they need. */
export function factLines(facts: Facts, width: number): string[] {
  const known = facts.flatMap(([name, value]) => (isThere(value) ? [[name, value] as const] : []));
  const longest = Math.max(0, ...known.map(([name]) => name.length));
  const indent = ' '.repeat(longest + 2);
  return known.map(([name, value]) => {
    const lines = visible(value, { lines: true })
      .split('\n')
      .flatMap((line) => wrapped(line, width - indent.length));
    return `${name.padEnd(longest)}  ${lines.join(`\n${indent}`)}`;
  });
}
