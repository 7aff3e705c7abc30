import { init, type EChartsOption } from 'echarts/dist/echarts.esm.min.mjs';
import { escaped, html, trusted, type Markup } from './markup.ts';

/** Charts as SVG that stands in the page: sizes are fixed here, colours are variables of the style sheet. */

export const COLORS = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  rule: 'var(--rule)',
  accent: 'var(--accent)',
  loss: 'var(--loss)',
} as const;

/** The page has charts for a wide place and for a narrow one, and shows the one that fits: letters keep their size. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

export interface Drawing {
  readonly option: EChartsOption;
  /** What each datum of the first series says when it is pointed at, by its place; none for those without. */
  readonly titles: readonly string[];
}

/** The drawing for both places. `label` says to those who do not see it what it shows. */
export function chartFor(
  label: string,
  { wide, narrow }: { readonly wide: ChartSize; readonly narrow: ChartSize },
  draw: (size: ChartSize) => Drawing,
): Markup {
  return html`<div class="chart">
    <div class="wide">${svgOf(label, wide, draw(wide))}</div>
    <div class="narrow">${svgOf(label, narrow, draw(narrow))}</div>
  </div>`;
}

/** One drawing as an `svg` element. */
export function svgOf(label: string, { width, height }: ChartSize, drawing: Drawing): Markup {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: 'transparent',
      ...drawing.option,
    } satisfies EChartsOption);
    const drawn = inner(chart.renderToSVGString(), drawing.titles);
    const size = `width="${String(width)}" height="${String(height)}"`;
    return trusted(
      `<svg role="img" aria-label="${escaped(label)}" ${size} viewBox="0 0 ${String(width)} ${String(height)}">${drawn}</svg>`,
    );
  } finally {
    chart.dispose();
  }
}

/**
 * What the library drew, without what a page does not need or a strict policy forbids: its element, style sheet, classes
 * and style attributes. Its texts are escaped, so that no text can look like one of the attributes sought here.
 */
function inner(svg: string, titles: readonly string[]): string {
  return svg
    .replace(/^<svg [^>]*>/, '')
    .replace(/<\/svg>\s*$/, '')
    .replaceAll(/<style[^]*?<\/style>/g, '')
    .replaceAll(/ (?:class|pointer-events)="[^"]*"/g, '')
    .replaceAll(/ style="([^"]*)"/g, (_, style: string) => attributesOf(style))
    .replaceAll(/<path ([^>]*)><\/path>/g, (path, attributes: string) =>
      withTitle(path, attributes, titles),
    )
    .replaceAll(/\n+/g, '\n')
    .trim();
}

/** `font-size:12px;font-weight:bold` as attributes. The font is the page's. */
function attributesOf(style: string): string {
  return style
    .split(';')
    .map((declaration) => declaration.split(':'))
    .filter(([property]) => property !== '' && property !== 'font-family')
    .map(([property = '', value = '']) => ` ${property}="${value}"`)
    .join('');
}

const PLACE = /ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)" ecmeta_ssr_type="chart"/;

function withTitle(path: string, attributes: string, titles: readonly string[]): string {
  const [marks, series, index] = PLACE.exec(attributes) ?? [];
  if (marks === undefined) {
    return path;
  }
  const title = series === '0' ? titles[Number(index)] : undefined;
  const text = title === undefined ? '' : `<title>${escaped(title)}</title>`;
  return `<path ${attributes.replace(marks, '').trim()}>${text}</path>`;
}
