import { nameKey, type Dimension, type References } from '../../event/references.ts';
import type { Field, Rule, TimeForm, TimePart } from '../../source/mapping.ts';
import { singleQuoted } from './sql.ts';

export const AMOUNT = 'decimal(18, 4)';
export const NO_TEXT = 'cast(null as varchar)';

/** What the fields of a record mean, as expressions over what was sent for them. */
export class Meaning {
  readonly #references: References;

  constructor(references: References) {
    this.#references = references;
  }

  /** What is meant by what was sent for a field; null where it is missing or not plain. */
  of(field: Field, rule: Rule | undefined, sent: string): string {
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
          ? rule.addsNew
            ? this.#reference(field, sent)
            : nothing(field)
          : `case when not is_odd_text(${sent}) then ${this.#constant(field, rule, otherwise)} end`,
      );
    }
    switch (field.kind) {
      case 'id':
        return `plain_id(${sent})`;
      case 'text':
        return `plain_text(${sent})`;
      case 'version':
        return `plain_version(${sent})`;
      case 'time':
        return rule.time === undefined ? sent : timeOf(sent, rule.time);
      case 'amount':
        return amountSql(rule, sent);
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
      case 'version':
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
}

/** The amount that was sent, for a whole line if the rule says so. */
export function amountSql(rule: Rule, sent: string): string {
  const amount =
    rule.sum === undefined
      ? `plain_amount(${sent})`
      : `try_cast(coalesce(list_sum(list_transform(${sent}, lambda sent: summand(sent))), 0) as ${AMOUNT})`;
  return rule.isMinor ? `scaled_amount(${amount}, minor_share)` : amount;
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

/** The meaning of the text that is equal; `other` of none. */
export function cases(
  text: string,
  meanings: readonly (readonly [text: string, meaning: string])[],
  other: string,
): string {
  const whens = meanings.map(([from, to]) => `when ${literal(from)} then ${to}`);
  return whens.length === 0 ? other : `case ${text} ${whens.join(' ')} else ${other} end`;
}

export const literal = (text = ''): string => singleQuoted(text);
export const isBlank = (text = ''): boolean => text.trim() === '';

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
