import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarAlignment,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TableCellDisplayMode,
  TableCellHeight,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder,
  type DataSourceRef,
} from '@grafana/grafana-foundation-sdk/common';
import {
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DynamicConfigValue,
  type Threshold,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as piechart from '@grafana/grafana-foundation-sdk/piechart';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { query, WAREHOUSE, type QueryFormat } from './warehouse.ts';

/** What every panel has. */
export interface Frame {
  readonly title: string;
  readonly description?: string;
  readonly sql: string;
  /** Of the 24 columns of a dashboard. */
  readonly width: number;
  readonly height: number;
  /** What stands in the place of nothing: why there is nothing, and what to do. */
  readonly empty: string;
}

/** How numbers are shown. No currency is named: amounts are in report.currency or, where it is not set, summed as sent. */
export interface Unit {
  readonly unit: string;
  readonly decimals?: number;
}
/** With both decimals, and separators: the space stands for a currency, without which Grafana leaves the separators out. */
export const MONEY: Unit = { unit: 'currency:financial: :suffix', decimals: 2 };
export const COUNT: Unit = { unit: 'locale', decimals: 0 };
/** Units sold: whole, or with decimals where they are of weight. */
export const QUANTITY: Unit = { unit: 'locale' };
/** On an axis and in a tile, where millions have no room: 30 K, 57.07 Mil. */
export const SHORT: Unit = { unit: 'short' };
export const SHORT_MONEY: Unit = { unit: 'short', decimals: 2 };
export const SECONDS: Unit = { unit: 's' };
export const PERCENT: Unit = { unit: 'percent', decimals: 1 };
/** Milliseconds since 1970. */
export const AGO: Unit = { unit: 'dateTimeFromNow' };
export const TIME: Unit = { unit: 'dateTimeAsIso' };

interface Framed {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: DataSourceRef): this;
  withTarget(target: Builder<Dataquery>): this;
  span(width: number): this;
  height(height: number): this;
  noValue(text: string): this;
}

/** Puts a frame and its query around a panel. */
export function framed<P extends Framed>(panel: P, frame: Frame, format: QueryFormat): P {
  const { title, description, sql, width, height, empty } = frame;
  const shown = panel
    .title(title)
    .datasource(WAREHOUSE)
    .withTarget(query(sql, format))
    .span(width)
    .height(height)
    .noValue(empty);
  return description === undefined ? shown : shown.description(description);
}

/** The properties that show a field in a unit. */
function inUnit({ unit, decimals }: Unit): DynamicConfigValue[] {
  return [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
  ];
}

/** One colour for all values, or those that begin at each step. */
export function thresholds(
  ...steps: readonly (readonly [from: number | null, color: string])[]
): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]): Threshold => ({ value, color })));
}

interface Measured {
  unit(unit: string): this;
  decimals(decimals: number): this;
}

function measured<P extends Measured>(panel: P, { unit, decimals }: Unit): P {
  const shown = panel.unit(unit);
  return decimals === undefined ? shown : shown.decimals(decimals);
}

/** A number, large. The query has one row. */
export function figure(frame: Frame, unit: Unit): stat.PanelBuilder {
  return measured(framed(new stat.PanelBuilder(), frame, 'table'), unit)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .thresholds(thresholds([null, 'text']));
}

/**
 * A number, large, with a small line of text and the way it came about. The query has a row for each point of it: `time`,
 * `metric`, which is the text and everywhere the same, and a number.
 * @param calc what of the points the number is
 */
export function trend(frame: Frame, unit: Unit, calc: 'sum' | 'lastNotNull'): stat.PanelBuilder {
  return measured(framed(new stat.PanelBuilder(), frame, 'time_series'), unit)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs([calc]).fields('').values(false))
    .graphMode(BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.None)
    .textMode(BigValueTextMode.ValueAndName)
    .text(new VizTextDisplayOptionsBuilder().titleSize(13).valueSize(26))
    .thresholds(thresholds([null, 'blue']));
}

/** A column of a table: its heading in words, and its width in pixels. */
export interface Column {
  readonly heading: string;
  readonly width: number;
  /** Takes what the others leave, and its width at least. */
  readonly grows?: true;
  readonly unit?: Unit;
  /** Where a click leads; see links.ts. */
  readonly link?: { readonly title: string; readonly url: string };
  /** Colours of the text, by value. */
  readonly colors?: Readonly<Record<string, string>>;
  /** Shades the cell by its number. */
  readonly shaded?: true;
}

export function rows(frame: Frame, columns: Readonly<Record<string, Column>>): table.PanelBuilder {
  return Object.entries(columns).reduce(
    (panel, [name, column]) => panel.overrideByName(name, propertiesOf(column)),
    framed(new table.PanelBuilder(), frame, 'table')
      .cellOptions({ type: TableCellDisplayMode.Auto })
      .cellHeight(TableCellHeight.Sm),
  );
}

function propertiesOf(column: Column): DynamicConfigValue[] {
  const { heading, width, grows, unit, link, colors = {}, shaded } = column;
  const mappings = [
    {
      type: 'value',
      options: Object.fromEntries(
        Object.entries(colors).map(([value, color], index) => [value, { color, index }] as const),
      ) as object,
    },
  ];
  return [
    { id: 'displayName', value: heading },
    { id: grows === true ? 'custom.minWidth' : 'custom.width', value: width },
    // Nothing in a cell is no empty table.
    { id: 'noValue', value: '' },
    ...(unit === undefined ? [] : inUnit(unit)),
    ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
    ...(Object.keys(colors).length === 0
      ? []
      : [
          { id: 'mappings', value: mappings },
          // Of all other values.
          { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]),
    ...(shaded === undefined
      ? []
      : [
          { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
          { id: 'color', value: { mode: 'continuous-blues' } },
          { id: 'min', value: 0 },
          ...(unit === PERCENT ? [{ id: 'max', value: 100 }] : []),
        ]),
  ];
}

/** Lines over time: a column `time`, and one for each line or a text column that names it. */
export function lines(frame: Frame, unit: Unit): timeseries.PanelBuilder {
  return measured(framed(new timeseries.PanelBuilder(), frame, 'time_series'), unit)
    .min(0)
    .lineWidth(2)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Auto)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
}

/** The same as bars that begin at their time, those of one time on top of each other. */
export function stackedBars(frame: Frame, unit: Unit): timeseries.PanelBuilder {
  return lines(frame, unit)
    .drawStyle(GraphDrawStyle.Bars)
    .barAlignment(BarAlignment.After)
    .fillOpacity(80)
    .lineWidth(0)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
}

/** A bar for each row, named by the text column. */
export function bars(frame: Frame, name: string, unit: Unit): barchart.PanelBuilder {
  return measured(framed(new barchart.PanelBuilder(), frame, 'table'), unit)
    .xField(name)
    .orientation(VizOrientation.Horizontal)
    .showValue(VisibilityMode.Auto)
    .legend(new VizLegendOptionsBuilder().showLegend(false))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single));
}

/** A slice for each row: a text column and a number. */
export function slices(frame: Frame, unit: Unit): piechart.PanelBuilder {
  return measured(framed(new piechart.PanelBuilder(), frame, 'table'), unit)
    .pieType(piechart.PieChartType.Donut)
    .displayLabels([])
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(true))
    .legend(
      new piechart.PieChartLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Right)
        .values([piechart.PieChartLegendValues.Percent, piechart.PieChartLegendValues.Value]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single));
}
