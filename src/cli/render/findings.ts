import type { Finding } from '../../doctor/finding.ts';
import { palette } from './color.ts';
import { tableLines } from './table.ts';
import { visible } from './text.ts';
import { wrapped } from './wrap.ts';

const STATUS_WIDTH = 'status'.length;
const GAPS = 4;
const LEAST_WIDTH = 20;

/** What doctor found, for people: a row each, and below the ones that need something what to do. */
export function renderFindings(
  findings: readonly Finding[],
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const colors = palette(color);
  const marks = { ok: colors.green('ok'), warn: colors.yellow('warn'), fail: colors.red('fail') };
  const titleWidth = Math.max(...findings.map(({ title }) => title.length));
  const room = Math.max(LEAST_WIDTH, width - STATUS_WIDTH - titleWidth - GAPS);
  const rows = findings.map(({ status, title, found, advice }) => [
    marks[status],
    title,
    [found, ...(advice === undefined ? [] : [advice])]
      .flatMap((text) => visible(text, { lines: true }).split('\n'))
      .flatMap((line) => wrapped(line, room))
      .join('\n'),
  ]);
  const columns = ['status', 'check', 'found'].map((title) => ({ title, align: 'left' as const }));
  return [...tableLines(columns, rows)].map((line) => `${line}\n`).join('');
}
