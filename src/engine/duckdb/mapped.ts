import { nameKey, type Dimension, type References } from '../../event/references.ts';
import {
  EACH,
  ITEM_FIELDS,
  MAPPED_VERSION,
  MINOR_DIGITS,
  ORDER_FIELDS,
  REJECTED,
  type Field,
  type Path,
  type Rule,
  type Source,
  type TimeForm,
  type TimePart,
} from '../../source/mapping.ts';
import { sqlFile, statement } from '../../sql-file.ts';
import { RecordStructure, valueAt } from './record-structure.ts';
import { doubleQuoted, singleQuoted } from './sql.ts';

/**
 * A mapping as a select with the columns and types of sql/source/parsed.sql: what src/source/plan.ts does to one record, for a
 * batch of them. An event is the one that plan.ts and the judge make of the record, or it is null or has no value where one is
 * required: then it is doubtful, and theirs. The macros of sql/source/mapping.sql say what is plain.
 */
export function mappedSelect(source: Source, references: References): string {
  return new MappedSelect(source, references).text();
}

/** The expression of what a record, or one order line, has at a path. */
type ValueAt = (path: Path) => string;

const AMOUNT = 'decimal(18, 4)';
/** Beyond what any event may have: stands for an amount that is there and not plain. */
const UNFIT = `cast(99999999999999 as ${AMOUNT})`;
const NO_TEXT = 'cast(null as varchar)';

class MappedSelect {
  readonly #source: Source;
  readonly #references: References;
  readonly #structure = new RecordStructure();

  constructor(source: Source, references: References) {
    this.#source = source;
    this.#references = references;
  }

  text(): string {
    const record: ValueAt = (path) => valueAt(this.#structure.add(path), path);
    const sent = ORDER_FIELDS.flatMap(({ path }) => {
      const rule = this.#source.order.get(path);
      return rule === undefined || rule.isComputed
        ? []
        : [named(sentOf(rule, record), sentColumn(path))];
    });
    const lines = this.#lines();
    const isOfSource = this.#isOfSource(record);
    const meant = ORDER_FIELDS.map((field) => {
      const rule = this.#source.order.get(field.path);
      return named(this.#meant(field, rule, sentColumn(field.path)), meantColumn(field.path));
    });
    return statement('source/mapped', {
      raw: sqlFile('source/records'),
      records: this.#structure.columns('case when is_plain then value end').join(', '),
      is_of_source: isOfSource,
      sent: sent.join(', '),
      minor_share: this.#minorShare(),
      meant: meant.join(', '),
      lines,
      event: this.#event(),
    });
  }

  /** Whether a record is plainly one of its source: what `where` leaves out, and rows of CSV that are no order, are not. */
  #isOfSource(record: ValueAt): string {
    const { csv, where } = this.#source;
    const conditions = where.map(({ path, isNegated, isPattern, texts }) => {
      const value = record(path);
      const text = `coalesce(${value}, '')`;
      const isOne = texts.map((wanted) =>
        isPattern
          ? `regexp_full_match(${text}, ${literal(expressionOf(wanted))})`
          : `${text} = ${literal(wanted)}`,
      );
      return `coalesce(not is_odd_text(${value}), true) and ${isNegated ? 'not ' : ''}(${[...isOne, 'false'].join(' or ')})`;
    });
    const isOrder = csv === undefined ? [] : [`${record([REJECTED])} is null`];
    return [...conditions, ...isOrder, 'true'].join(' and ');
  }

  /** The order lines with what is meant by their fields, and, where the subtotal is computed, what each comes to. */
  #lines(): string {
    const { lines: list, items } = this.#source;
    let main: string | undefined;
    const line: ValueAt = (path) => {
      const column = this.#structure.add([...list, EACH, ...path]);
      main ??= column;
      return valueAt(column === main ? 'line' : `${valueAt(column, list)}[line_no]`, path);
    };
    const rules = ITEM_FIELDS.map((field) => ({ field, rule: items.get(field.path) }));
    const sent = rules.flatMap(({ field, rule }) =>
      rule === undefined ? [] : [`${doubleQuoted(field.path)} := ${sentOf(rule, line)}`],
    );
    main ??= this.#structure.add([...list, EACH]);
    const sentLines = `list_transform(${valueAt(main, list)}, lambda line, line_no: struct_pack(${sent.join(', ')}))`;
    const members = rules.map(
      ({ field, rule }) => `${doubleQuoted(field.path)} := ${this.#itemMember(field, rule)}`,
    );
    const amount = this.#isSummed() ? [`amount := ${this.#lineAmount()}`] : [];
    return `list_transform(${sentLines}, lambda line: struct_pack(${[...members, ...amount].join(', ')}))`;
  }

