/**
 * Draws a dashboard in a browser with Grafana's own parts (@grafana/ui): tables, tiles and lines as they are; bars, slices
 * and maps, of which no parts are published, after their look. `draw` is called with what main.ts has asked for.
 */
import {
  createTheme,
  dateTime,
  FieldType,
  getDisplayProcessor,
  getFieldDisplayName,
  reduceField,
  standardTransformersRegistry,
  ThemeContext,
} from '@grafana/data';
import { BigValue, GlobalStyles, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { geoBounds, geoCentroid, geoMercator, geoPath } from 'd3-geo';
import countryCodes from 'i18n-iso-countries';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { feature } from 'topojson-client';
import world from 'world-atlas/countries-110m.json';

void standardTransformersRegistry;

const MARGIN = 16;
const GAP = 8;
const ROW = 38;
const HEADER = 32;
/** Of a table with small cells, its header too. */
const TABLE_ROW = 36;

globalThis.draw = function draw({ title, panels, range, mode, width }) {
  const theme = createTheme({ colors: { mode } });
  const cell = (width - 2 * MARGIN + GAP) / 24;
  const timeRange = {
    from: dateTime(range.from),
    to: dateTime(range.to),
    raw: { from: dateTime(range.from), to: dateTime(range.to) },
  };
  const bottom = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h));
  const e = createElement;
  const page = e(
    ThemeContext.Provider,
    { value: theme },
    e(GlobalStyles),
    e(
      'main',
      {
        style: {
          position: 'relative',
          height: bottom * ROW + 70,
          background: theme.colors.background.canvas,
          color: theme.colors.text.primary,
          fontFamily: 'Inter, "Open Sans", Helvetica, Arial, sans-serif',
          fontSize: 14,
        },
      },
      e('h1', { style: { font: '500 20px sans-serif', padding: '18px 16px', margin: 0 } }, title),
      panels.map((panel) => e(Panel, { key: panel.id, panel, cell, theme, timeRange })),
    ),
  );
  createRoot(document.body.appendChild(document.createElement('div'))).render(page);
};

function Panel({ panel, cell, theme, timeRange }) {
  const e = createElement;
  const { x, y, w, h } = panel.gridPos;
  const box = {
    left: MARGIN + x * cell,
    top: 60 + y * ROW,
    width: w * cell - GAP,
    height: h * ROW - GAP,
  };
  if (panel.type === 'row') {
    return e(
      'div',
      { style: { ...box, position: 'absolute', font: '500 16px sans-serif' } },
      panel.title,
    );
  }
  const inner = { width: box.width - 18, height: box.height - HEADER - 10 };
  return e(
    'section',
    {
      style: {
        ...box,
        position: 'absolute',
        overflow: 'hidden',
        background: theme.colors.background.primary,
        border: `1px solid ${theme.colors.border.weak}`,
        borderRadius: 4,
        boxSizing: 'border-box',
      },
    },
    e(
      'h2',
      {
        style: {
          ...{ font: '500 14px sans-serif', margin: 0, padding: '0 8px' },
          ...{ lineHeight: `${HEADER}px`, height: HEADER },
          ...{ whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis' },
        },
      },
      panel.title,
    ),
    e(
      'div',
      { style: { ...inner, padding: '0 8px', position: 'relative', boxSizing: 'content-box' } },
      content(panel, inner, theme, timeRange),
    ),
  );
}

function content(panel, inner, theme, timeRange) {
  const e = createElement;
  const frame = frameOf(panel, theme);
  const isEmpty = frame.fields.length === 0 || frame.length === 0;
  if (isEmpty) {
    const style = { color: theme.colors.text.secondary, padding: '20px 10px', textAlign: 'center' };
    return e('p', { style }, panel.fieldConfig.defaults.noValue);
  }
  switch (panel.type) {
    case 'table':
      return e(TableNG, {
        ...inner,
        data: seen(frame, inner.height),
        cellHeight: panel.options.cellHeight,
        timeRange,
      });
    case 'stat':
      return tile(panel, frame, inner, theme);
    case 'timeseries': {
      const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };
      return e(TimeSeries, {
        ...{ ...inner, frames: [frame], timeRange, timeZone: 'utc', legend, theme },
      });
    }
    case 'piechart':
      return slices(frame, inner, theme);
    case 'geomap':
      return map(frame, inner, theme);
    case 'barchart':
      return bars(frame, inner, theme);
    default:
      return panel.type;
  }
}

/** The rows that have room: a picture is not scrolled. */
function seen(frame, height) {
  const length = Math.min(frame.length, Math.floor(height / TABLE_ROW) - 1);
  const fields = frame.fields.map((field) => ({ ...field, values: field.values.slice(0, length) }));
  return { fields, length };
}

