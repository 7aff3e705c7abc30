import * as v from '@badrap/valita';
import { REFERENCE_TABLES } from '../event/references.ts';
import type { Model } from '../model/model.ts';
import { counted } from '../number.ts';
import { casesOf, givenRows, row, textOf, type Difference, type Row } from './model-test.ts';
import type { EngineRow } from './engine.ts';
import type { Outcome } from './duckdb/records.ts';

const expectation = v.union(
  v.literal('skipped'),
  v.object({ transaction: row, items: v.array(row).optional() }),
  v.object({ reason: v.string(), field: v.union(v.string(), v.null()) }),
);
const casesSchema = v.array(
  v.object({
    name: v.string(),
    given: v.string(),
    with: v.record(v.array(row)).optional(),
    expect: expectation,
  }),
);

/**
 * A record, or the rows of CSV of one order, and what becomes of it; rows that the dimensions of silver have beside their
 * own, which all cases of a file see.
 */
export type SourceCase = v.Infer<typeof casesSchema>[number];
type Expectation = v.Infer<typeof expectation>;

/** The cases of a test of a source. @returns what is wrong with them, where they are none */
export function readSourceCases(
  yaml: unknown,
): readonly SourceCase[] | { readonly problem: string } {
  return casesOf(casesSchema, yaml);
}

const DIMENSIONS = Object.values(REFERENCE_TABLES).map(({ table }) => table);

type RowsOf = Readonly<Record<string, readonly Row[]>>;

/**
 * Selects of the dimensions that orders point at, by their name: the models' own rows and some more, or those of a warehouse.
 */
export function dimensionsOf(
  models: readonly Model[],
  more: RowsOf = {},
  warehouse: RowsOf = {},
): ReadonlyMap<string, string> | { readonly problem: string } {
  const ids = DIMENSIONS.map((name) => `silver.${name}`);
  const stray = Object.keys(more).find((id) => !ids.includes(id));
  if (stray !== undefined) {
    return { problem: `with: ${stray} is not one of ${ids.join(', ')}` };
  }
  const selects = new Map<string, string>();
  for (const name of DIMENSIONS) {
    const id = `silver.${name}`;
    const given = givenRows(models, id, warehouse[id] ?? more[id] ?? []);
    if (typeof given !== 'string') {
      return given;
    }
    const own = models.find((model) => model.id === id)?.sql ?? given;
    selects.set(
      name,
      warehouse[id] === undefined ? `(${own}) union all by name (${given})` : given,
    );
  }
  selects.set('exchange_rates', models.find(({ id }) => id === 'silver.exchange_rates')?.sql ?? '');
  return selects;
}

/** The rows that some cases have beside those of the models. */
export function rowsWith(cases: readonly Pick<SourceCase, 'with'>[]): RowsOf {
  const rows: Record<string, readonly Row[]> = {};
  for (const [id, some] of cases.flatMap((one) => Object.entries(one.with ?? {}))) {
    rows[id] = [...(rows[id] ?? []), ...some];
  }
  return rows;
}

/** What differs between an outcome and what a case expects. */
export function differencesOf(expected: Expectation, outcome: Outcome): readonly Difference[] {
  if (expected === 'skipped') {
    return outcome.kind === 'skipped' ? [] : [cell('outcome', 'skipped', shown(outcome))];
  }
  if ('reason' in expected) {
    return outcome.kind === 'rejected'
      ? cells(expected, { reason: outcome.reason, field: outcome.field }, '')
      : [cell('outcome', `rejected: ${placed(expected.reason, expected.field)}`, shown(outcome))];
  }
  if (outcome.kind !== 'read') {
    return [cell('outcome', 'accepted', shown(outcome))];
  }
  const { transaction, items = [] } = expected;
  const lines =
    expected.items !== undefined && items.length !== outcome.items.length
      ? [cell('items', counted(items.length, 'line'), counted(outcome.items.length, 'line'))]
      : items.flatMap((line, index) =>
          cells(line, outcome.items[index] ?? {}, `items[${String(index)}].`),
        );
  return [...cells(transaction, outcome.transaction, ''), ...lines];
}

function cells(expected: Row, actual: EngineRow, place: string): Difference[] {
  return Object.entries(expected)
    .map(([column, wanted]) => {
      const found = actual[column];
      return cell(
        `${place}${column}`,
        textOf(wanted),
        found === undefined ? 'no such column' : found,
      );
    })
    .filter((one) => one.expected !== one.actual);
}

function cell(column: string, expected: string | null, actual: string | null): Difference {
  return { row: null, column, expected, actual };
}

function shown(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'read':
      return 'accepted';
    case 'skipped':
      return 'skipped';
    case 'rejected':
      return `rejected: ${placed(outcome.reason, outcome.field)} (${outcome.detail})`;
  }
}

function placed(reason: string, field: string | null): string {
  return field === null ? reason : `${reason} ${field}`;
}
