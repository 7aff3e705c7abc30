import { escaped, html, trusted, type Markup } from './markup.ts';

/** SVG that stands in the page: sizes are fixed here, colours are variables of the style sheet. */

export const COLORS = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  rule: 'var(--rule)',
  accent: 'var(--accent)',
  loss: 'var(--loss)',
  second: 'var(--series-2)',
} as const;

/** The colours that the style sheet has for parts of a whole. */
const SERIES = 9;

/** The colour of one of several series, by its number from 0 on. */
export function seriesColor(number: number): string {
  return `var(--series-${String((number % SERIES) + 1)})`;
}

/** The page has charts for a wide place and for a narrow one, and shows the one that fits: letters keep their size. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** The drawing for both places. `label` describes it to those who do not see it. */
export function chartFor(
  label: string,
  { wide, narrow }: { readonly wide: ChartSize; readonly narrow: ChartSize },
  draw: (size: ChartSize) => string,
): Markup {
  return html`<div class="chart">
    <div class="wide">${svgOf(label, wide, draw(wide))}</div>
    <div class="narrow">${svgOf(label, narrow, draw(narrow))}</div>
  </div>`;
}

/** One drawing as an `svg` element. */
export function svgOf(label: string, { width, height }: ChartSize, drawing: string): Markup {
  const [w, h] = [String(width), String(height)];
  return trusted(
    `<svg role="img" aria-label="${escaped(label)}" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">\n${drawing}\n</svg>`,
  );
}

/** A path of points and commands: `d('M', 0, 1.25, 'h', 4)`. */
export function d(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (typeof part === 'number' ? rounded(part) : part)).join(' ');
}

/**
 * A `path` element.
 * @param title what it shows when it is pointed at
 */
export function path(shape: string, look: string, title = ''): string {
  const text = title === '' ? '' : `<title>${escaped(title)}</title>`;
  return `<path d="${shape}" ${look}>${text}</path>`;
}

export interface Lettering {
  readonly size: number;
  readonly color: string;
  readonly anchor: 'start' | 'middle' | 'end';
}

/** Text whose middle stands at the height `y`. */
export function text(x: number, y: number, content: string, look: Lettering): string {
  const { size, color, anchor } = look;
  return (
    `<text x="${rounded(x)}" y="${rounded(y)}" dominant-baseline="central" text-anchor="${anchor}" ` +
    `font-size="${String(size)}px" fill="${color}">${escaped(content)}</text>`
  );
}

function rounded(value: number): string {
  return String(Number(value.toFixed(1)));
}
