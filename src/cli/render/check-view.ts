import { rowsOf } from '../../inspect/sql-file.ts';
import { fittedTable, withNotes, type FittingColumn } from './fit.ts';
import { grouped } from '../../number.ts';
import type { ResultTable } from './output.ts';

type Row = Readonly<Record<string, string | null>>;

/** Figures and words of a check, in their order; where there is little room the lowest goes first. */
const COLUMNS: readonly {
  readonly name: string;
  readonly title?: string;
  readonly keep?: number;
}[] = [
  { name: 'severity', keep: 3 },
  { name: 'outcome', keep: 4 },
  { name: 'failing' },
  { name: 'checked', keep: 5 },
  { name: 'warn_above', title: 'warn above', keep: 1 },
  { name: 'error_above', title: 'error above', keep: 2 },
];

/** Checks for people: a line of figures for each, and below it what is checked. */
export function checkLines(table: ResultTable, width: number): string[] {
  const rows: Row[] = rowsOf(table);
  const shown = COLUMNS.flatMap(({ name, title = name, keep }): FittingColumn<Row>[] => {
    const column = table.columns.find((candidate) => candidate.name === name);
    return column === undefined || rows.every((row) => row[name] === null)
      ? []
      : [
          {
            ...{ title, align: column.kind === 'number' ? 'right' : 'left' },
            cell: (row) => grouped(row[name] ?? ''),
            ...(keep === undefined ? {} : { keep }),
          },
        ];
  });
  const model: FittingColumn<Row> = {
    ...{ title: 'model', align: 'left', atLeast: 20, cell: (row) => row['model'] ?? '' },
  };
  const lines = fittedTable([model, ...shown], rows, width);
  return withNotes(
    lines,
    rows.map((row) => row['check'] ?? row['check_name'] ?? null),
    width,
  );
}
