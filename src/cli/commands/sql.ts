import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sql, sqlWithArchive } from '../../app/query.ts';
import { MedallionError, messageOf, usageError } from '../../errors.ts';
import type { ResultStream } from '../../postgres/query.ts';
import { command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { renderRows } from '../render/output.ts';

export const sqlCommand = command('sql', 'run SQL on the warehouse; read-only without --write', {
  details: `
Several statements, separated by semicolons, run in one transaction; the rows of
the last one are printed. Without --write the transaction is read-only and
rolled back. Names are looked up in gold, silver, bronze and medallion. The
time limits of the role apply, unless a statement lifts them first:
set statement_timeout = 0;

Rows are printed as a table, on a terminal and in a pipe, unless --output says
otherwise. Where rows are too wide for the terminal, or for COLUMNS in a pipe,
each is printed as a list of its columns. Every format keeps every digit; csv,
json and markdown are written while rows arrive. In csv null is nothing and an
empty text is ""; for spreadsheets there is --escape-formulas (medallion export
--help).

With --archive DuckDB runs the SQL, in its own dialect, on bronze, silver and
gold of one moment; bronze.events has the archived events, too. Every other
table of the database is warehouse.SCHEMA.TABLE.`,
  examples: [
    'medallion sql "select * from sales_performance order by 1 desc limit 7"',
    'medallion sql "select * from customer_performance" --output csv > customers.csv',
    'medallion sql --file question.sql --output json',
    'medallion sql --archive "select topic, count(*) from bronze.events group by 1"',
    'medallion sql --write "insert into silver.dim_payment_method values (4, \'voucher\')"',
  ],
  seeAlso: ['models show', 'db psql', 'export', 'archive'],
  arguments: [['[statements]', 'SQL to run; - reads it from stdin']],
  options: {
    '-f, --file <file>': 'read the SQL from a file; - is stdin',
    '--write': 'let the statements change the warehouse, and commit',
    '--archive': 'include archived events in bronze.events; DuckDB runs the SQL, read-only',
  },
  run: async (context, { file, write, archive }, [argument]) => {
    if (archive && write) {
      throw usageError(
        '--archive and --write cannot be used together',
        'Files of the archive are never changed.',
      );
    }
    const source = await readSource(argument, file, context);
    const format = context.format ?? 'table';
    const { config, call } = context;
    const print = async ({ columns, batches }: Pick<ResultStream, 'columns' | 'batches'>) => {
      for await (const text of renderRows(columns, batches, format, context)) {
        await context.write(text);
      }
    };
    if (archive) {
      await sqlWithArchive(config, call, source, print);
      return;
    }
    await sql(config, { ...call, write }, source, async (result) => {
      await print(result);
      if (result.done !== undefined) {
        context.note(result.done);
      }
    });
  },
});

/** The SQL that the argument, a file or stdin holds. */
async function readSource(
  argument: string | undefined,
  file: string | undefined,
  { cwd, stdin }: CommandContext,
): Promise<string> {
  if ((argument === undefined) === (file === undefined)) {
    throw usageError(
      argument === undefined
        ? 'there is no SQL to run'
        : 'give SQL either as an argument or with --file, not both',
      'For example: medallion sql "select ..", medallion sql --file question.sql, or medallion sql - to read stdin.',
    );
  }
  if (argument !== undefined && argument !== '-') {
    return checkText(Buffer.from(argument), 'the SQL');
  }
  if (file === undefined || file === '-') {
    return checkText(await buffer(stdin), 'stdin');
  }
  const found = path.resolve(cwd, file);
  try {
    return checkText(await readFile(found), found);
  } catch (error) {
    throw error instanceof MedallionError
      ? error
      : new MedallionError('input', `cannot read ${found}: ${messageOf(error)}`, { cause: error });
  }
}

/** UTF-8 without a byte order mark; PostgreSQL takes no NUL in SQL. */
function checkText(bytes: Buffer, name: string): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MedallionError('input', `${name} is not UTF-8 text`, { cause: error });
  }
  if (text.includes('\0')) {
    throw new MedallionError('input', `${name} holds a NUL character`);
  }
  return text;
}
