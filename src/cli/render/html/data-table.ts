import type { ColumnKind, ResultColumn } from '../../../postgres/query.ts';
import { instant } from '../instant.ts';
import { counted, grouped } from '../../../number.ts';
import { isoTimestamp } from '../output.ts';
import { columnName } from '../report-text.ts';
import { html, type Markup } from './markup.ts';

/** Rows as a section's query answered them. */
export interface SectionTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Readonly<Record<string, string | null>>[];
}

/** A text of more characters may take several lines. */
const LONG = 32;

/**
 * All that a section holds, every column and every digit, folded away behind its chart.
 * @param title what the table is of, for those who do not see where it stands
 */
export function dataTable(title: string, { columns, rows }: SectionTable): Markup {
  return html`<details>
    <summary>Table <span>${counted(rows.length, 'row')}</span></summary>
    <div class="scroll" role="region" tabindex="0" aria-label="${title}, table">
      <table>
        <thead>
          <tr>
            ${columns.map(
              ({ name, kind }) =>
                html`<th scope="col" data-column="${name}" class="${kind}">
                  ${titleOf(name, kind)}
                </th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${columns.map(({ name, kind }) => {
                  const value = row[name] ?? null;
                  const look = (value?.length ?? 0) > LONG ? 'prose' : kind;
                  return html`<td class="${look}">${cell(value, kind)}</td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** A column's name as people write it. */
function titleOf(name: string, kind: ColumnKind): string {
  const words = columnName(name);
  return kind === 'timestamp' ? `${words} (UTC)` : words;
}

function cell(value: string | null, kind: ColumnKind): Markup {
  if (value === null) {
    return html`<span class="none">–</span>`;
  }
  switch (kind) {
    case 'number':
      return html`${grouped(value)}`;
    case 'timestamp':
      return html`<time datetime="${isoTimestamp(value)}">${instant(value)}</time>`;
    default:
      return html`${value}`;
  }
}
