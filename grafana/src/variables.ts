import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DAYS_BEFORE, DAYS_SHOWN } from './period.ts';
import { sql } from './sql.ts';
import { DATA_SOURCE_TYPE, PROVISIONED_UID, WAREHOUSE } from './warehouse.ts';

/** Variables of which any number of values can be chosen. */
export type Choice = 'country' | 'category' | 'product';

/**
 * What stands for "All" in a list of values. No event has an empty country, category or product, and Grafana puts the
 * text in as it is: however many products there are, the query stays short.
 */
const ALL = "''";

/**
 * Whether a column has one of the values chosen. The variable is named without a format: the data source quotes its
 * values for PostgreSQL, while :sqlstring also puts a backslash before a double quote.
 */
export function isChosen(choice: Choice, column: string): string {
  return `(${ALL} in (\${${choice}}) or ${column} in (\${${choice}}))`;
}

/** Whether all values of all these are wanted: a constant, so that PostgreSQL plans only what is needed. */
export function isAll(...choices: readonly Choice[]): string {
  return `(${choices.map((choice) => `${ALL} in (\${${choice}})`).join(' and ')})`;
}

export function datasourceVariable(): DatasourceVariableBuilder {
  return (
    new DatasourceVariableBuilder('datasource')
      .label('Warehouse')
      .type(DATA_SOURCE_TYPE)
      // One warehouse is no choice; var-datasource in the address names another one.
      .hide(VariableHide.HideVariable)
      .current({ text: 'Warehouse', value: PROVISIONED_UID })
  );
}

function choiceVariable(name: Choice, label: string, values: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(WAREHOUSE)
    .query(values)
    .refresh(VariableRefresh.OnDashboardLoad)
    .multi(true)
    .includeAll(true)
    .allValue(ALL)
    .current({ text: ['All'], value: ['$__all'] });
}

export function countryVariable(): QueryVariableBuilder {
  return choiceVariable(
    'country',
    'Country',
    sql`
      select distinct country
      from gold.geography_performance
      order by country`,
  );
}

/** The days that are shown, and those before them, in words. */
export function daysVariables(): QueryVariableBuilder[] {
  return [
    ['days', DAYS_SHOWN],
    ['before', DAYS_BEFORE],
  ].map(([name = '', query = '']) =>
    new QueryVariableBuilder(name)
      .hide(VariableHide.HideVariable)
      .datasource(WAREHOUSE)
      .query(query)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .current({ text: '', value: '' }),
  );
}

export function categoryVariable(): QueryVariableBuilder {
  return choiceVariable(
    'category',
    'Category',
    sql`
      select distinct category
      from gold.item_category_performance
      order by category`,
  );
}

/** The products of the chosen categories. */
export function productVariable(): QueryVariableBuilder {
  return choiceVariable(
    'product',
    'Product',
    sql`
      select id
      from silver.dim_products
      where ${isChosen('category', 'category')}
      order by id`,
  );
}

/** A text that may be left out; `textOf` is it in a query. */
export function textVariable(name: string, label: string): TextBoxVariableBuilder {
  return new TextBoxVariableBuilder(name)
    .label(label)
    .defaultValue('')
    .current({ text: '', value: '' });
}

/** What was written into a text variable, as a literal. */
export const textOf = (name: string): string => `trim('\${${name}}')`;
