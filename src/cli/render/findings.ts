import type { Finding } from '../../doctor/finding.ts';
import { palette } from './color.ts';
import { rowLines } from './rows.ts';
import { visible } from './text.ts';

const COLUMNS = ['status', 'check', 'found'].map((title) => ({ title, align: 'left' as const }));

/** What doctor found, for people: a row each, and below the ones that need something what to do. */
export function renderFindings(
  findings: readonly Finding[],
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const colors = palette(color);
  const marks = { ok: colors.green('ok'), warn: colors.yellow('warn'), fail: colors.red('fail') };
  const rows = findings.map(({ status, title, found, advice }) => [
    marks[status],
    title,
    visible([found, ...(advice === undefined ? [] : [advice])].join('\n'), { lines: true }),
  ]);
  return [...rowLines(COLUMNS, rows, width)].map((line) => `${line}\n`).join('');
}
