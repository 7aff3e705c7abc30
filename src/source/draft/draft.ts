import { EACH, type Path } from '../mapping.ts';
import { showPath } from '../path.ts';
import { UNKNOWN } from '../unfinished.ts';
import { match, type Matches } from './match.ts';
import type { DraftedMoney, DraftedPart } from './money.ts';
import { isPersonal } from './names.ts';
import type { Sample, SampleField } from './sample.ts';
import {
  isNumeric,
  meantMethod,
  meantStatus,
  METHOD_NAMES,
  STATUS_NAMES,
  timeOf,
} from './values.ts';
import { example, type DraftedRule } from './yaml.ts';

/** A field of the contract in a draft. */
export interface DraftedField {
  readonly section: 'order' | 'items';
  /** As the grammar has it: customer.id. */
  readonly word: string;
  readonly rule: DraftedRule;
  /** A value of the sample, or why the rule is this one. */
  readonly remark: string;
  /** Somebody has to decide. */
  readonly isOpen: boolean;
  /** Other rules that it may have, each with a remark, for comments. */
  readonly choices: readonly (readonly [rule: DraftedRule, remark: string])[];
}

/** A mapping that is drafted from a sample. */
export interface Draft {
  /** The list of the order lines; undefined where none was found. */
  readonly lines: Path | undefined;
  readonly fields: readonly DraftedField[];
}

const ORDER = { section: 'order' } as const;
const MOST_CHOICES = 4;
const LONGEST_AMOUNT = 13;
/** More different values are no statuses. */
const MOST_STATUSES = 20;

/** Drafts a mapping from a sample. */
export function draftOf(sample: Sample, isCsv: boolean): Draft {
  const found = match(sample, isCsv);
  return { lines: found.lines?.path, fields: [...orderFields(found), ...itemFields(found)] };
}

/** What a field of the sample makes of a draft. */
type RuleOf = Pick<DraftedField, 'rule'> & Partial<DraftedField>;

function orderFields({ fields, order, money }: Matches): DraftedField[] {
  const choices = (fits: (field: SampleField) => boolean): DraftedField['choices'] =>
    fields
      .filter((field) => field.texts.length > 0 && fits(field))
      .slice(0, MOST_CHOICES)
      .map((field) => [showPath(field.path), exampleOf(field)] as const);
  const draft = (
    word: string,
    field: SampleField | undefined,
    rule: (field: SampleField) => RuleOf,
    open: DraftedField['choices'],
  ): DraftedField => ({
    ...{ section: 'order', word, isOpen: field === undefined, choices: field ? [] : open },
    ...(field === undefined
      ? { rule: UNKNOWN, remark: '' }
      : { remark: exampleOf(field), ...rule(field) }),
  });
  const path = (field: SampleField): { readonly rule: string } => ({ rule: showPath(field.path) });
  const optional = (word: string, field: SampleField | undefined, rule = path): DraftedField[] =>
    field === undefined ? [] : [draft(word, field, rule, [])];
  const {
    id,
    version_at: version,
    ordered_at: ordered,
    status,
    currency,
    tax_included: flag,
  } = order;
  const { 'customer.id': customer, payment_method: method } = order;
  const isTime = (field: SampleField): boolean => timeOf(field) !== undefined;
  const isShort = ({ texts }: SampleField): boolean => texts.length <= MOST_STATUSES;
  return [
    draft(
      'id',
      id,
      path,
      choices(() => true),
    ),
    draft('version_at', version, timeRule, choices(isTime)),
    ...(ordered === undefined ? [] : [draft('ordered_at', ordered, timeRule, [])]),
    draft('customer.id', customer, path, choices(isShort)),
    ...guestField(customer),
    ...optional('customer.country', order['customer.country']),
    ...optional('customer.city', order['customer.city']),
    draft('status', status, statusRule, [
      [{ value: 'completed' }, `of every order the same: ${STATUS_NAMES.join(', ')}`],
    ]),
    draft('payment_method', method, methodRule, [
      [{ value: 'credit card' }, `of every order the same: ${METHOD_NAMES.join(', ')}`],
    ]),
    draft('currency', currency, currencyRule, [[{ value: 'EUR' }, 'of every order the same']]),
    ...moneyFields(money, choices(isMoney)),
    ...(money.isTaxInside && flag === undefined
      ? [
          {
            ...draft('tax_included', undefined, path, []),
            ...{ rule: { value: 'true' }, isOpen: false },
            remark: 'the totals of the sample add up without the tax',
          },
        ]
      : money.isFlagRight
        ? optional('tax_included', flag)
        : []),
  ];
}

