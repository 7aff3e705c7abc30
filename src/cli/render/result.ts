import type { ColumnKind, ResultColumn, ResultTable } from '../../postgres/query.ts';

type Cell = string | number | bigint | boolean | null | undefined;

/** The columns of a result by their names, in order: what each holds. A quantity is a number that is counted or summed. */
export type ResultKinds<Name extends string> = Readonly<Record<Name, ColumnKind | 'quantity'>>;

/** Rows as a result, of each what the columns name. What is missing is null. */
export function resultOf<Name extends string>(
  kinds: ResultKinds<Name>,
  rows: readonly { readonly [Each in NoInfer<Name>]?: Cell }[],
): ResultTable {
  const names = Object.keys(kinds) as Name[];
  return {
    columns: names.map((name): ResultColumn => {
      const kind = kinds[name];
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