function tile(panel, frame, inner, theme) {
  const numbers = frame.fields.filter(({ type }) => type === FieldType.number);
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  const [calc = 'lastNotNull'] = panel.options.reduceOptions.calcs;
  const each = inner.width / numbers.length;
  return createElement(
    'div',
    { style: { display: 'flex' } },
    numbers.map((field) => {
      const reduced = reduceField({ field, reducers: [calc] })[calc];
      const value = { ...field.display(reduced), title: getFieldDisplayName(field, frame) };
      const hasLine = panel.options.graphMode !== 'none' && time !== undefined && frame.length > 1;
      return createElement(BigValue, {
        ...{ key: field.name, width: each, height: inner.height, theme, value },
        sparkline: hasLine ? { y: field, x: time } : undefined,
        ...{ colorMode: panel.options.colorMode, graphMode: panel.options.graphMode },
        ...{ textMode: panel.options.textMode, text: panel.options.text },
        count: numbers.length,
      });
    }),
  );
}

/** The rows as bars, the longest first. */
function bars(frame, inner, theme) {
  const name = frame.fields.filter(({ type }) => type === FieldType.string).at(-1);
  const value = frame.fields.filter(({ type }) => type === FieldType.number).at(-1);
  const largest = Math.max(...value.values, 1);
  const line = Math.min(26, inner.height / frame.length);
  return Array.from({ length: frame.length }, (_, row) =>
    createElement(
      'div',
      {
        key: row,
        style: { display: 'flex', height: line, font: '12px sans-serif', alignItems: 'center' },
      },
      createElement(
        'span',
        { style: { width: 130, overflow: 'hidden', whiteSpace: 'nowrap' } },
        name.values[row] ?? '',
      ),
      createElement('span', {
        style: {
          height: line * 0.7,
          width: ((inner.width - 200) * value.values[row]) / largest,
          background: theme.visualization.getColorByName('green'),
        },
      }),
      createElement(
        'span',
        { style: { paddingLeft: 6, whiteSpace: 'nowrap' } },
        textOf(value.display(value.values[row])),
      ),
    ),
  );
}

/** The rows as parts of a ring, with a table of them on the right. */
function slices(frame, inner, theme) {
  const e = createElement;
  const name = frame.fields.find(({ type }) => type === FieldType.string);
  const value = frame.fields.find(({ type }) => type === FieldType.number);
  const sum = value.values.reduce((left, right) => left + right, 0) || 1;
  const size = Math.min(inner.height, inner.width * 0.45);
  const [outer, hole] = [size / 2 - 4, size / 3.4];
  const colors = theme.visualization.palette.map((color) =>
    theme.visualization.getColorByName(color),
  );
  let angle = -Math.PI / 2;
  const parts = value.values.map((amount, row) => {
    const from = angle;
    // A whole ring would begin where it ends.
    angle += Math.min(amount / sum, 0.9999) * 2 * Math.PI;
    const at = (radius, turn) => `${Math.cos(turn) * radius} ${Math.sin(turn) * radius}`;
    const isLarge = angle - from > Math.PI ? 1 : 0;
    const d =
      `M${at(outer, from)} A${outer} ${outer} 0 ${isLarge} 1 ${at(outer, angle)} ` +
      `L${at(hole, angle)} A${hole} ${hole} 0 ${isLarge} 0 ${at(hole, from)} Z`;
    return e('path', { key: row, d, fill: colors[row % colors.length] });
  });
  const cell = { padding: '3px 8px', textAlign: 'right' };
  const rows = name.values.map((text, row) =>
    e(
      'tr',
      { key: row },
      e(
        'td',
        { style: { ...cell, textAlign: 'left' } },
        e('span', {
          style: {
            ...{ display: 'inline-block', width: 14, height: 4, borderRadius: 2 },
            ...{ marginRight: 8, verticalAlign: 'middle' },
            background: colors[row % colors.length],
          },
        }),
        text,
      ),
      e('td', { style: cell }, textOf(value.display(value.values[row]))),
      e('td', { style: cell }, `${Math.round((value.values[row] * 100) / sum)}%`),
    ),
  );
  return e(
    'div',
    { style: { display: 'flex', alignItems: 'center', height: inner.height, fontSize: 12 } },
    e(
      'svg',
      { width: size, height: size, viewBox: `${-size / 2} ${-size / 2} ${size} ${size}` },
      parts,
    ),
    e('table', { style: { marginLeft: 16, flex: 1 } }, e('tbody', null, rows)),
  );
}