function timeRule(field: SampleField): RuleOf {
  const { format, other, hasZone } = timeOf(field) ?? {};
  const path = showPath(field.path);
  const zone =
    hasZone === true || /(?:gmt|utc)$/.test(field.names.at(-1) ?? '')
      ? ''
      : '; UTC, unless you add zone: Europe/Berlin';
  const doubt = other === undefined ? '' : `; or is it ${other}?`;
  return {
    rule: format === undefined ? path : { path, format },
    remark: `${exampleOf(field)}${doubt}${zone}`,
    isOpen: false,
  };
}

/** Who has no id, or the id 0, is a guest, where the sample has such orders. */
function guestField(customer: SampleField | undefined): DraftedField[] {
  if (customer === undefined || (customer.isAlways && !customer.texts.includes('0'))) {
    return [];
  }
  const lookup: Readonly<Record<string, string>> = customer.texts.includes('0')
    ? { 0: 'true' }
    : {};
  return [
    {
      ...{ section: 'order', word: 'customer.guest', remark: 'who has no id', isOpen: false },
      rule: { path: showPath(customer.path), lookup, else: 'false', default: 'true' },
      choices: [],
    },
  ];
}

/** States by what they mean; what nobody can tell is open, and so is what stands for one that is not there. */
function statusRule(field: SampleField): RuleOf {
  const path = showPath(field.path);
  const missing: Readonly<Record<string, string>> = field.isAlways ? {} : { default: UNKNOWN };
  if (field.texts.every((text) => STATUS_NAMES.includes(text.toLowerCase()))) {
    const rule = field.isAlways ? path : { path, ...missing };
    return { rule, isOpen: !field.isAlways, remark: field.texts.map(example).join(', ') };
  }
  const texts = field.texts.slice(0, MOST_STATUSES);
  const lookup = Object.fromEntries(texts.map((text) => [text, meantStatus(text) ?? UNKNOWN]));
  const isOpen = !field.isAlways || Object.values(lookup).includes(UNKNOWN);
  return {
    rule: { path, lookup, ...missing },
    remark: isOpen
      ? `${UNKNOWN} is one of ${STATUS_NAMES.join(', ')}`
      : 'what is not here is rejected',
    isOpen,
  };
}

/** Ways to pay by what they mean; any other one is added to the dimension. */
function methodRule(field: SampleField): RuleOf {
  const path = showPath(field.path);
  const meant = field.texts
    .slice(0, MOST_STATUSES)
    .map((text) => [text, meantMethod(text)] as const)
    .filter((pair): pair is [string, string] => pair[1] !== undefined);
  const needsLookup = meant.some(([text, method]) => text.toLowerCase() !== method);
  return {
    rule: {
      ...{ path, ...(needsLookup ? { lookup: Object.fromEntries(meant) } : {}) },
      ...(field.isAlways ? {} : { default: 'unknown' }),
      new: 'add',
    },
    remark: field.texts.slice(0, MOST_CHOICES).map(example).join(', '),
  };
}

function currencyRule(field: SampleField): RuleOf {
  const remark = field.texts.slice(0, MOST_CHOICES).map(example).join(', ');
  const missing: Readonly<Record<string, string>> = field.isAlways ? {} : { default: UNKNOWN };
  return {
    rule: { path: showPath(field.path), ...missing, new: 'add' },
    ...{ remark, isOpen: !field.isAlways },
  };
}

