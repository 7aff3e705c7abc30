import type { Client } from '../../postgres/client.ts';
import {
  conditionOf,
  countSelected,
  FIELD_PATH,
  type Selection,
} from '../../postgres/quarantine.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { sqlFile } from '../../sql-file.ts';
import { askSql } from '../ask.ts';
import { formatCoordinates } from './coordinates.ts';

/** sql/query/quarantine/<name>.sql about the events chosen, which it reads as `chosen`. */
export function sqlOfChosen(
  name: string,
  selection: Selection,
  values: readonly unknown[] = [],
): { readonly text: string; readonly values: readonly unknown[] } {
  const { sql, values: more } = conditionOf(selection, values.length);
  const chosen = `(select q.*, ${FIELD_PATH} as field_path from bronze.quarantine q where ${sql})`;
  const text = sqlFile(`query/quarantine/${name}`).replace(
    /\bfrom chosen\b/,
    () => `from ${chosen} as chosen`,
  );
  return { text, values: [...values, ...more] };
}

/** The rows that it answers. */
export async function askChosen(
  client: Client,
  ...chosen: Parameters<typeof sqlOfChosen>
): Promise<ResultTable> {
  const { text, values } = sqlOfChosen(...chosen);
  return askSql(client, text, values);
}

/** The table with topic, partition and offset, which stand side by side, as coordinates in one column of that name. */
function withCoordinates({ columns, rows }: ResultTable, name: string): ResultTable {
  const at = columns.findIndex((column) => column.name === 'topic');
  return {
    columns: columns.toSpliced(at, 3, { name, kind: 'text' }),
    rows: rows.map((row) => {
      const [topic = '', partition, offset = 0] = row.slice(at, at + 3).map((cell) => cell ?? '');
      const place = { topic, partition: Number(partition), offset: BigInt(offset) };
      return row.toSpliced(at, 3, formatCoordinates(place));
    }),
  };
}

/** The latest `limit` of the events chosen, one a row, and how many there are. */
export async function listQuarantined(
  client: Client,
  selection: Selection,
  limit: number,
): Promise<{ readonly events: ResultTable; readonly total: number }> {
  return {
    events: withCoordinates(await askChosen(client, 'list', selection, [limit]), 'event'),
    total: await countSelected(client, selection),
  };
}

/** The events chosen by stage, reason and field, most first; the lines of an order count as one field. */
export async function summarizeQuarantine(
  client: Client,
  selection: Selection,
): Promise<ResultTable> {
  return withCoordinates(await askChosen(client, 'summary', selection), 'example');
}
