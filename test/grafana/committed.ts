import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What these tests read of a dashboard; the schema says what else there is. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource?: { readonly uid: string };
  readonly options: {
    readonly xField?: string;
    readonly reduceOptions?: { readonly calcs: readonly string[] };
  };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly thresholds?: {
        readonly steps: readonly { readonly value: number | null; readonly color: string }[];
      };
      readonly custom?: unknown;
      readonly noValue?: string;
      readonly unit?: string;
    };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
  readonly targets?: readonly {
    readonly rawSql: string;
    readonly format: string;
    readonly datasource: { readonly uid: string };
  }[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly allValue?: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly hide?: number;
  readonly refresh?: number;
  readonly current: { readonly value: unknown };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly links: readonly object[];
  readonly panels: readonly Panel[];
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly {
      readonly name: string;
      readonly target: { readonly rawSql: string };
    }[];
  };
}

export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly dashboardUid: string;
  readonly panelId: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: readonly {
    readonly refId: string;
    readonly datasourceUid: string;
    readonly model: {
      readonly rawSql?: string;
      readonly expression?: string;
      readonly conditions?: readonly { readonly evaluator: { type: string; params: number[] } }[];
    };
  }[];
}

export const FOLDER = new URL('../../grafana/', import.meta.url);

export function committed(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

export function readDashboard(name: string): Dashboard {
  return JSON.parse(committed(`dashboards/${name}.json`)) as Dashboard;
}

export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.filter(({ type }) => type !== 'row');
}

export function readAlertRules(): AlertRule[] {
  const { groups } = parse(committed('provisioning/alerting/medallion.yaml')) as {
    groups: { rules: AlertRule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}
