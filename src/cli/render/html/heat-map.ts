import type { Markup } from './markup.ts';
import { chartFor, COLORS, d, path, text } from './svg.ts';

/** Figures in rows and columns, the larger the darker. */
export interface HeatMap {
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    /** Null leaves a cell empty. */
    readonly cells: readonly ({ readonly value: number; readonly text: string } | null)[];
  }[];
}

const WIDTHS = { wide: 1040, narrow: 330 };
const ROW_HEIGHTS = { wide: 30, narrow: 24 };
const HEAD = 22;
const LETTERS = 12;
/** Of a digit of that size, in pixels, in the widest of the fonts that the page may get. */
const DIGIT_WIDTH = 8.3;
const GAP = 2;
/** So that ink is legible on the darkest cell. */
const DARKEST = 0.5;
const LIGHTEST = 0.05;

/** Draws it: in a narrow place without the figures, which show when a cell is pointed at. */
export function heatMap(label: string, { columns, rows }: HeatMap): Markup {
  const cells = rows.flatMap((row) => row.cells.flatMap((cell) => cell ?? []));
  const most = Math.max(0, ...cells.map(({ value }) => value));
  const names = Math.max(...rows.map(({ name }) => name.length)) * DIGIT_WIDTH + 4;
  const letters = Math.max(0, ...cells.map((cell) => cell.text.length)) * DIGIT_WIDTH;
  const heads = Math.max(...columns.map((column) => column.length)) * DIGIT_WIDTH + 4;
  const size = (place: 'wide' | 'narrow'): { width: number; height: number } => ({
    width: WIDTHS[place],
    height: HEAD + rows.length * ROW_HEIGHTS[place],
  });
  const sizes = { wide: size('wide'), narrow: size('narrow') };
  return chartFor(label, sizes, ({ width, height }) => {
    // A heading that is wider than its column reaches beyond the last one.
    const beyond = heads * columns.length > width - names ? heads / 2 : 0;
    const step = (width - names - beyond) / columns.length;
    const rowHeight = (height - HEAD) / rows.length;
    const each = Math.max(1, Math.ceil(heads / step));
    const muted = { size: LETTERS, color: COLORS.muted } as const;
    return [
      ...columns.flatMap((column, index) =>
        index % each === 0
          ? [text(names + (index + 0.5) * step, 9, column, { ...muted, anchor: 'middle' })]
          : [],
      ),
      ...rows.flatMap((row, line) => {
        const top = HEAD + line * rowHeight;
        const middle = top + rowHeight / 2;
        return [
          text(0, middle, row.name, { ...muted, anchor: 'start' }),
          ...row.cells.flatMap((cell, index) => {
            if (cell === null) {
              return [];
            }
            const x = names + index * step;
            const opacity = LIGHTEST + (cell.value / (most || 1)) * (DARKEST - LIGHTEST);
            const look = `fill="${COLORS.accent}" fill-opacity="${opacity.toFixed(2)}"`;
            const box = d(
              ...['M', x + GAP / 2, top + GAP / 2, 'h', step - GAP],
              ...['v', rowHeight - GAP, 'h', GAP - step, 'Z'],
            );
            const ink = { size: LETTERS, color: COLORS.ink, anchor: 'middle' } as const;
            return [
              path(box, look, `${row.name}, ${columns[index] ?? ''}: ${cell.text}`),
              ...(letters + 4 < step ? [text(x + step / 2, middle, cell.text, ink)] : []),
            ];
          }),
        ];
      }),
    ].join('\n');
  });
}
