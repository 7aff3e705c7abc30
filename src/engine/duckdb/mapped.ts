import { MAX_TEXT_LENGTH } from '../../event/fields.ts';
import type { References } from '../../event/references.ts';
import {
  EACH,
  ITEM_FIELDS,
  MINOR_DIGITS,
  ORDER_FIELDS,
  extraFields,
  REJECTED,
  type Field,
  type Path,
  type Rule,
  type Source,
} from '../../source/mapping.ts';
import { sqlFile, statement } from '../../sql-file.ts';
import { amountSql, AMOUNT, cases, isBlank, literal, Meaning, NO_TEXT } from './meaning.ts';
import { RecordStructure, valueAt } from './record-structure.ts';
import { doubleQuoted } from './sql.ts';

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

/** Beyond what any event may have: stands for an amount that is there and not plain. */
const UNFIT = `cast(99999999999999 as ${AMOUNT})`;

class MappedSelect {
  readonly #source: Source;
  readonly #meaning: Meaning;
  readonly #structure = new RecordStructure();
  readonly #extra: readonly Field[];

  constructor(source: Source, references: References) {
    this.#source = source;
    this.#meaning = new Meaning(references);
    this.#extra = extraFields(source);
  }

  text(): string {
    const record: ValueAt = (path) => valueAt(this.#structure.add(path), path);
    const fields = [...ORDER_FIELDS, ...this.#extra];
    const sent = fields.flatMap(({ path }) => {
      const rule = this.#source.order.get(path);
      return rule === undefined || rule.isComputed
        ? []
        : [named(sentOf(rule, record), sentColumn(path))];
    });
    const lines = this.#lines();
    const isOfSource = this.#isOfSource(record);
    const meant = fields.map((field) => {
      const rule = this.#source.order.get(field.path);
      return named(this.#meaning.of(field, rule, sentColumn(field.path)), meantColumn(field.path));
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
      extra: this.#extraText(),
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
      const meant = this.#meaning.of(field, rule, sent);
      return field.path === 'id' ? `case when ${this.#isLine()} then ${meant} end` : meant;
    }
    if (rule === undefined) {
      return `cast(null as ${AMOUNT})`;
    }
    const whole = amountSql(rule, sent);
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
      : this.#meaning.of(field, this.#source.items.get('quantity'), sentMember('quantity'));
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
    const price = amountSql(rule, sent);
    const found = rule.perLine ? price : `line_total(${price}, ${quantity})`;
    return rule.fallback === undefined
      ? found
      : `case when ${sent} is null then line_total(plain_amount(${literal(rule.fallback)}), ${quantity}) else ${found} end`;
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
    const event = [
      ...members(''),
      `customer := struct_pack(${members('customer.').join(', ')})`,
      `"order" := struct_pack(${members('order.').join(', ')})`,
      `items := ${lines}`,
    ];
    return `case when ${this.#isPlain()} then struct_pack(${event.join(', ')}) end`;
  }

  /** Whether optional fields that are there have a meaning; of the others sql/source/doubtful.sql asks it. */
  #isPlain(): string {
    const conditions = [...ORDER_FIELDS, ...this.#extra].flatMap((field) => {
      const rule = this.#source.order.get(field.path);
      if (field.unsaid !== 'absent' || rule === undefined) {
        return [];
      }
      const isFound = `${meantColumn(field.path)} is not null`;
      return isBlank(rule.fallback)
        ? [`(${sentColumn(field.path)} is null or ${isFound})`]
        : [isFound];
    });
    const lengths = this.#extra.map(
      ({ path }) => `coalesce(length(${meantColumn(path)}) <= ${String(MAX_TEXT_LENGTH)}, true)`,
    );
    return ['is_plain', 'is_of_source', ...conditions, ...lengths].join(' and ');
  }

  /** What the source keeps beyond the contract, as JSON text; null where there is nothing of it. */
  #extraText(): string {
    const members = this.#extra.map(
      ({ word, path }) =>
        `${literal(`"${word}":`)} || cast(to_json(${meantColumn(path)}) as varchar)`,
    );
    return members.length === 0
      ? NO_TEXT
      : `nullif('{' || concat_ws(',', ${members.join(', ')}) || '}', '{}')`;
  }
}

const sentColumn = (path: string): string => doubleQuoted(`sent ${path}`);
const meantColumn = (path: string): string => doubleQuoted(`meant ${path}`);
const sentMember = (path: string): string => `line.${doubleQuoted(path)}`;
const named = (expression: string, name: string): string => `${expression} as ${name}`;

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
