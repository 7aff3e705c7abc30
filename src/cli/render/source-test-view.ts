import type { PlacedOutcome, SourceTest } from '../../app/source.ts';
import { REFERENCE_TABLES } from '../../event/references.ts';
import { grouped } from '../../number.ts';
import type { Rule, Source } from '../../source/mapping.ts';
import { showPath } from '../../source/path.ts';
import { factLines, type Facts, type Part } from './document.ts';
import { page, type PageColumn, type ResultRow } from './fit.ts';
import { numbers, quantities, resultOf, texts } from './result.ts';

/** The parts of what `source test` finds, in order. */
export const SOURCE_TEST_PARTS = [
  ...(['summary', 'unfinished', 'records', 'disagreements', 'rejected', 'added'] as const),
  ...(['amounts', 'totals', 'odd_totals', 'unmapped', 'vanished'] as const),
] as const;

/**
 * What a mapping makes of some records, part by part.
 * @param isShort whether people see only the first of the records, one by one
 */
export function sourceTestParts(found: SourceTest, isShort: boolean): Part[] {
  const { unfinished, disagreements, groups, oddTotals, drift } = found;
  const fields = unfinished.map((field) => ({ field }));
  const added = found.added.map(({ dimension, name }) => ({
    ...{ table: `silver.${REFERENCE_TABLES[dimension].table}`, name },
  }));
  return [
    summaryPart(found),
    {
      ...{ name: 'unfinished', title: 'Still to be mapped' },
      table: resultOf(texts('field'), fields),
      page: () => unfinished.map((field) => `  ${field}`),
    },
    recordsPart(found, isShort),
    {
      ...{ name: 'disagreements', title: 'Read differently by DuckDB and by the judge' },
      table: resultOf(texts('place', 'column', 'duckdb', 'judge'), disagreements),
      page: page({ place: PLACE, column: {}, duckdb: { atLeast: 10 }, judge: { atLeast: 10 } }),
    },
    {
      ...{ name: 'rejected', title: 'Rejected' },
      table: resultOf(
        { ...texts('reason', 'field'), ...quantities('records'), ...texts('example', 'detail') },
        groups,
      ),
      page: page(
        { reason: {}, field: { atLeast: 16 }, records: {} },
        { note: ({ example, detail }) => `${example ?? ''}: ${detail ?? ''}` },
      ),
    },
    {
      ...{ name: 'added', title: 'Rows that a promotion would add to dimensions' },
      table: resultOf(texts('table', 'name'), added),
      page: page({ table: {}, name: { atLeast: 16 } }),
    },
    {
      ...{ name: 'amounts', title: 'Amounts of the orders' },
      table: resultOf(
        { ...texts('event_type', 'currency', 'amount', 'from'), ...quantities('sum') },
        amountRows(found),
      ),
      page: page({ ...SHOP, amount: {}, from: { atLeast: 16 }, sum: {} }),
    },
    {
      ...{ name: 'totals', title: 'Orders whose amounts add up' },
      table: resultOf(
        {
          ...texts('event_type', 'currency', 'rule'),
          ...{ ...quantities('orders', 'add_up'), ...numbers('percent') },
        },
        totalRows(found),
      ),
      page: page({
        ...{ ...SHOP, rule: { atLeast: 20 }, orders: {}, add_up: {} },
        percent: { kind: 'percent', title: '%' },
      }),
    },
    {
      ...{ name: 'odd_totals', title: 'Totals that do not add up, the first ones' },
      table: resultOf(
        {
          ...texts('place', 'transaction_id'),
          ...quantities('subtotal', 'tax', 'shipping', 'discount', 'sum_of_parts', 'total'),
        },
        oddTotals,
      ),
      page: page({
        ...{ place: PLACE, transaction_id: { title: 'order', atLeast: 8, keep: 5 } },
        ...{ subtotal: { keep: 4 }, tax: { keep: 3 }, shipping: { keep: 1 } },
        ...{ discount: { keep: 2 }, sum_of_parts: {}, total: {} },
      }),
    },
    unmappedPart(found),
    {
      ...{ name: 'vanished', title: 'Fields of the mapping that no record has' },
      table: resultOf(texts('word', 'paths'), drift.vanished),
      page: page({ word: {}, paths: { atLeast: 16 } }),
    },
  ];
}

/** Which orders amounts are of. */
const SHOP = { event_type: { title: 'type', keep: 1 }, currency: {} };

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

const RECORDS = page(
  {
    ...{ place: PLACE, outcome: {}, type: { keep: 1 } },
    ...{ transaction_id: { title: 'order', atLeast: 6 }, status: { keep: 2 } },
    ...{ customer: { keep: 3, atLeast: 6 }, lines: { keep: 4 }, total: {}, currency: {} },
  },
  {
    note: ({ reason, field, detail }) =>
      [[reason, field].filter(Boolean).join(' '), detail].filter(Boolean).join(': '),
  },
);

function recordsPart({ outcomes }: SourceTest, isShort: boolean): Part {
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
    page: (_table, width) => [
      ...RECORDS({ ...table, rows }, width),
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

function summaryPart({ source, records, read, judged, rejected, skipped }: SourceTest): Part {
  const row = {
    ...{ source: source.name, file: source.file, records },
    ...{ accepted: read, judged, rejected, skipped },
  };
  const facts: Facts = [
    ['  records', grouped(records)],
    ['  accepted', grouped(read)],
    ['  rejected', grouped(rejected)],
    ['  skipped', grouped(skipped)],
    ['  left to the judge', `${grouped(judged)}, which is slower than DuckDB`],
  ];
  return {
    ...{ name: 'summary', title: `${source.name} (${source.file})`, isSingle: true },
    table: resultOf(
      {
        ...texts('source', 'file'),
        ...quantities('records', 'accepted', 'judged', 'rejected', 'skipped'),
      },
      [row],
    ),
    page: (_table, width) => factLines(facts, width),
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

/** Fields by the number of records that have them, for people as names in a line of text. */
function unmappedPart({ drift: { unmapped }, records }: SourceTest): Part {
  const names = unmapped.map(({ field, records: having }) =>
    having === records ? field : `${field} (${grouped(having)})`,
  );
  return {
    ...{ name: 'unmapped', title: 'Fields that the mapping does not read' },
    table: resultOf({ ...texts('field'), ...quantities('records') }, unmapped),
    page: (_table, width) => factLines([['  ', names.join(', ')]], width),
  };
}
