import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import type { Options as PieOptions } from '@grafana/grafana-foundation-sdk/piechart';
import type { Options as TableOptions } from '@grafana/grafana-foundation-sdk/table';
import { datasourceVariable } from './variables.ts';
import { query, WAREHOUSE } from './warehouse.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- the SDK prefers Grafana's new format; every Grafana reads this one from files */
export type Dashboard = sdk.Dashboard;
const { DashboardBuilder } = sdk;
/* eslint-enable @typescript-eslint/no-deprecated */

const TAG = 'medallion';

/** A heading and what is below it, line by line: the widths of a line add up to 24. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Builder<sdk.Panel>[];
}

export interface DashboardPlan {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  readonly to: string;
  readonly refresh: string;
  readonly variables: readonly Builder<sdk.VariableModel>[];
  readonly annotations: readonly Builder<sdk.AnnotationQuery>[];
  readonly sections: readonly Section[];
}

/** A dashboard with links to the others; its panels are numbered in their order. */
export function dashboard(plan: DashboardPlan): Dashboard {
  const builder = new DashboardBuilder(plan.title)
    .uid(plan.uid)
    .description(plan.description)
    .tags([TAG])
    .editable()
    .timezone('utc')
    .time({ from: plan.from, to: plan.to })
    .refresh(plan.refresh)
    .variables([datasourceVariable(), ...plan.variables])
    .annotations([...plan.annotations])
    .link(
      new sdk.DashboardLinkBuilder('medallion')
        .type(sdk.DashboardLinkType.Dashboards)
        .tags([TAG])
        .keepTime(true),
    );
  for (const { title, panels } of plan.sections) {
    builder.withRow(new sdk.RowBuilder(title));
    for (const panel of panels) {
      builder.withPanel(panel);
    }
  }
  const built = builder.build();
  (built.panels ?? []).forEach((panel, number) => {
    panel.id = number + 1;
  });
  return fitted(built);
}

/** Marks in the charts over time. The query has `time` and `text`. */
export function annotation(
  name: string,
  color: string,
  rawSql: string,
): Builder<sdk.AnnotationQuery> {
  return new sdk.AnnotationQueryBuilder()
    .name(name)
    .datasource(WAREHOUSE)
    .enable(true)
    .iconColor(color)
    .target(query(rawSql, 'table'));
}

/** The SDK's defaults as the Grafana of docker-compose.yaml has them: its schema is what the tests hold this against. */
function fitted(built: Dashboard): Dashboard {
  for (const variable of built.templating.list ?? []) {
    // Of interval variables only.
    delete variable.auto;
    delete variable.auto_min;
    delete variable.auto_count;
  }
  for (const link of built.links ?? []) {
    // It would hide the link in a menu.
    delete link.placement;
  }
  for (const panel of built.panels ?? []) {
    const { type, options } = panel as { type: string; options?: unknown };
    if (type === 'table') {
      delete (options as Partial<TableOptions>).footer;
    }
    if (type === 'piechart') {
      (options as PieOptions & { sort?: string }).sort = 'desc';
    }
  }
  return built;
}