/** The rows as marks on the outlines of the countries, as large as their amounts, in sight all of them. */
function map(frame, inner, theme) {
  const e = createElement;
  const fieldOf = (name) => frame.fields.find((field) => field.name === name);
  const [codes, names, amounts] = ['country', 'name', 'revenue'].map(fieldOf);
  const { features } = feature(world, world.objects.countries);
  const largest = Math.max(1, ...amounts.values);
  const marks = codes.values.flatMap((code, row) => {
    const id = countryCodes.alpha2ToNumeric(code);
    const country = features.find((candidate) => candidate.id === id);
    return country === undefined
      ? []
      : [{ at: geoCentroid(homeland(country)), row, share: amounts.values[row] / largest }];
  });
  const shown = { type: 'MultiPoint', coordinates: marks.map(({ at }) => at) };
  const [[west, south], [east, north]] = geoBounds(shown);
  const [width, height] = [Math.max(12, (east - west) / 4), Math.max(8, (north - south) / 4)];
  const frameOfMarks = {
    type: 'MultiPoint',
    coordinates: [
      [west - width, south - height],
      [east + width, north + height],
    ],
  };
  const projection = geoMercator().fitSize([inner.width, inner.height], frameOfMarks);
  const path = geoPath(projection);
  return e(
    'svg',
    { width: inner.width, height: inner.height },
    features.map((country, index) =>
      e('path', {
        ...{ key: index, d: path(country), fill: 'rgba(128, 128, 128, 0.12)' },
        stroke: 'rgba(128, 128, 128, 0.5)',
      }),
    ),
    marks.map(({ at, row, share }) => {
      const [cx, cy] = projection(at);
      return e('circle', {
        ...{ key: row, cx, cy, r: 4 + 20 * share, fillOpacity: 0.6 },
        fill: theme.visualization.getColorByName('semi-dark-blue'),
      });
    }),
    marks.map(({ at, row }) => {
      const [x, y] = projection(at);
      const look = { fontSize: 11, textAnchor: 'middle', dominantBaseline: 'central' };
      return e(
        'text',
        { key: row, x, y, ...look, fill: theme.colors.text.primary },
        names.values[row],
      );
    }),
  );
}

/** The largest of a country's lands: its middle is where people look for it. */
function homeland({ geometry }) {
  const lands = geometry.type === 'MultiPolygon' ? geometry.coordinates : [geometry.coordinates];
  const [largest] = [...lands].sort((left, right) => right[0].length - left[0].length);
  return { type: 'Polygon', coordinates: largest };
}

function textOf({ prefix = '', text, suffix = '' }) {
  return `${prefix}${text}${suffix}`;
}

/** The rows of a query as Grafana's panels get them: with units, headings and widths; numbers of one frame share a scale. */
function frameOf(panel, theme) {
  const { fields, rows } = panel.answer;
  const values = fields.map((_, index) => rows.map((row) => row[index]));
  const metric = fields.findIndex(({ name }) => name === 'metric');
  const columns =
    metric < 0
      ? fields.map((field, index) => ({ ...field, values: values[index] }))
      : pivoted(fields, rows, metric);
  const frame = { fields: [], length: columns[0]?.values.length ?? 0 };
  const all = columns.flatMap((column) => (column.type === 'number' ? column.values : []));
  const largest = Math.max(0, ...all);
  frame.fields = columns.map((column, seriesIndex) => {
    const config = configOf(panel, column.name);
    if (panel.type === 'table') {
      config.max ??= largest;
    }
    const numbers = column.values.filter((value) => typeof value === 'number');
    const [min, max] =
      panel.type === 'table' ? [0, config.max] : [Math.min(0, ...numbers), Math.max(0, ...numbers)];
    const range = { min, max, delta: max - min };
    const field = {
      ...column,
      config,
      state: { seriesIndex: seriesIndex - 1, range, displayName: config.displayName },
    };
    field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
    return field;
  });
  return frame;
}

/** A column for each text of `metric`. */
function pivoted(fields, rows, metric) {
  const times = [...new Set(rows.map(([time]) => time))].sort((a, b) => a - b);
  const names = [...new Set(rows.map((row) => row[metric]))];
  const last = fields.length - 1;
  return [
    { ...fields[0], values: times },
    ...names.map((name) => {
      const byTime = new Map(
        rows.filter((row) => row[metric] === name).map((row) => [row[0], row[last]]),
      );
      return {
        name,
        type: FieldType.number,
        values: times.map((time) => byTime.get(time) ?? null),
      };
    }),
  ];
}

function configOf({ type, fieldConfig }, name) {
  const config = structuredClone(fieldConfig.defaults);
  // Grafana's own size of a point: without it a point that stands alone is not drawn.
  config.custom = { pointSize: 5, ...config.custom };
  config.color ??= { mode: type === 'stat' ? 'thresholds' : 'palette-classic' };
  const overrides = fieldConfig.overrides.filter(({ matcher }) => matcher.options === name);
  for (const { id, value } of overrides.flatMap(({ properties }) => properties)) {
    if (id.startsWith('custom.')) {
      config.custom[id.slice('custom.'.length)] = value;
    } else if (id !== 'links') {
      config[id] = value;
    }
  }
  return config;
}
