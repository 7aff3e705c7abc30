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

export interface Draft {
  /** The list of the order lines; undefined where none was found. */
  readonly lines: Path | undefined;
  readonly fields: readonly DraftedField[];
}

const MOST_CHOICES = 4;
const LONGEST_AMOUNT = 13;
/** More different values are no statuses. */
const MOST_STATUSES = 20;

export function draftOf(sample: Sample, isCsv: boolean): Draft {
  const found = match(sample, isCsv);
  return { lines: found.lines?.path, fields: [...orderFields(found), ...itemFields(found)] };
}

/** What a field of the sample makes of a draft. */
type RuleOf = Pick<DraftedField, 'rule'> & Partial<DraftedField>;

/** A field of which nothing is open, unless its rule says so. */
function fieldOf(section: DraftedField['section'], word: string, rule: RuleOf): DraftedField {
  return { section, word, remark: '', isOpen: false, choices: [], ...rule };
}

/** What stands for a field that nobody has found. */
function open(choices: DraftedField['choices'] = []): RuleOf {
  return { rule: UNKNOWN, isOpen: true, choices };
}

function choicesOf(
  fields: readonly SampleField[],
  fits: (field: SampleField) => boolean,
): DraftedField['choices'] {
  return fields
    .filter((field) => field.texts.length > 0 && fits(field))
    .slice(0, MOST_CHOICES)
    .map((field) => [showPath(field.path), exampleOf(field)] as const);
}

function orderFields({ fields, order, money }: Matches): DraftedField[] {
  const choices = (fits: (field: SampleField) => boolean = () => true): DraftedField['choices'] =>
    choicesOf(fields, fits);
  type OrderWord = keyof typeof order;
  const path = (field: SampleField): RuleOf => ({ rule: showPath(field.path) });
  const optional = (word: OrderWord, rule = path): DraftedField[] => {
    const field = order[word];
    return field === undefined
      ? []
      : [fieldOf('order', word, { remark: exampleOf(field), ...rule(field) })];
  };
  const draft = (word: OrderWord, rule = path, others = choices()): DraftedField[] =>
    order[word] === undefined ? [fieldOf('order', word, open(others))] : optional(word, rule);
  const isTime = (field: SampleField): boolean => timeOf(field) !== undefined;
  const isShort = ({ texts }: SampleField): boolean => texts.length <= MOST_STATUSES;
  return [
    ...draft('id'),
    ...draft('version_at', timeRule, choices(isTime)),
    ...optional('ordered_at', timeRule),
    ...draft('customer.id', path, choices(isShort)),
    ...guestField(order['customer.id']),
    ...optional('customer.country'),
    ...optional('customer.city'),
    ...draft('status', statusRule, [
      [{ value: 'completed' }, `of every order the same: ${STATUS_NAMES.join(', ')}`],
    ]),
    ...draft('payment_method', methodRule, [
      [{ value: 'credit card' }, `of every order the same: ${METHOD_NAMES.join(', ')}`],
    ]),
    ...draft('currency', currencyRule, [[{ value: 'EUR' }, 'of every order the same']]),
    ...moneyFields(money, choices(isMoney)),
    ...(money.isTaxInside && order.tax_included === undefined
      ? [
          fieldOf('order', 'tax_included', {
            rule: { value: 'true' },
            remark: 'the totals of the sample add up without the tax',
          }),
        ]
      : money.isFlagRight
        ? optional('tax_included')
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
  const rule = { path: showPath(customer.path), lookup, else: 'false', default: 'true' };
  return [fieldOf('order', 'customer.guest', { rule, remark: 'who has no id' })];
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
  const ruleOf = (word: string, part: DraftedPart | 'computed'): RuleOf => {
    if (part === 'computed') {
      const remark = word === 'total' ? 'from the other amounts' : 'from the lines';
      return { rule: 'computed', remark };
    }
    if (part === 'none') {
      return { rule: { value: '0' }, remark: 'the totals of the sample add up without it' };
    }
    if (word === 'discount' && money.isDiscountInside) {
      return { rule: { value: '0' }, remark: 'the prices are after it already' };
    }
    if (part === undefined) {
      return open([...choices, [{ value: '0' }, 'when no order has it']]);
    }
    const text = showPath(part.path);
    const isSum = part.path.includes(EACH);
    const words = {
      ...(part.isMinor ? { unit: 'minor' } : {}),
      ...(part.isAlways || isSum ? {} : { default: '0' }),
    };
    const isPlain = !isSum && Object.keys(words).length === 0;
    return {
      rule: isPlain ? text : { ...(isSum ? { sum: text } : { path: text }), ...words },
      remark: example(part.example),
    };
  };
  return (['subtotal', 'tax', 'shipping', 'discount', 'total'] as const).map((word) =>
    fieldOf('order', word, ruleOf(word, money[word])),
  );
}

function itemFields({ lines, items }: Matches): DraftedField[] {
  const numbers = choicesOf(
    lines?.fields ?? [],
    (field) => isMoney(field) && !field.path.includes(EACH),
  );
  const { ids, category, unit_price: price, quantity, cost } = items;
  const [id] = ids;
  const draft = (
    word: string,
    field: SampleField | undefined,
    missing: RuleOf,
    ruleOf: (path: string) => DraftedRule = (path) => path,
  ): DraftedField =>
    fieldOf(
      'items',
      word,
      field === undefined
        ? missing
        : { rule: ruleOf(showPath(field.path)), remark: exampleOf(field) },
    );
  const paths = ids.map((field) => showPath(field.path));
  const isWhole = quantity?.texts.every((text) => /^-?\d+(?:\.0+)?$/.test(text)) !== false;
  const unknown = { rule: { value: 'unknown' }, remark: 'no field of the sample says it' };
  return [
    draft('id', id, open(numbers), (path) => (paths.length === 1 ? path : paths)),
    draft('category', category, unknown, (path) => ({ path, default: 'unknown' })),
    draft('unit_price', price, open(numbers)),
    draft(
      'quantity',
      quantity,
      open([...numbers, [{ value: '1' }, 'of every line one']]),
      (path) => (isWhole ? path : { path, decimals: '3' }),
    ),
    ...(cost === undefined ? [] : [draft('cost', cost, open())]),
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
