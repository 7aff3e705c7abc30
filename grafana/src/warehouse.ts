import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** The data source that provisioning/datasources/warehouse.yaml makes. */
export const PROVISIONED_UID = 'medallion-postgres';
export const DATA_SOURCE_TYPE = 'grafana-postgresql-datasource';

/** The one that the dashboard's variable has chosen. */
export const WAREHOUSE: DataSourceRef = { type: DATA_SOURCE_TYPE, uid: '${datasource}' };

/** What a row is: of a table, or of time series, one for each number and each value of a text column. */
export type QueryFormat = 'table' | 'time_series';

/** A query of Grafana's PostgreSQL data source, for which the SDK has no type. */
export interface WarehouseQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly editorMode: 'code';
  readonly rawQuery: true;
  readonly format: QueryFormat;
  readonly rawSql: string;
}

export function query(
  rawSql: string,
  format: QueryFormat,
  datasource: DataSourceRef = WAREHOUSE,
): Builder<WarehouseQuery> {
  return {
    build: () => ({
      refId: 'A',
      datasource,
      editorMode: 'code',
      rawQuery: true,
      format,
      rawSql,
      _implementsDataqueryVariant: () => undefined,
    }),
  };
}
