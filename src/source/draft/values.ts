import { toUtcTimestamp } from '../../event/timestamp.ts';
import { amountOf } from '../amount.ts';
import { isoOf, parseTimeFormat } from '../time-form.ts';
import { plainName, type SampleField } from './sample.ts';

export interface DraftedTime {
  /** Undefined: ISO 8601. */
  readonly format: string | undefined;
  /** Another format that reads them as well: days that may be months. */
  readonly other: string | undefined;
  readonly hasZone: boolean;
}

const EPOCHS = new Map([
  [10, 'epoch_s'],
  [13, 'epoch_ms'],
  [16, 'epoch_us'],
  [19, 'epoch_ns'],
]);
const CLOCKS = ['', ' %H:%M', ' %H:%M:%S', ' %H:%M:%S.%f'];
const PATTERNS = [
  ...['%Y-%m-%d', '%Y-%m-%d %H:%M:%S UTC', '%Y%m%d%H%M%S', '%Y%m%d'],
  ...['%Y/%m/%d', '%m/%d/%Y', '%d/%m/%Y', '%d.%m.%Y', '%d-%m-%Y', '%Y.%m.%d'].flatMap((day) =>
    CLOCKS.map((clock) => day + clock),
  ),
];

/** How some times are written; undefined where they are none, or are written in several ways. */
export function timeOf({ texts }: SampleField): DraftedTime | undefined {
  if (texts.length === 0) {
    return undefined;
  }
  if (texts.every((text) => toUtcTimestamp(text) !== undefined)) {
    const hasZone = texts.every((text) => /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text.slice(11)));
    return { format: undefined, other: undefined, hasZone };
  }
  const lengths = new Set(texts.map((text) => (/^\d+$/.test(text) ? text.length : 0)));
  const [length = 0] = lengths;
  const epoch = lengths.size === 1 ? EPOCHS.get(length) : undefined;
  if (epoch !== undefined) {
    return { format: epoch, other: undefined, hasZone: true };
  }
  const [format, other] = PATTERNS.filter((pattern) => texts.every((text) => reads(pattern, text)));
  return format === undefined ? undefined : { format, other, hasZone: format.endsWith('UTC') };
}

function reads(pattern: string, text: string): boolean {
  const form = parseTimeFormat(pattern);
  const iso = form && isoOf(text, { ...form, zone: undefined });
  return iso !== undefined && toUtcTimestamp(iso) !== undefined;
}

/** Whether a field holds amounts, all of them plain. */
export function isNumeric({ texts, kind }: SampleField): boolean {
  return texts.length > 0 && kind !== 'boolean' && texts.every((text) => amountOf(text));
}

export function isFlag({ texts }: SampleField): boolean {
  return texts.length > 0 && texts.every((text) => text === 'true' || text === 'false');
}

/** What producers call the states of an order, by the rows of silver.dim_order_status. */
const STATUSES: Readonly<Record<string, string>> = {
  placed: `placed new open pending created received paid authorized authorised confirmed accepted approved onhold
    partiallypaid unfulfilled unpaid`,
  to_ship:
    'toship processing readytoship ready packed awaitingshipment awaitingfulfillment inprogress preparing',
  shipped: 'shipped sent dispatched intransit fulfilled partiallyshipped outfordelivery',
  completed: 'completed complete delivered done closed finished success successful succeeded',
  returned: 'returned refunded chargedback',
  cancelled: 'cancelled canceled voided void failed rejected declined expired trash abandoned',
};
/** What producers call ways to pay, by the rows of silver.dim_payment_method. */
const METHODS: Readonly<Record<string, RegExp>> = {
  paypal: /paypal/,
  cash: /cash|^cod$|^bar$/,
  'credit card': /card|visa|mastercard|maestro|amex|americanexpress|stripe|shopifypayments|^cc$/,
};

/** What a status means; undefined where the name does not say. */
export function meantStatus(text: string): string | undefined {
  const name = plainName(text);
  return Object.keys(STATUSES).find((status) => STATUSES[status]?.split(/\s+/).includes(name));
}

export function meantMethod(text: string): string | undefined {
  const name = plainName(text);
  return Object.keys(METHODS).find((method) => METHODS[method]?.test(name));
}

/** Names of the rows themselves: no lookup is needed for them. */
export const STATUS_NAMES: readonly string[] = Object.keys(STATUSES);
export const METHOD_NAMES: readonly string[] = Object.keys(METHODS);
