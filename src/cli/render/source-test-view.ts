import type { PlacedOutcome, SourceTest } from '../../app/source.ts';
import { REFERENCE_TABLES } from '../../event/references.ts';
import { grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { Rule, Source } from '../../source/mapping.ts';
import { showPath } from '../../source/path.ts';
import { factLines, type Part } from './document.ts';
import {
  resultLines,
  type PageColumn,
  type PageColumns,
  type PageExtras,
  type ResultRow,
} from './fit.ts';
import { numbers, quantities, resultOf, texts } from './result.ts';

/** The parts of what `source test` finds, in order. */
export const SOURCE_TEST_PARTS = [
  'summary',
  'unfinished',
  'records',
  'disagreements',
  'rejected',
  'added',
  'amounts',
  'totals',
  'odd_totals',
  'unmapped',
  'vanished',
] as const;

/**
 * What a mapping makes of some records, part by part.
 * @param isShort whether people see only the first of the records, one by one
 */
export function sourceTestParts(found: SourceTest, width: number, isShort: boolean): Part[] {
  const { unfinished, disagreements, groups, oddTotals, drift } = found;
  const part = (
    name: (typeof SOURCE_TEST_PARTS)[number],
    title: string,
    table: ResultTable,
    columns: PageColumns<ResultRow>,
    extras?: PageExtras<ResultRow>,
  ): Part => ({ name, title, table, lines: resultLines(columns, table, width, extras) });
  const added = found.added.map(({ dimension, name }) => ({
    ...{ table: `silver.${REFERENCE_TABLES[dimension].table}`, name },
  }));
  return [
    summaryPart(found, width),
    {
      ...{ name: 'unfinished', title: 'Still to be mapped' },
      table: resultOf(
        texts('field'),
        unfinished.map((field) => ({ field })),
      ),
      lines: unfinished.map((field) => `  ${field}`),
    },
    recordsPart(found, width, isShort),
    part(
      'disagreements',
      'Read differently by DuckDB and by the judge',
      resultOf(texts('place', 'column', 'duckdb', 'judge'), disagreements),
      { place: PLACE, column: {}, duckdb: { atLeast: 10 }, judge: { atLeast: 10 } },
    ),
    part(
      'rejected',
      'Rejected',
      resultOf(
        { ...texts('reason', 'field'), ...quantities('records'), ...texts('example', 'detail') },
        groups,
      ),
      { reason: {}, field: { atLeast: 16 }, records: FIGURE },
      { note: ({ example, detail }) => `${example ?? ''}: ${detail ?? ''}` },
    ),
    part(
      'added',
      'Rows that a promotion would add to dimensions',
      resultOf(texts('table', 'name'), added),
      { table: {}, name: { atLeast: 16 } },
    ),
    part(
      'amounts',
      'Amounts of the orders',
      resultOf(
        { ...texts('event_type', 'currency', 'amount', 'from'), ...quantities('sum') },
        amountRows(found),
      ),
      {
        ...{ event_type: { title: 'type', keep: 1 }, currency: {}, amount: {} },
        ...{ from: { atLeast: 16 }, sum: FIGURE },
      },
    ),
    part(
      'totals',
      'Orders whose amounts add up',
      resultOf(
        {
          ...texts('event_type', 'currency', 'rule'),
          ...{ ...quantities('orders', 'add_up'), ...numbers('percent') },
        },
        totalRows(found),
      ),
      {
        ...{ event_type: { title: 'type', keep: 1 }, currency: {}, rule: { atLeast: 20 } },
        ...{ orders: FIGURE, add_up: FIGURE, percent: { kind: 'percent', title: '%' } },
      },
    ),
    part(
      'odd_totals',
      'Totals that do not add up, the first ones',
      resultOf(
        {
          ...texts('place', 'transaction_id'),
          ...quantities('subtotal', 'tax', 'shipping', 'discount', 'sum_of_parts', 'total'),
        },
        oddTotals,
      ),
      {
        ...{ place: PLACE, transaction_id: { title: 'order', atLeast: 8, keep: 5 } },
        ...{ subtotal: { ...FIGURE, keep: 4 }, tax: { ...FIGURE, keep: 3 } },
        ...{ shipping: { ...FIGURE, keep: 1 }, discount: { ...FIGURE, keep: 2 } },
        ...{ sum_of_parts: FIGURE, total: FIGURE },
      },
    ),
    {
      ...{ name: 'unmapped', title: 'Fields that the mapping does not read' },
      table: resultOf({ ...texts('field'), ...quantities('records') }, drift.unmapped),
      lines: unmappedLines(found, width),
    },
    part(
      'vanished',
      'Fields of the mapping that no record has',
      resultOf(texts('word', 'paths'), drift.vanished),
      { word: {}, paths: { atLeast: 16 } },
    ),
  ];
}

const FIGURE = { kind: 'figure' } as const;

/** Where a record stands: of a long path the end, which has the line, or the offset. */
const PLACE: PageColumn<ResultRow> = {
  show: ({ place }) => {
    const text = place ?? '';
    return text.length > PLACE_WIDTH ? `…${text.slice(1 - PLACE_WIDTH)}` : text;
  },
};
const PLACE_WIDTH = 20;

/** As many records as a page has, where there are more. */
const FIRST_RECORDS = 10;

function recordsPart({ outcomes }: SourceTest, width: number, isShort: boolean): Part {
  const table = resultOf(
    {
      ...texts('place', 'outcome', 'type', 'transaction_id', 'customer', 'status', 'ordered_at'),
      ...{ ...texts('currency'), ...quantities('total', 'lines') },
      ...texts('reason', 'field', 'detail'),
    },
    outcomes.map(recordRow),
  );
  const rows = isShort ? table.rows.slice(0, FIRST_RECORDS) : table.rows;
  const more = table.rows.length - rows.length;
  return {
    ...{ name: 'records', title: 'Records, and what each becomes', table },
    lines: [
      ...resultLines(
        {
          ...{ place: PLACE, outcome: {}, type: { keep: 1 } },
          ...{ transaction_id: { title: 'order', atLeast: 6 }, status: { keep: 2 } },
          ...{ customer: { keep: 3, atLeast: 6 }, lines: { ...FIGURE, keep: 4 } },
          ...{ total: FIGURE, currency: {} },
        },
        { ...table, rows },
        width,
        { note: rejection },
      ),
      ...(more === 0 ? [] : [`${grouped(more)} more: --section records shows all of them`]),
    ],
  };
}

/** A record as it is printed; what does not apply to it is left out. */
function recordRow(outcome: PlacedOutcome) {
  switch (outcome.kind) {
    case 'read': {
      const { transaction: read } = outcome;
      return {
        ...{ place: outcome.place, outcome: 'accepted', type: read['event_type'] },
        ...{ transaction_id: read['transaction_id'], customer: read['customer_id'] },
        ...{ status: read['status'], ordered_at: read['ordered_at'], currency: read['currency'] },
        ...{ total: read['order_total_amount'], lines: outcome.items.length },
      };
    }
    case 'rejected':
    case 'skipped':
      return { ...outcome, outcome: outcome.kind };
  }
}

function rejection({ reason, field, detail }: ResultRow): string | null {
  const what = [reason, field].filter(Boolean).join(' ');
  return [what, detail].filter(Boolean).join(': ');
}

function summaryPart(
  { source, records, read, judged, rejected, skipped }: SourceTest,
  width: number,
): Part {
  const row = {
    ...{ source: source.name, file: source.file, records },
    ...{ accepted: read, judged, rejected, skipped },
  };
  return {
    ...{ name: 'summary', title: `${source.name} (${source.file})`, isSingle: true },
    table: resultOf(
      {
        ...texts('source', 'file'),
        ...quantities('records', 'accepted', 'judged', 'rejected', 'skipped'),
      },
      [row],
    ),
    lines: factLines(
      [
        ['  records', grouped(records)],
        ['  accepted', grouped(read)],
        ['  rejected', grouped(rejected)],
        ['  skipped', grouped(skipped)],
        ['  left to the judge', `${grouped(judged)}, which is slower than DuckDB`],
      ],
      width,
    ),
  };
}

/** An amount of orders, by the column of a sum and the contract's path. */
const AMOUNTS = [
  ['subtotal', 'order.subtotal'],
  ['tax', 'order.tax_amount'],
  ['shipping', 'order.shipping_amount'],
  ['discount', 'order.discount_amount'],
  ['total', 'order.total_amount'],
] as const;

function amountRows({ source, amounts }: SourceTest) {
  return amounts.flatMap((sums) => {
    const { event_type, currency } = sums;
    const of = (amount: string, from: string) => ({
      ...{ event_type, currency, amount, from, sum: sums[amount] },
    });
    return [
      of('lines', `${itemRule(source, 'unit_price')} x ${itemRule(source, 'quantity')}`),
      ...AMOUNTS.map(([amount, path]) => of(amount, ruleText(source.order.get(path)))),
    ];
  });
}

function itemRule({ items }: Source, field: string): string {
  return ruleText(items.get(field));
}

/** Where a value comes from, as its source says it. */
function ruleText(rule: Rule | undefined): string {
  if (rule === undefined) {
    return '';
  }
  const { isComputed, value, sum, paths } = rule;
  if (isComputed) {
    return 'computed';
  }
  if (sum !== undefined) {
    return `sum of ${showPath(sum)}`;
  }
  return value ?? paths.map((path) => showPath(path)).join(', ');
}

function totalRows({ amounts }: SourceTest) {
  return amounts.flatMap((sums) => {
    const { event_type, currency, orders } = sums;
    const of = (rule: string, column: string) => ({
      ...{ event_type, currency, rule, orders, add_up: sums[column] },
      percent: percentOf(Number(sums[column]), Number(orders)),
    });
    return [
      of('the total is the sum of its parts', 'totals_add_up'),
      of('the subtotal is the sum of the lines', 'lines_add_up'),
    ];
  });
}

/** To one decimal, downwards: 100.0 is all of them. */
function percentOf(part: number, whole: number): string {
  return (Math.floor((part * 1000) / whole) / 10).toFixed(1);
}

/** Fields by the number of records that have them, as names in a line of text. */
function unmappedLines({ drift, records }: SourceTest, width: number): string[] {
  const names = drift.unmapped.map(({ field, records: having }) =>
    having === records ? field : `${field} (${grouped(having)})`,
  );
  return names.length === 0 ? [] : factLines([['  ', names.join(', ')]], width);
}
