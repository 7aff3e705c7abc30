import type { DuckDBConnection } from '@duckdb/node-api';
import { usageError } from '../../errors.ts';
import { grouped } from '../../number.ts';
import { doubleQuoted, fileToRead, singleQuoted } from './sql.ts';

/**
 * Rows as the worksheet of an xlsx file. A cell is a number of at most 15 digits that count, a date or a time to the
 * millisecond (both are such numbers), true or false, or a text. Where the values of a column do not all fit their kind
 * of cell exactly, the column is text.
 */

/** Of one worksheet, with the row of names. */
const MOST_ROWS = 1_048_576;
const MOST_CHARACTERS = 32_767;
const LONGEST_WORKSHEET_NAME = 31;

/** Dates before it are a day off in Excel, for which 1900 was a leap year; it knows none after the last. */
const FIRST_DAY = '1900-03-01';
const LAST_DAY = '9999-12-31';

/** Of a column whose name is spelt `name`: whether the cell for its type holds a value exactly. */
const FITS: readonly { readonly type: RegExp; readonly condition: (name: string) => string }[] = [
  {
    type: /^(BIGINT|DECIMAL.*)$/,
    condition: (name) => `length(trim(translate(${name}::text, '-.', ''), '0')) <= 15`,
  },
  {
    type: /^DATE$/,
    condition: (name) => `${name} between date '${FIRST_DAY}' and date '${LAST_DAY}'`,
  },
  {
    type: /^TIMESTAMP WITH TIME ZONE$/,
    condition: (name) =>
      `${name} >= timestamptz '${FIRST_DAY} 00:00:00+00' and ${name} < timestamptz '${LAST_DAY} 23:59:59.999+00' and epoch_us(${name}) % 1000 = 0`,
  },
  {
    // Counted in UTF-16; there are at least as many bytes.
    type: /^VARCHAR$/,
    condition: (name) =>
      `case when strlen(${name}) <= ${String(MOST_CHARACTERS)} then true
       else length(${name}) + length(regexp_replace(${name}, '[^\\x{10000}-\\x{10FFFF}]', '', 'g')) <= ${String(MOST_CHARACTERS)} end`,
  },
];

/** What is to be one worksheet, or one for each value of a column. */
export interface WorksheetRows {
  /** schema.name of the table. */
  readonly id: string;
  /** A Parquet file of the rows. */
  readonly file: string;
  readonly partitionBy: string | undefined;
}

/** How rows are written: a select for DuckDB, and which of the columns are text in it that are something else. */
export interface Worksheet {
  readonly sql: string;
  readonly name: string;
  readonly asText: readonly string[];
}

/** @throws MedallionError usage, where there are more rows than a worksheet holds */
export function checkRowCount(id: string, rows: bigint, partitionBy: string | undefined): void {
  if (rows < BigInt(MOST_ROWS)) {
    return;
  }
  const most = grouped(MOST_ROWS - 1);
  const where = partitionBy === undefined ? '' : ' on a day';
  const fewer =
    partitionBy === undefined
      ? 'If the table has days, take fewer with --since and --until, or write a file for each with --partition-by day; '
      : '';
  throw usageError(
    `${id} has ${grouped(rows)} rows${where}, but a worksheet of xlsx holds ${most}`,
    `Nothing was written. ${fewer}parquet, csv and json have no such limit.`,
  );
}

/**
 * Looks through the rows for what the cells of their types do not hold.
 * @throws MedallionError usage, where a text is longer than a cell holds
 */
export async function worksheetOf(
  connection: DuckDBConnection,
  rows: WorksheetRows,
): Promise<Worksheet> {
  const source = `read_parquet(${fileToRead(rows.file)})`;
  const described = await connection.runAndReadAll(`describe from ${source}`);
  const columns = described
    .getRows()
    .map(([name, type]): Column => ({ name: String(name), type: String(type) }));
  const unfit = await unfitColumns(connection, source, columns);
  const tooLong = columns.find(({ name, type }) => unfit.has(name) && type === 'VARCHAR');
  if (tooLong !== undefined) {
    throw usageError(
      `${rows.id}: a text in ${tooLong.name} is longer than a cell of xlsx can be: ${grouped(MOST_CHARACTERS)} characters`,
      'Nothing was written. Use parquet, csv or json, which have no such limit.',
    );
  }
  const asText = columns.filter(({ name }) => unfit.has(name) && name !== rows.partitionBy);
  const values = columns.map(({ name, type }) => {
    const quoted = doubleQuoted(name);
    const value = asText.some((column) => column.name === name) ? `${quoted}::text` : quoted;
    return `${type === 'VARCHAR' ? escaped(quoted) : value} as ${quoted}`;
  });
  return {
    sql: `select ${values.join(', ')} from ${source}`,
    name: rows.id.replace(/^.*\./, '').slice(0, LONGEST_WORKSHEET_NAME),
    asText: asText.map(({ name }) => name),
  };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

async function unfitColumns(
  connection: DuckDBConnection,
  source: string,
  columns: readonly Column[],
): Promise<ReadonlySet<string>> {
  const looked = columns.flatMap(({ name, type }) => {
    const condition = FITS.find((cell) => cell.type.test(type))?.condition(doubleQuoted(name));
    return condition === undefined ? [] : [{ name, condition }];
  });
  if (looked.length === 0) {
    return new Set();
  }
  const fits = looked.map(({ condition }) => `bool_and(${condition})`);
  const result = await connection.runAndReadAll(`select ${fits.join(', ')} from ${source}`);
  const [found = []] = result.getRows();
  return new Set(looked.filter((_, index) => found[index] === false).map(({ name }) => name));
}

/** What XML cannot hold, or changes (a carriage return). */
const FORBIDDEN = [
  ...Array.from({ length: 0x1f }, (_, index) => index + 1).filter(
    (code) => code !== 0x09 && code !== 0x0a,
  ),
  0xfffe,
  0xffff,
];
/** Excel takes them off the ends of a text. */
const OUTER_SPACE = [0x20, 0x09, 0x0a];

/**
 * Text as the format writes it: _x0001_ stands for a character that XML cannot hold or a reader takes away. What looks
 * like it already is kept apart by an underscore that is written so itself.
 */
function escaped(text: string): string {
  const code = (character: number): string =>
    `_x${character.toString(16).toUpperCase().padStart(4, '0')}_`;
  const space = (character: number): string => `\\x{${character.toString(16)}}`;
  const forbidden = FORBIDDEN.map(space).join('');
  const outer = OUTER_SPACE.map(space).join('');
  const needed = `_x[0-9A-Fa-f]{4}_|[${forbidden}]|^[${outer}]|[${outer}]$`;
  const underscores = `replace(${text}, '_x', '_x005F_x')`;
  const controls = FORBIDDEN.reduce(
    (before, character) => `replace(${before}, chr(${String(character)}), '${code(character)}')`,
    underscores,
  );
  const ends = OUTER_SPACE.reduce(
    (before, character) =>
      `regexp_replace(regexp_replace(${before}, '^${space(character)}', '${code(character)}'), '${space(character)}$', '${code(character)}')`,
    controls,
  );
  return `case when regexp_matches(${text}, ${singleQuoted(needed)}) then ${ends} else ${text} end`;
}
