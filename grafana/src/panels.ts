import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarAlignment,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TableCellDisplayMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
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
}

/** How numbers are shown. Amounts of all currencies are summed as they are booked: no currency is named. */
export interface Unit {
  readonly unit: string;
  readonly decimals?: number;
}
export const MONEY: Unit = { unit: 'locale', decimals: 2 };
export const COUNT: Unit = { unit: 'locale', decimals: 0 };
export const SECONDS: Unit = { unit: 's' };
export const PERCENT: Unit = { unit: 'percent', decimals: 1 };
/** Milliseconds since 1970. */
export const AGO: Unit = { unit: 'dateTimeFromNow' };

interface Framed {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: DataSourceRef): this;
  withTarget(target: Builder<Dataquery>): this;
  span(width: number): this;
  height(height: number): this;
}

/** Puts a frame and its query around a panel. */
export function framed<P extends Framed>(panel: P, frame: Frame, format: QueryFormat): P {
  const { title, description, sql, width, height } = frame;
  const shown = panel
    .title(title)
    .datasource(WAREHOUSE)
    .withTarget(query(sql, format))
    .span(width)
    .height(height);
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

/** All numbers of one row, as they are. */
const ROW = (): ReduceDataOptionsBuilder =>
  new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false);

/** A number, large. The query has one row. */
export function figure(frame: Frame, unit: Unit): stat.PanelBuilder {
  return measured(framed(new stat.PanelBuilder(), frame, 'table'), unit)
    .reduceOptions(ROW())
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .thresholds(thresholds([null, 'text']));
}

/** A number and, as the column `change`, by how many percent it differs from before. */
export function figureWithChange(frame: Frame, unit: Unit): stat.PanelBuilder {
  return figure(frame, unit)
    .noValue('-')
    .overrideByName('change', [
      { id: 'displayName', value: 'change' },
      ...inUnit(PERCENT),
      { id: 'noValue', value: 'new' },
      {
        id: 'thresholds',
        value: thresholds([null, 'red'], [0, 'green']).build(),
      },
    ]);
}

export function rows(frame: Frame, units: Readonly<Record<string, Unit>> = {}): table.PanelBuilder {
  return Object.entries(units).reduce(
    (panel, [column, unit]) => panel.overrideByName(column, inUnit(unit)),
    framed(new table.PanelBuilder(), frame, 'table').cellOptions({
      type: TableCellDisplayMode.Auto,
    }),
  );
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

/** The same as bars, those of one time on top of each other. */
export function stackedBars(frame: Frame, unit: Unit): timeseries.PanelBuilder {
  return lines(frame, unit)
    .drawStyle(GraphDrawStyle.Bars)
    .barAlignment(BarAlignment.Center)
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
    .displayLabels([piechart.PieChartLabels.Percent])
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(true))
    .legend(
      new piechart.PieChartLegendOptionsBuilder()
        .showLegend(true)
        .values([piechart.PieChartLegendValues.Percent, piechart.PieChartLegendValues.Value]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single));
}
