import type { References } from '../event/references.ts';

/**
 * A source: how a producer's records are mapped to the event of the contract. Read from sources/<name>.yaml by read.ts;
 * plan.ts maps one record at a time by it, for the judge.
 */
export interface Source {
  readonly name: string;
  /** Its file, as people call it. */
  readonly file: string;
  readonly description: string;
  /** It stands in the place of the package's source of that name. */
  readonly replaces: boolean;
  readonly topics: readonly string[];
  /** Of what its file says, comments left out: another hash is another mapping. */
  readonly hash: string;
  readonly csv: CsvForm | undefined;
  /** What a record must meet, all of it; one that does not is skipped. */
  readonly where: readonly Condition[];
  readonly drop: readonly Path[];
  /** By the contract's path: "order.tax_amount"; what the contract has no field for by "extra.channel". */
  readonly order: ReadonlyMap<string, Rule>;
  readonly lines: Path;
  /** By the contract's name: "unit_price". */
  readonly items: ReadonlyMap<string, Rule>;
}

export type Sources = ReadonlyMap<string, Source>;

/** A file of CSV, whose adjacent rows of one order are one record: {"<groupBy>": .., "rows": [{"<column>": ..}]}. */
export interface CsvForm {
  /** One character of ASCII. */
  readonly delimiter: string;
  /** Of a file without a byte order mark, as the WHATWG names it. */
  readonly encoding: string;
  /** The names of the columns; true: they stand in the first row. */
  readonly header: true | readonly string[];
  /** The column by which rows belong together. */
  readonly groupBy: string;
  /** Columns of numbers that are written with a decimal comma. */
  readonly decimalComma: ReadonlySet<string>;
}

/** The member of a record that holds its rows; of one that cannot be read, those that say why and hold its lines. */
export const ROWS = 'rows';
export const REJECTED = 'rejected';
export const LINES = 'lines';

/** One step of a path: a member, an element counted from 0, or every element. */
export type Step = string | number | typeof EACH;
export const EACH = Symbol('each element');
export type Path = readonly Step[];

/** What a record has to hold at a path. A value that is null, blank or not there is the text ''. */
export interface Condition {
  readonly path: Path;
  /** Whether the value must be none of the texts. */
  readonly isNegated: boolean;
  /** Whether * in the texts stands for any characters. */
  readonly isPattern: boolean;
  readonly texts: readonly string[];
}

export interface Rule {
  /** The first of these that is there counts. */
  readonly paths: readonly Path[];
  /** The amounts at this path are added up; it goes through a list. */
  readonly sum: Path | undefined;
  /** What every record has. */
  readonly value: string | undefined;
  /** What a record has that holds none. */
  readonly fallback: string | undefined;
  readonly lookup: ReadonlyMap<string, string> | undefined;
  /** What stands for a value that the lookup does not hold; without it the event is rejected. */
  readonly otherwise: string | undefined;
  /** A value that the dimension does not hold becomes a row of it. */
  readonly addsNew: boolean;
  /** The amount is that of the whole line; the contract's is of one unit. */
  readonly perLine: boolean;
  /** The amount is in cents, or what the currency has in their place. */
  readonly isMinor: boolean;
  /** The quantity may have 3 decimals, as of goods by weight. */
  readonly isFractional: boolean;
  /** Worked out of other fields: subtotal and total. */
  readonly isComputed: boolean;
  readonly time: TimeForm | undefined;
}

export function pathsOf({ paths, sum }: Rule): readonly Path[] {
  return sum === undefined ? paths : [...paths, sum];
}

/** The place of every element of the order lines in a record. */
export function itemPath({ lines }: Pick<Source, 'lines'>, path: Path): Path {
  return [...lines, EACH, ...path];
}

export interface TimeForm {
  /** Seconds, thousandths and so on since 1970; else `pattern` is how the time is written. */
  readonly epochDigits: 0 | 3 | 6 | 9 | undefined;
  /** Undefined: ISO 8601. */
  readonly pattern: TimePattern | undefined;
  /** IANA zone of times that name none. */
  readonly zone: string | undefined;
}

/** A way to write times, as a regular expression. */
export interface TimePattern {
  readonly expression: string;
  /** The group of each part; parts without one are 0, or 1 for month and day. */
  readonly groups: Readonly<Partial<Record<TimePart, number>>>;
}
export type TimePart = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction';

