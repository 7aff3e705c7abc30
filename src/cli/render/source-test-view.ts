import type { PlacedOutcome, SourceTest } from '../../app/source.ts';
import { REFERENCE_TABLES } from '../../event/references.ts';
import { grouped } from '../../number.ts';
import type { Rule, Source } from '../../source/mapping.ts';
import { showPath } from '../../source/path.ts';
import { factLines, type Part } from './document.ts';
import { fittedTable, type PageColumn } from './fit.ts';
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
  const added = found.added.map(({ dimension, name }) => ({
    ...{ table: `silver.${REFERENCE_TABLES[dimension].table}`, name },
  }));
  const amounts = amountRows(found);
  const totals = totalRows(found);
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
    {
      ...{ name: 'disagreements', title: 'Read differently by DuckDB and by the judge' },
      table: resultOf(texts('place', 'column', 'duckdb', 'judge'), disagreements),
      lines: fittedTable(
        { place: PLACE, column: {}, duckdb: { atLeast: 10 }, judge: { atLeast: 10 } },
        disagreements,
        width,
      ),
    },
    {
      ...{ name: 'rejected', title: 'Rejected' },
      table: resultOf(
        { ...texts('reason', 'field'), ...quantities('records'), ...texts('example', 'detail') },
        groups,
      ),
      lines: fittedTable(
        { reason: {}, field: { atLeast: 16 }, records: { kind: 'figure' } },
        groups,
        width,
        { note: ({ example, detail }) => `${example}: ${detail}` },
      ),
    },
    {
      ...{ name: 'added', title: 'Rows that a promotion would add to dimensions' },
      table: resultOf(texts('table', 'name'), added),
      lines: fittedTable({ table: {}, name: { atLeast: 16 } }, added, width),
    },
    {
      ...{ name: 'amounts', title: 'Amounts of the orders' },
      table: resultOf(
        { ...texts('event_type', 'currency', 'amount', 'from'), ...quantities('sum') },
        amounts,
      ),
      lines: fittedTable(
        {
          ...{ event_type: { title: 'type', keep: 1 }, currency: {}, amount: {} },
          ...{ from: { atLeast: 16 }, sum: { kind: 'figure' } },
        },
        amounts,
        width,
      ),
    },
    {
      ...{ name: 'totals', title: 'Orders whose amounts add up' },
      table: resultOf(
        {
          ...texts('event_type', 'currency', 'rule'),
          ...{ ...quantities('orders', 'add_up'), ...numbers('percent') },
        },
        totals,
      ),
      lines: fittedTable(
        {
          ...{ event_type: { title: 'type', keep: 1 }, currency: {}, rule: { atLeast: 20 } },
          ...{ orders: { kind: 'figure' }, add_up: { kind: 'figure' } },
          percent: { kind: 'percent', title: '%' },
        },
        totals,
        width,
      ),
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
      lines: fittedTable<Readonly<Record<(typeof ODD_COLUMNS)[number], string | null>>>(
        {
          ...{ place: PLACE, transaction_id: { title: 'order', atLeast: 8, keep: 5 } },
          ...{ subtotal: { kind: 'figure', keep: 4 }, tax: { kind: 'figure', keep: 3 } },
          ...{ shipping: { kind: 'figure', keep: 1 }, discount: { kind: 'figure', keep: 2 } },
          ...{ sum_of_parts: { kind: 'figure' }, total: { kind: 'figure' } },
        },
        oddTotals.map(oddRow),
        width,
      ),
    },
    {
      ...{ name: 'unmapped', title: 'Fields that the mapping does not read' },
      table: resultOf({ ...texts('field'), ...quantities('records') }, drift.unmapped),
      lines: unmappedLines(found, width),
    },
    {
      ...{ name: 'vanished', title: 'Fields of the mapping that no record has' },
      table: resultOf(texts('word', 'paths'), drift.vanished),
      lines: fittedTable({ word: {}, paths: { atLeast: 16 } }, drift.vanished, width),
    },
  ];
}

/** Where a record stands: of a long path the end, which has the line, or the offset. */
const PLACE: PageColumn<{ readonly place: string | null }> = {
  show: ({ place }) =>
    place !== null && place.length > PLACE_WIDTH
      ? `…${place.slice(1 - PLACE_WIDTH)}`
      : (place ?? ''),
};
const PLACE_WIDTH = 20;

/** As many records as a page has, where there are more. */
const FIRST_RECORDS = 10;

