import { EACH, type Path } from '../../source/mapping.ts';
import { doubleQuoted, singleQuoted } from './sql.ts';

/** What from_json makes of one place of a record: every value is text, whatever it was. */
type Shape =
  | { readonly kind: 'text' }
  | { readonly kind: 'object'; readonly members: Map<string, Shape> }
  | { readonly kind: 'list'; readonly element: Shape };

const TEXT: Shape = { kind: 'text' };

/**
 * The paths that a mapping reads, as structures for from_json. One holds them all, unless two paths take one place for
 * different things, as `customer` and `customer.id` do: then the record is read once more, into a second one.
 */
export class RecordStructure {
  readonly #roots: Shape[] = [];

  /** The structures as columns of a select, each by its name. */
  columns(text: string): string[] {
    return this.#roots.map((root, index) => {
      const schema = singleQuoted(JSON.stringify(schemaOf(root)));
      return `from_json(${text}, ${schema}) as ${columnName(index)}`;
    });
  }

  /** Makes a path part of a structure. @returns the column that has it */
  add(path: Path): string {
    const found = this.#roots.findIndex((root) => extended(root, path) !== undefined);
    const index = found === -1 ? this.#roots.length : found;
    this.#roots[index] = extended(this.#roots[index], path) ?? TEXT;
    return columnName(index);
  }
}

/** The expression of what is at a path below another one. Through lists it is a list of what is there. */
export function valueAt(scope: string, path: Path, depth = 0): string {
  const list = path.indexOf(EACH);
  if (list === -1) {
    return path.reduce<string>(
      (value, step) =>
        typeof step === 'number'
          ? `${value}[${String(step + 1)}]`
          : `${value}.${doubleQuoted(String(step))}`,
      scope,
    );
  }
  const element = `element_${String(depth)}`;
  const rest = path.slice(list + 1);
  const each = `list_transform(${valueAt(scope, path.slice(0, list))}, lambda ${element}: ${valueAt(element, rest, depth + 1)})`;
  return rest.includes(EACH) ? `flatten(${each})` : each;
}

function columnName(index: number): string {
  return `record_${String(index)}`;
}

/** A shape with a path more; undefined where that takes a place for something else. */
function extended(shape: Shape | undefined, path: Path): Shape | undefined {
  const [step, ...rest] = path;
  if (step === undefined) {
    return shape === undefined || shape.kind === 'text' ? TEXT : undefined;
  }
  if (typeof step !== 'string') {
    const list = shape ?? { kind: 'list', element: undefined };
    const element = list.kind === 'list' ? extended(list.element, rest) : undefined;
    return element && { kind: 'list', element };
  }
  const object = shape ?? { kind: 'object', members: new Map<string, Shape>() };
  if (object.kind !== 'object') {
    return undefined;
  }
  // DuckDB does not tell members apart that differ in case alone.
  const isTaken = [...object.members.keys()].some(
    (name) => name !== step && name.toLowerCase() === step.toLowerCase(),
  );
  const member = isTaken ? undefined : extended(object.members.get(step), rest);
  return member && { kind: 'object', members: new Map([...object.members, [step, member]]) };
}

function schemaOf(shape: Shape): unknown {
  switch (shape.kind) {
    case 'text':
      return 'VARCHAR';
    case 'list':
      return [schemaOf(shape.element)];
    case 'object':
      return Object.fromEntries(
        [...shape.members].map(([name, member]) => [name, schemaOf(member)]),
      );
  }
}
