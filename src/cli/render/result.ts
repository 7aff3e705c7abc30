import type { ColumnKind, ResultColumn, ResultTable } from '../../postgres/query.ts';

type Cell = string | number | bigint | boolean | null | undefined;

/** The columns of a result by their names, in order: what each holds. A quantity is a number that is counted or summed. */
export type ResultKinds<Name extends string> = Readonly<Record<Name, ColumnKind | 'quantity'>>;

/** Columns of one kind. */
function kinds<Kind extends ColumnKind | 'quantity'>(kind: Kind) {
  return <const Name extends string>(...names: readonly Name[]): Record<Name, Kind> =>
    Object.fromEntries(names.map((name) => [name, kind])) as Record<Name, Kind>;
}

export const texts = kinds('text');
export const numbers = kinds('number');
export const quantities = kinds('quantity');
export const booleans = kinds('boolean');

/**
 * Rows as a result: of each what the columns name, which are called the same in snake_case. What is missing is null.
 */
export function resultOf<Name extends string>(
  columns: ResultKinds<Name>,
  rows: readonly { readonly [Each in NoInfer<Name>]?: Cell }[],
): ResultTable {
  const names = Object.keys(columns) as Name[];
  return {
    columns: names.map((each): ResultColumn => {
      const kind = columns[each];
      const name = each.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return kind === 'quantity' ? { name, kind: 'number', isQuantity: true } : { name, kind };
    }),
    rows: rows.map((row) => names.map((name) => textOf(row[name]))),
  };
}

function textOf(cell: Cell): string | null {
  return cell === null || cell === undefined ? null : String(cell);
}

/** The table with these columns marked as quantities. */
export function withQuantities(table: ResultTable, names: readonly string[]): ResultTable {
  const columns = table.columns.map((column) =>
    names.includes(column.name) ? { ...column, isQuantity: true } : column,
  );
  return { ...table, columns };
}