  #itemMember(field: Field, rule: Rule | undefined): string {
    const sent = sentMember(field.path);
    if (field.kind !== 'amount') {
      const meant = this.#meant(field, rule, sent);
      return field.path === 'id' ? `case when ${this.#isLine()} then ${meant} end` : meant;
    }
    if (rule === undefined) {
      return `cast(null as ${AMOUNT})`;
    }
    const whole = this.#amount(rule, sent);
    const share = rule.perLine ? `unit_share(${whole}, ${this.#quantity()})` : whole;
    const isPositive = field.path !== 'discount';
    const fit = (amount: string): string => {
      const positive = isPositive ? `not_negative(${amount})` : amount;
      return field.unsaid === 'absent' ? `coalesce(${positive}, ${UNFIT})` : positive;
    };
    const missing = isBlank(rule.fallback)
      ? `cast(null as ${AMOUNT})`
      : fit(`plain_amount(${literal(rule.fallback)})`);
    return `case when ${sent} is null then ${missing} else ${fit(share)} end`;
  }

  /** Whether an element of the list is an object: of one that is none each value is null. */
  #isLine(): string {
    const rules = [...this.#source.items];
    const required = ITEM_FIELDS.filter(({ unsaid }) => unsaid === 'required');
    const isShown = required.some(({ path }) => {
      const rule = this.#source.items.get(path);
      return rule?.value === undefined && rule?.fallback === undefined;
    });
    const found = rules.filter(([, { value }]) => value === undefined);
    return isShown || found.length === 0
      ? String(isShown)
      : `(${found.map(([path]) => `${sentMember(path)} is not null`).join(' or ')})`;
  }

  #quantity(): string {
    const field = ITEM_FIELDS.find(({ path }) => path === 'quantity');
    return field === undefined
      ? 'null'
      : this.#meant(field, this.#source.items.get('quantity'), sentMember('quantity'));
  }

  #isSummed(): boolean {
    return this.#source.order.get('order.subtotal')?.isComputed === true;
  }

  /** What a line comes to; null only where its price or its quantity is. */
  #lineAmount(): string {
    const rule = this.#source.items.get('unit_price');
    if (rule === undefined) {
      return `cast(null as ${AMOUNT})`;
    }
    const sent = sentMember('unit_price');
    const quantity = this.#quantity();
    const price = this.#amount(rule, sent);
    const found = rule.perLine ? price : `${price} * ${quantity}`;
    return rule.fallback === undefined
      ? found
      : `case when ${sent} is null then plain_amount(${literal(rule.fallback)}) * ${quantity} else ${found} end`;
  }

  /** What one unit of an amount in minor units is worth: 0.01 of cents. */
  #minorShare(): string {
    const rules = [...this.#source.order.values(), ...this.#source.items.values()];
    const rule = this.#source.order.get('order.currency');
    if (rule === undefined || !rules.some(({ isMinor }) => isMinor)) {
      return '0.01';
    }
    const share = (code: string | undefined): string => {
      const digits = MINOR_DIGITS.get((code ?? '').trim().toUpperCase()) ?? 2;
      return digits === 0 ? '1.000' : digits === 3 ? '0.001' : '0.010';
    };
    const sent = sentColumn('order.currency');
    const found =
      rule.lookup === undefined
        ? cases(
            `upper(${sent})`,
            [...MINOR_DIGITS.keys()].map((code) => [code, share(code)]),
            share(undefined),
          )
        : cases(
            sent,
            [...rule.lookup].map(([text, code]) => [text, share(code)]),
            share(rule.otherwise),
          );
    return `case when ${sent} is null then ${share(rule.fallback)} else ${found} end`;
  }

  /** What is meant by what was sent for a field; null where it is missing or not plain. */
  #meant(field: Field, rule: Rule | undefined, sent: string): string {
    if (rule === undefined) {
      return typeof field.unsaid === 'object' ? literal(field.unsaid.value) : nothing(field);
    }
    if (rule.isComputed) {
      return nothing(field);
    }
    const fallback =
      rule.fallback === undefined ? nothing(field) : this.#constant(field, rule, rule.fallback);
    return `case when ${sent} is null then ${fallback} else ${this.#plain(field, rule, sent)} end`;
  }

  #plain(field: Field, rule: Rule, sent: string): string {
    const { lookup, otherwise, value } = rule;
    if (value !== undefined && field.kind !== 'time' && field.kind !== 'amount') {
      const text = lookup === undefined ? value : (lookup.get(value) ?? otherwise);
      return text === undefined ? nothing(field) : this.#constant(field, rule, text);
    }
    if (lookup !== undefined) {
      return cases(
        `plain_text(${sent})`,
        [...lookup].map(([text, meaning]) => [text, this.#constant(field, rule, meaning)]),
        otherwise === undefined
          ? nothing(field)
          : `case when not is_odd_text(${sent}) then ${this.#constant(field, rule, otherwise)} end`,
      );
    }
    switch (field.kind) {
      case 'id':
        return `plain_id(${sent})`;
      case 'text':
        return `plain_text(${sent})`;
      case 'time':
        return rule.time === undefined ? sent : timeOf(sent, rule.time);
      case 'amount':
        return this.#amount(rule, sent);
      case 'quantity':
        return quantityOf(rule, sent);
      case 'rate':
        return `plain_rate(${sent})`;
      case 'flag':
        return `plain_flag(${sent})`;
      case 'reference':
        return this.#reference(field, sent);
    }
  }

  /** What a text of the mapping itself means in a field. */
  #constant(field: Field, rule: Rule, text: string): string {
    if (isBlank(text)) {
      return nothing(field);
    }
    switch (field.kind) {
      case 'id':
        return literal(text.trim());
      case 'text':
      case 'time':
        return literal(text);
      case 'amount':
        return `plain_amount(${literal(text)})`;
      case 'quantity':
        return quantityOf(rule, literal(text));
      case 'rate':
        return `plain_rate(${literal(text)})`;
      case 'flag':
        return `plain_flag(${literal(text)})`;
      case 'reference': {
        const key = nameKey(text);
        const id = this.#dimension(field).byName.get(key);
        return id === undefined ? rowByNumber(literal(key)) : String(id);
      }
    }
  }

  /** The id of a row by its name, its code or its number; whether there is such a number is seen later. */
  #reference(field: Field, sent: string): string {
    const names = [...this.#dimension(field).byName];
    return cases(
      `plain_name(${sent})`,
      names.map(([name, id]) => [name, String(id)]),
      rowByNumber(sent),
    );
  }

  #dimension({ dimension = 'statuses' }: Field): Dimension {
    return this.#references[dimension];
  }

  /** The amount that was sent, for a whole line if the rule says so. */
  #amount(rule: Rule, sent: string): string {
    const amount =
      rule.sum === undefined
        ? `plain_amount(${sent})`
        : `try_cast(coalesce(list_sum(list_transform(${sent}, lambda sent: summand(sent))), 0) as ${AMOUNT})`;
    return rule.isMinor ? `scaled_amount(${amount}, minor_share)` : amount;
  }

  /** The event of a record, as parsed.sql has it; null where an optional field is there and not plain. */
  #event(): string {
    const subtotal = this.#isSummed()
      ? 'exact_amount(list_sum(list_transform(lines, lambda line: line.amount)))'
      : meantColumn('order.subtotal');
    const isTaxIncluded = `coalesce(${meantColumn('order.tax_included')}, false)`;
    const tax = `case when ${isTaxIncluded} then 0 else ${meantColumn('order.tax_amount')} end`;
    const total =
      this.#source.order.get('order.total_amount')?.isComputed === true
        ? `try_cast(${subtotal} + ${tax} + ${meantColumn('order.shipping_amount')} - ${meantColumn('order.discount_amount')} as ${AMOUNT})`
        : meantColumn('order.total_amount');
    const amounts: Readonly<Record<string, string>> = {
      'order.subtotal': subtotal,
      'order.total_amount': total,
    };
    const members = (prefix: string): string[] =>
      ORDER_FIELDS.filter(({ path }) => path.startsWith(prefix))
        .map(({ path }) => ({ path, name: path.slice(prefix.length) }))
        .filter(({ name }) => !name.includes('.'))
        .map(({ path, name }) => `${doubleQuoted(name)} := ${amounts[path] ?? meantColumn(path)}`);
    const items = ITEM_FIELDS.map(({ path }) => doubleQuoted(path));
    const lines = this.#isSummed()
      ? `list_transform(lines, lambda line: struct_pack(${items.map((name) => `${name} := line.${name}`).join(', ')}))`
      : 'lines';
    // The order of members that parsed.sql has.
    const [id = '', type = '', ...times] = members('');
    const event = [
      ...[id, type, `event_version := ${literal(MAPPED_VERSION)}`, ...times],
      `customer := struct_pack(${members('customer.').join(', ')})`,
      `"order" := struct_pack(${members('order.').join(', ')})`,
      `items := ${lines}`,
    ];
    return `case when ${this.#isPlain()} then struct_pack(${event.join(', ')}) end`;
  }

  /** Whether optional fields that are there have a meaning; of the others sql/source/doubtful.sql asks it. */
  #isPlain(): string {
    const conditions = ORDER_FIELDS.flatMap((field) => {
      const rule = this.#source.order.get(field.path);
      if (field.unsaid !== 'absent' || rule === undefined) {
        return [];
      }
      const isFound = `${meantColumn(field.path)} is not null`;
      return isBlank(rule.fallback)
        ? [`(${sentColumn(field.path)} is null or ${isFound})`]
        : [isFound];
    });
    return ['is_plain', 'is_of_source', ...conditions].join(' and ');
  }
}