function recordsPart({ outcomes }: SourceTest, width: number, isShort: boolean): Part {
  const rows = outcomes.map(recordRow);
  const first = isShort ? rows.slice(0, FIRST_RECORDS) : rows;
  const more = rows.length - first.length;
  return {
    ...{ name: 'records', title: 'Records, and what each becomes' },
    table: resultOf(
      {
        ...texts('place', 'outcome', 'type', 'transaction_id', 'customer', 'status', 'ordered_at'),
        ...{ ...texts('currency'), ...quantities('total', 'lines') },
        ...texts('reason', 'field', 'detail'),
      },
      rows,
    ),
    lines: [
      ...fittedTable<RecordRow>(
        {
          ...{ place: PLACE, outcome: {}, type: { keep: 1 } },
          ...{ transaction_id: { title: 'order', atLeast: 6 }, status: { keep: 2 } },
          ...{ customer: { keep: 3, atLeast: 6 }, lines: { kind: 'figure', keep: 4 } },
          ...{ total: { kind: 'figure' }, currency: {} },
        },
        first,
        width,
        { note: ({ reason, field, detail }) => reason && because(reason, field, detail) },
      ),
      ...(more === 0 ? [] : [`${grouped(more)} more: --section records shows all of them`]),
    ],
  };
}

interface RecordRow {
  readonly place: string;
  readonly outcome: string;
  readonly type: string | null;
  readonly transaction_id: string | null;
  readonly customer: string | null;
  readonly status: string | null;
  readonly ordered_at: string | null;
  readonly currency: string | null;
  readonly total: string | null;
  readonly lines: number | null;
  readonly reason: string | null;
  readonly field: string | null;
  readonly detail: string | null;
}

function recordRow(outcome: PlacedOutcome): RecordRow {
  const { place, kind } = outcome;
  const transaction = outcome.kind === 'read' ? outcome.transaction : {};
  const of = (column: string): string | null => transaction[column] ?? null;
  const { reason, field, detail } =
    outcome.kind === 'rejected' ? outcome : { reason: null, field: null, detail: null };
  return {
    ...{
      place,
      outcome: kind === 'read' ? 'accepted' : kind,
      type: of('event_type'),
      transaction_id: of('transaction_id'),
    },
    ...{ customer: of('customer_id'), status: of('status'), ordered_at: of('ordered_at') },
    ...{ currency: of('currency'), total: of('order_total_amount') },
    lines: outcome.kind === 'read' ? outcome.items.length : null,
    ...{ reason, field, detail },
  };
}

function because(reason: string, field: string | null, detail: string | null): string {
  return [field === null ? reason : `${reason} ${field}`, detail].filter(Boolean).join(': ');
}

const ODD_COLUMNS = [
  ...(['place', 'transaction_id', 'subtotal', 'tax', 'shipping', 'discount'] as const),
  ...(['sum_of_parts', 'total'] as const),
] as const;
type OddRow = Readonly<Record<(typeof ODD_COLUMNS)[number], string | null>>;

function oddRow(row: SourceTest['oddTotals'][number]): OddRow {
  return Object.fromEntries(ODD_COLUMNS.map((name) => [name, row[name] ?? null])) as OddRow;
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

interface AmountRow {
  readonly event_type: string | null;
  readonly currency: string | null;
  readonly amount: string;
  readonly from: string;
  readonly sum: string | null;
}

/** An amount of orders, by the column of a sum and the contract's path. */
const AMOUNTS = [
  ['subtotal', 'order.subtotal'],
  ['tax', 'order.tax_amount'],
  ['shipping', 'order.shipping_amount'],
  ['discount', 'order.discount_amount'],
  ['total', 'order.total_amount'],
] as const;

function amountRows({ source, amounts }: SourceTest): AmountRow[] {
  return amounts.flatMap((sums) => {
    const of = (amount: string, from: string): AmountRow => ({
      ...{ event_type: sums['event_type'] ?? null, currency: sums['currency'] ?? null },
      ...{ amount, from, sum: sums[amount] ?? null },
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

interface TotalRow {
  readonly event_type: string | null;
  readonly currency: string | null;
  readonly rule: string;
  readonly orders: string | null;
  readonly add_up: string | null;
  readonly percent: string;
}

function totalRows({ amounts }: SourceTest): TotalRow[] {
  return amounts.flatMap((sums) => {
    const of = (rule: string, column: string): TotalRow => ({
      ...{ event_type: sums['event_type'] ?? null, currency: sums['currency'] ?? null, rule },
      ...{ orders: sums['orders'] ?? null, add_up: sums[column] ?? null },
      percent: percentOf(Number(sums[column]), Number(sums['orders'])),
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