function moneyFields(money: DraftedMoney, choices: DraftedField['choices']): DraftedField[] {
  const field = (word: string, part: DraftedPart | 'computed'): DraftedField => {
    const base = { ...ORDER, word, isOpen: false, choices: [] };
    if (part === 'computed') {
      const remark = word === 'total' ? 'from the other amounts' : 'from the lines';
      return { ...base, rule: 'computed', remark };
    }
    if (part === 'none') {
      return {
        ...base,
        rule: { value: '0' },
        remark: 'the totals of the sample add up without it',
      };
    }
    if (word === 'discount' && money.isDiscountInside) {
      return { ...base, rule: { value: '0' }, remark: 'the prices are after it already' };
    }
    if (part === undefined) {
      return {
        ...{ ...base, rule: UNKNOWN, remark: '', isOpen: true },
        choices: [...choices, [{ value: '0' }, 'of no order any']],
      };
    }
    const { path, isMinor, isAlways } = part;
    const text = showPath(path);
    const isSum = path.includes(EACH);
    const words = {
      ...(isMinor ? { unit: 'minor' } : {}),
      ...(isAlways || isSum ? {} : { default: '0' }),
    };
    const isPlain = !isSum && Object.keys(words).length === 0;
    return {
      ...base,
      rule: isPlain ? text : { ...(isSum ? { sum: text } : { path: text }), ...words },
      remark: example(part.example),
    };
  };
  return [
    ...[field('subtotal', money.subtotal), field('tax', money.tax)],
    ...[field('shipping', money.shipping), field('discount', money.discount)],
    field('total', money.total),
  ];
}

function itemFields({ lines, items }: Matches): DraftedField[] {
  const numbers = (lines?.fields ?? [])
    .filter((field) => isMoney(field) && !field.path.includes(EACH))
    .slice(0, MOST_CHOICES)
    .map((field) => [showPath(field.path), exampleOf(field)] as const);
  const open = (word: string, choices: DraftedField['choices']): DraftedField => ({
    ...{ section: 'items', word, rule: UNKNOWN, remark: '', isOpen: true, choices },
  });
  const base = (word: string, field: SampleField, rule: DraftedRule): DraftedField => ({
    ...{ section: 'items', word, rule, remark: exampleOf(field), isOpen: false, choices: [] },
  });
  const { ids, category, unit_price: price, quantity, cost } = items;
  const [id] = ids;
  const paths = ids.map((field) => showPath(field.path));
  const money = (field: SampleField): DraftedRule => showPath(field.path);
  const isWhole = quantity?.texts.every((text) => /^-?\d+(?:\.0+)?$/.test(text)) !== false;
  return [
    id === undefined
      ? open('id', numbers)
      : base('id', id, paths.length === 1 ? (paths[0] ?? '') : paths),
    category === undefined
      ? {
          ...open('category', []),
          ...{
            rule: { value: 'unknown' },
            isOpen: false,
            remark: 'no field of the sample says it',
          },
        }
      : base('category', category, { path: showPath(category.path), default: 'unknown' }),
    price === undefined ? open('unit_price', numbers) : base('unit_price', price, money(price)),
    quantity === undefined
      ? open('quantity', [...numbers, [{ value: '1' }, 'of every line one']])
      : base(
          'quantity',
          quantity,
          isWhole ? showPath(quantity.path) : { path: showPath(quantity.path), decimals: '3' },
        ),
    ...(cost === undefined ? [] : [base('cost', cost, money(cost))]),
  ];
}

/** Whether a field may be an amount: neither an id nor a time. */
function isMoney(field: SampleField): boolean {
  return (
    isNumeric(field) &&
    timeOf(field) === undefined &&
    !/(?:id|number|count)$/.test(field.names.at(-1) ?? '') &&
    field.texts.every((text) => text.length <= LONGEST_AMOUNT)
  );
}

/** A value that a field has in the sample; of one that identifies a person none. */
export function exampleOf(field: Pick<SampleField, 'names' | 'texts'>): string {
  const [text = ''] = field.texts;
  return isPersonal(field) ? 'not shown' : example(text);
}