const sentColumn = (path: string): string => doubleQuoted(`sent ${path}`);
const meantColumn = (path: string): string => doubleQuoted(`meant ${path}`);
const sentMember = (path: string): string => `line.${doubleQuoted(path)}`;
const named = (expression: string, name: string): string => `${expression} as ${name}`;
const literal = (text = ''): string => singleQuoted(text);
const isBlank = (text = ''): boolean => text.trim() === '';

/** A pattern of `where`, in which * is any characters, as a regular expression. */
function expressionOf(pattern: string): string {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return `(?s)${parts.join('.*')}`;
}

/** What a record has for a rule, as text, or as a list of texts that are added up; null where it has nothing. */
function sentOf({ value, sum, paths }: Rule, at: ValueAt): string {
  if (value !== undefined) {
    return literal(value);
  }
  if (sum !== undefined) {
    return at(sum);
  }
  const found = paths.map((path) => `nullif(${at(path)}, '')`);
  return found.length === 1 ? found.join('') : `coalesce(${[...found, NO_TEXT].join(', ')})`;
}

/** No value, of the type that the field has. */
function nothing({ kind }: Field): string {
  switch (kind) {
    case 'amount':
      return `cast(null as ${AMOUNT})`;
    case 'quantity':
      return 'cast(null as decimal(12, 3))';
    case 'reference':
      return 'cast(null as integer)';
    case 'flag':
      return 'cast(null as boolean)';
    default:
      return NO_TEXT;
  }
}

