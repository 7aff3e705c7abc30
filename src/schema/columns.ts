import type { Model, ModelColumn } from '../model/model.ts';
import { ident } from '../postgres/quote.ts';
import type { Shape } from './shape.ts';
import { changeOf, type TableChange } from './table-change.ts';
import { columnComment, tableComment, tableOf } from './tables.ts';

/** A column's type as PostgreSQL spells it. */
export function typeOf({ type }: ModelColumn): string {
  return type === 'timestamptz' ? 'timestamp with time zone' : type;
}

export function compareColumns(model: Model, shape: Shape): TableChange[] {
  const table = tableOf(model);
  const had = new Map(shape.columns.map((column) => [column.name, column]));
  const wanted = new Set(model.columns.map(({ name }) => name));
  const removed = shape.columns
    .filter(({ name }) => !wanted.has(name))
    .map(({ name, type, readers }) => {
      const statement = `alter table ${table} drop column ${ident(name)}`;
      const detail = `${name} ${type}`;
      return changeOf(model, 'removed column', detail, 'refresh', [statement], {
        blockedBy: readers,
      });
    });
  const others = model.columns.flatMap((column) => {
    const { name, type, nullable } = column;
    const before = had.get(name);
    const alter = `alter table ${table} alter column ${ident(name)}`;
    if (before === undefined) {
      const detail = `${name} ${type}${nullable ? '' : ', which may not be null'}`;
      const statements = [...addStatements(model, column), columnComment(model, column)];
      const isLossless = nullable || column.backfill !== undefined;
      return [changeOf(model, 'new column', detail, isLossless ? 'apply' : 'refresh', statements)];
    }
    const found: TableChange[] = [];
    if (before.type !== typeOf(column) && !isWidened(before.type, type)) {
      const statement = `${alter} type ${type} using ${ident(name)}::text::${type}`;
      const detail = `${name} ${before.type} becomes ${typeOf(column)}`;
      found.push(
        changeOf(model, 'type', detail, 'refresh', [statement], { blockedBy: before.readers }),
      );
    }
    if (before.nullable !== nullable && !model.key.includes(name)) {
      found.push(
        nullable
          ? changeOf(model, 'null', `${name} may be null`, 'apply', [`${alter} drop not null`])
          : changeOf(model, 'null', `${name} may not be null`, 'refresh', [
              `${alter} set not null`,
            ]),
      );
    }
    return found;
  });
  return [...removed, ...widenedColumns(model, had), ...others];
}

/** One change for all of a table: its rows are written again once. */
function widenedColumns(
  model: Model,
  had: ReadonlyMap<string, Shape['columns'][number]>,
): TableChange[] {
  const widened = model.columns.flatMap(({ name, type }) => {
    const before = had.get(name);
    return before !== undefined && isWidened(before.type, type) ? [{ name, type, before }] : [];
  });
  if (widened.length === 0) {
    return [];
  }
  const detail = widened.map(({ name, type, before }) => `${name} ${before.type} becomes ${type}`);
  const alter = widened.map(({ name, type }) => `alter column ${ident(name)} type ${type}`);
  const statement = `alter table ${tableOf(model)} ${alter.join(', ')}`;
  const blockedBy = [...new Set(widened.flatMap(({ before }) => before.readers))];
  return [changeOf(model, 'widened', detail.join(', '), 'apply', [statement], { blockedBy })];
}

/** The digits of a type of whole numbers, all of them before the point. */
const WHOLE_DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

/**
 * Whether a column takes all that it holds along to another type: it has as many digits, and as many decimals. A number that
 * has too many before the point stops the change as a whole; nothing is cut.
 */
function isWidened(from: string, to: string): boolean {
  const before = digitsOf(from);
  const after = digitsOf(to);
  return (
    from !== to &&
    before !== undefined &&
    after !== undefined &&
    before.digits <= after.digits &&
    before.decimals <= after.decimals
  );
}

function digitsOf(type: string): { digits: number; decimals: number } | undefined {
  const [, digits, decimals] = /^numeric\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (digits !== undefined) {
    return { digits: Number(digits), decimals: Number(decimals) };
  }
  const whole = WHOLE_DIGITS[type];
  return whole === undefined ? undefined : { digits: whole, decimals: 0 };
}

/** A literal is PostgreSQL's to fill in without writing the rows again. */
const LITERAL = /^(true|false|-?\d+(\.\d+)?|'[^']*')$/;

/** The statements that add a column, with what it holds in the rows that are there. */
function addStatements(model: Model, { name, type, nullable, backfill }: ModelColumn): string[] {
  const table = `alter table ${tableOf(model)}`;
  const add = `${table} add column ${ident(name)} ${type}`;
  const notNull = nullable ? '' : ' not null';
  if (backfill === undefined) {
    return [`${add}${notNull}`];
  }
  const column = `${table} alter column ${ident(name)}`;
  if (LITERAL.test(backfill)) {
    return [`${add}${notNull} default ${backfill}`, `${column} drop default`];
  }
  return [
    add,
    // Writes the table once, where an update would leave every row twice.
    `${column} type ${type} using ${backfill}`,
    ...(nullable ? [] : [`${column} set not null`]),
  ];
}

export function compareComments(model: Model, shape: Shape): TableChange[] {
  const table = tableComment(model);
  const comments = new Map(shape.columns.map(({ name, comment }) => [name, comment]));
  const columns = model.columns.filter(
    ({ name, description }) => comments.has(name) && comments.get(name) !== description,
  );
  const isOther = shape.comment !== table.text;
  if (!isOther && columns.length === 0) {
    return [];
  }
  const detail = [...(isOther ? [model.id] : []), ...columns.map(({ name }) => name)].join(', ');
  const statements = [
    ...(isOther ? [table.statement] : []),
    ...columns.map((column) => columnComment(model, column)),
  ];
  return [changeOf(model, 'comment', detail, 'apply', statements)];
}