export type Kind =
  'id' | 'text' | 'version' | 'time' | 'amount' | 'quantity' | 'rate' | 'flag' | 'reference';

/** A field of the contract, by the word that a source calls it. */
export interface Field {
  readonly word: string;
  /** Below transaction_details, or below an item. */
  readonly path: string;
  readonly kind: Kind;
  /** What it is where the source says nothing about it; `required`: the source must. */
  readonly unsaid: 'required' | 'absent' | { readonly value: string };
  /** Of a reference. */
  readonly dimension?: keyof References;
}

/** The event_version of a record that has none: the form of the contract. */
const MAPPED_VERSION = '1.0';
const ABSENT = 'absent';
const REQUIRED = 'required';

export const ORDER_FIELDS: readonly Field[] = [
  { word: 'id', path: 'transaction_id', kind: 'id', unsaid: REQUIRED },
  { word: 'type', path: 'event_type', kind: 'text', unsaid: { value: 'purchase' } },
  { word: 'version', path: 'event_version', kind: 'version', unsaid: { value: MAPPED_VERSION } },
  { word: 'version_at', path: 'event_timestamp', kind: 'time', unsaid: REQUIRED },
  { word: 'ordered_at', path: 'ordered_at', kind: 'time', unsaid: ABSENT },
  { word: 'refunds', path: 'refunds', kind: 'id', unsaid: ABSENT },
  { word: 'customer.guest', path: 'customer.guest', kind: 'flag', unsaid: ABSENT },
  { word: 'customer.id', path: 'customer.id', kind: 'id', unsaid: REQUIRED },
  { word: 'customer.type', path: 'customer.type', kind: 'text', unsaid: ABSENT },
  { word: 'customer.country', path: 'customer.country', kind: 'text', unsaid: ABSENT },
  { word: 'customer.city', path: 'customer.city', kind: 'text', unsaid: ABSENT },
  {
    ...{ word: 'status', path: 'order.status', kind: 'reference', unsaid: REQUIRED },
    dimension: 'statuses',
  },
  {
    ...{ word: 'payment_method', path: 'order.payment_method', kind: 'reference' },
    ...{ unsaid: REQUIRED, dimension: 'paymentMethods' },
  },
  {
    ...{ word: 'currency', path: 'order.currency', kind: 'reference', unsaid: REQUIRED },
    dimension: 'currencies',
  },
  { word: 'subtotal', path: 'order.subtotal', kind: 'amount', unsaid: REQUIRED },
  { word: 'tax', path: 'order.tax_amount', kind: 'amount', unsaid: REQUIRED },
  { word: 'shipping', path: 'order.shipping_amount', kind: 'amount', unsaid: REQUIRED },
  { word: 'discount', path: 'order.discount_amount', kind: 'amount', unsaid: REQUIRED },
  { word: 'total', path: 'order.total_amount', kind: 'amount', unsaid: REQUIRED },
  { word: 'tax_included', path: 'order.tax_included', kind: 'flag', unsaid: ABSENT },
  { word: 'exchange_rate', path: 'order.exchange_rate', kind: 'rate', unsaid: ABSENT },
];

export const ITEM_FIELDS: readonly Field[] = [
  { word: 'id', path: 'id', kind: 'id', unsaid: REQUIRED },
  { word: 'category', path: 'category', kind: 'text', unsaid: REQUIRED },
  { word: 'unit_price', path: 'unit_price', kind: 'amount', unsaid: REQUIRED },
  { word: 'quantity', path: 'quantity', kind: 'quantity', unsaid: REQUIRED },
  { word: 'discount', path: 'discount', kind: 'amount', unsaid: ABSENT },
  { word: 'cost', path: 'cost', kind: 'amount', unsaid: ABSENT },
];

export function extraField(name: string): Field {
  return { word: name, path: `extra.${name}`, kind: 'text', unsaid: ABSENT };
}

/** What a source keeps beyond the contract, in the order of the names. */
export function extraFields({ order }: Pick<Source, 'order'>): Field[] {
  return [...order.keys()]
    .filter((path) => path.startsWith('extra.'))
    .sort()
    .map((path) => extraField(path.slice('extra.'.length)));
}

/** Currencies that have no cents, or thousandths in their place (ISO 4217). */
export const MINOR_DIGITS: ReadonlyMap<string, 0 | 3> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
]);