function cases(
  text: string,
  meanings: readonly (readonly [text: string, meaning: string])[],
  other: string,
): string {
  const whens = meanings.map(([from, to]) => `when ${literal(from)} then ${to}`);
  return whens.length === 0 ? other : `case ${text} ${whens.join(' ')} else ${other} end`;
}

/** A quantity, of which a rule may allow parts. */
function quantityOf({ isFractional }: Rule, sent: string): string {
  return `${isFractional ? 'plain_fraction' : 'plain_quantity'}(${sent})`;
}

function rowByNumber(text: string): string {
  return `case when regexp_full_match(${text}, '[0-9]{1,9}') then cast(${text} as integer) end`;
}

/** How many digits of an epoch are surely a time of this millennium and the next ones. */
const SECOND_DIGITS = 11;
/** Of a bigint. */
const MOST_DIGITS = 19;

/** A time as ISO 8601; null where it is none of the form, or where the clocks of its zone have to be asked. */
function timeOf(sent: string, { epochDigits, pattern, zone }: TimeForm): string {
  if (epochDigits !== undefined) {
    const most = Math.min(SECOND_DIGITS + epochDigits, MOST_DIGITS);
    const micros =
      epochDigits <= 6
        ? `* ${String(10 ** (6 - epochDigits))}`
        : `// ${String(10 ** (epochDigits - 6))}`;
    return `case when regexp_full_match(${sent}, '[0-9]{1,${String(most)}}') then iso_of_micros(try_cast(${sent} as bigint) ${micros}) end`;
  }
  if (pattern === undefined) {
    return `case when regexp_matches(${sent}, '(?:Z|[+-][0-9][0-9](?::?[0-9][0-9])?)$') then ${sent} end`;
  }
  if (zone !== undefined) {
    return NO_TEXT;
  }
  const groups = Object.entries(pattern.groups).sort(([, one], [, other]) => one - other);
  const names = groups.map(([name]) => literal(name)).join(', ');
  const parts = `regexp_extract(${sent}, ${literal(`^(?:${pattern.expression})$`)}, [${names}])`;
  const part = (name: TimePart, missing: string): string =>
    pattern.groups[name] === undefined ? literal(missing) : `lpad(${parts}.${name}, 2, '0')`;
  const fraction = pattern.groups.fraction === undefined ? `'0'` : `${parts}.fraction`;
  const day = `${parts}.year || '-' || ${part('month', '01')} || '-' || ${part('day', '01')}`;
  const time = `${part('hour', '00')} || ':' || ${part('minute', '00')} || ':' || ${part('second', '00')}`;
  return `case when ${parts}.year <> '' then ${day} || 'T' || ${time} || '.' || ${fraction} end`;
}
