import { JsonNumber, type Json } from '../../event/json.ts';
import { EACH, ROWS, type Path } from '../mapping.ts';
import { isThere, showPath, textOf } from '../path.ts';

/** As many different values of a field as are looked at. */
const MOST_VALUES = 50;

/** A field that records have: a place with a text, a number or a truth value. */
export interface SampleField {
  readonly path: Path;
  /** The names on the way to it, by letters and digits alone: ["customer", "countrycode"]. */
  readonly names: readonly string[];
  readonly kind: 'text' | 'number' | 'boolean' | 'several';
  /** Its values, each once, the first ones. */
  readonly texts: readonly string[];
  /** Whether each record, or each line, has a value there. */
  readonly isAlways: boolean;
  /** Whether it is the same in all lines of an order, as far as the sample shows; of one that lines do not have, true. */
  readonly isOfOrder: boolean;
}

export interface SampleList {
  readonly path: Path;
  readonly names: readonly string[];
  readonly fields: readonly SampleField[];
}

export interface Sample {
  readonly records: readonly Json[];
  /** Outside of lists of objects. */
  readonly fields: readonly SampleField[];
  /** Not in one another. */
  readonly lists: readonly SampleList[];
}

/** Looks at records. Of a list of texts or numbers the first one is a field. */
export function sampleOf(records: readonly Json[]): Sample {
  const top = new Fields();
  const lists = new Map<string, Fields>();
  for (const record of records) {
    top.add(record, (list, elements) => {
      const place = showPath(list);
      const fields = lists.get(place) ?? new Fields(list);
      lists.set(place, fields);
      fields.addLines(elements);
    });
  }
  return {
    records,
    fields: top.all(),
    lists: [...lists.values()].map((fields) => ({
      ...{ path: fields.at, names: fields.at.flatMap(nameOf), fields: fields.all() },
    })),
  };
}

/** The fields of the rows of an order of CSV, as fields of the order: those of its first row. */
export function fieldsOfRows({ lists, fields }: Sample): readonly SampleField[] {
  const rows = lists.find(({ path }) => path.length === 1 && path[0] === ROWS)?.fields ?? [];
  const isKey = ({ names }: SampleField): boolean =>
    fields.some((field) => field.names.join() === names.join());
  return [
    ...fields,
    ...rows
      .filter((field) => !isKey(field))
      .map((field) => ({ ...field, path: [ROWS, 0, ...field.path] })),
  ];
}

interface Seen {
  readonly path: Path;
  readonly kinds: Set<string>;
  readonly texts: Set<string>;
  count: number;
  isOfOrder: boolean;
}

/** Collects the fields of objects of one kind: records, or the lines of a list. */
class Fields {
  readonly at: Path;
  readonly #seen = new Map<string, Seen>();
  #objects = 0;
  /** Orders with several lines. */
  #orders = 0;

  constructor(at: Path = []) {
    this.at = at;
  }

  add(object: Json, onList: (path: Path, elements: readonly Json[]) => void): void {
    this.#objects += 1;
    visit(object, onList, (path, value) => {
      this.#value(path, value);
    });
  }

  addLines(lines: readonly Json[]): void {
    const values = new Map<string, (string | undefined)[]>();
    for (const [index, line] of lines.entries()) {
      this.#objects += 1;
      visit(
        line,
        (path, elements) => {
          elements.forEach((element) => {
            visit(
              element,
              () => undefined,
              (inner, value) => {
                this.#value([...path, EACH, ...inner], value);
              },
            );
          });
        },
        (path, value) => {
          const place = showPath(path);
          const found = values.get(place) ?? [];
          found[index] = this.#value(path, value);
          values.set(place, found);
        },
      );
    }
    if (lines.length > 1) {
      this.#orders += 1;
      for (const [place, texts] of values) {
        const seen = this.#seen.get(place);
        if (seen !== undefined && lines.some((_, index) => texts[index] !== texts[0])) {
          seen.isOfOrder = false;
        }
      }
    }
  }

  #value(path: Path, value: Json): string | undefined {
    const place = showPath(path);
    const seen = this.#seen.get(place) ?? {
      ...{ path, kinds: new Set(), texts: new Set(), count: 0, isOfOrder: true },
    };
    this.#seen.set(place, seen);
    if (!isThere(value)) {
      return undefined;
    }
    const text = textOf(value) ?? '';
    seen.count += 1;
    seen.kinds.add(
      value instanceof JsonNumber ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text',
    );
    if (seen.texts.size < MOST_VALUES) {
      seen.texts.add(text);
    }
    return text;
  }

  all(): SampleField[] {
    return [...this.#seen.values()].map(({ path, kinds, texts, count, isOfOrder }) => {
      const [kind] = kinds;
      return {
        ...{ path, names: path.flatMap(nameOf), texts: [...texts] },
        kind: kinds.size > 1 ? 'several' : ((kind ?? 'text') as SampleField['kind']),
        isAlways: count === this.#objects,
        isOfOrder: this.at.length === 0 || (isOfOrder && this.#orders > 0),
      };
    });
  }
}

/** Calls for each list of objects, and for each other value, of an object. */
function visit(
  object: Json,
  onList: (path: Path, elements: readonly Json[]) => void,
  onValue: (path: Path, value: Json) => void,
): void {
  const open: { readonly at: Path; readonly value: Json }[] = [{ at: [], value: object }];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { at, value } = next;
    if (value instanceof Map) {
      open.unshift(...[...value].map(([name, member]) => ({ at: [...at, name], value: member })));
    } else if (!Array.isArray(value)) {
      if (at.length > 0) {
        onValue(at, value);
      }
    } else if (value.some((element) => element instanceof Map)) {
      onList(at, value);
    } else {
      const [first = null] = value;
      onValue([...at, 0], Array.isArray(first) ? null : first);
    }
  }
}

function nameOf(step: Path[number]): string[] {
  return typeof step === 'string' ? [plainName(step)] : [];
}

/** A name by its letters and digits: Order-ID, orderId and order_id are orderid. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}
