import type { DuckDBConnection } from '@duckdb/node-api';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDbConfig } from '../../config.ts';
import { escapeFormulaSql } from '../../formulas.ts';
import type { StageContext } from '../../progress.ts';
import type { ExportFile, WrittenFile } from '../engine.ts';
import { EXPORT, foreseen } from './errors.ts';
import { EXTENSIONS, loadExtension } from './extension.ts';
import { checkRowCount, worksheetOf } from './worksheet.ts';
import { doubleQuoted, singleQuoted } from './sql.ts';
import type { Warehouse } from './warehouse.ts';
import { runXlsxJob } from './xlsx.ts';

/** What an engine gives its sessions to read and write files with. */
export interface FileMeans {
  /** Told of an extension that is fetched. */
  readonly context: StageContext;
  readonly duckdb: DuckDbConfig;
  readonly memoryLimit: string;
  /** For what lies on disk meanwhile. */
  readonly spillDirectory: string;
}

interface FileWriter extends FileMeans {
  readonly connection: DuckDBConnection;
  readonly warehouse: Warehouse;
}

const COPY_OPTIONS: Readonly<Record<Exclude<ExportFile['format'], 'xlsx'>, readonly string[]>> = {
  parquet: ['format parquet', 'compression zstd'],
  csv: ['format csv', 'header'],
  json: ['format json'],
};

/** A file that is to hold worksheets, and the rows for it, which lie on disk by now. */
interface Spooled {
  readonly file: ExportFile;
  readonly rows: string;
  readonly count: number;
}

/** Writes rows of the warehouse to files, all of one moment; tells of each that it is written. */
export async function writeFiles(
  writer: FileWriter,
  files: readonly ExportFile[],
  onWritten: (file: ExportFile, written: WrittenFile) => void,
  context: StageContext,
): Promise<void> {
  const { connection, warehouse } = writer;
  const workbooks = files.filter(({ format }) => format === 'xlsx');
  const load =
    workbooks.length === 0
      ? ''
      : await loadExtension(connection, EXTENSIONS.excel, writer.duckdb, context);
  const spooled: Spooled[] = [];
  await connection.run('begin');
  try {
    for (const file of workbooks) {
      await refuseTooMany(writer, file);
    }
    for (const file of files) {
      const rows = await warehouse.rows(`${file.sql} order by ${file.orderBy}`, 'export');
      if (file.format === 'xlsx') {
        const spool = path.join(writer.spillDirectory, `${file.id}.parquet`);
        const count = await copy(connection, rows, spool, ['format parquet']);
        spooled.push({ file, rows: spool, count });
      } else {
        const options = [...COPY_OPTIONS[file.format], ...partition(file)];
        const count = await copy(connection, escaped(rows, file), file.path, options);
        onWritten(file, { rows: count, asText: [] });
      }
    }
  } finally {
    await connection.run('rollback').catch(() => undefined);
  }
  if (spooled.length > 0) {
    await writeWorkbooks(writer, load, spooled, onWritten, context);
  }
}

async function copy(
  connection: DuckDBConnection,
  rows: string,
  file: string,
  options: readonly string[],
): Promise<number> {
  const statement = `copy (${rows}) to ${singleQuoted(file)} (${options.join(', ')})`;
  return (await foreseen(() => connection.run(statement), EXPORT)).rowsChanged;
}

function partition({ partitionBy }: ExportFile): string[] {
  return partitionBy === undefined ? [] : [`partition_by (${doubleQuoted(partitionBy)})`];
}

function escaped(rows: string, file: ExportFile): string {
  const columns = file.escaped.map(doubleQuoted);
  const texts = columns.map((column) => `${escapeFormulaSql(column)} as ${column}`);
  return texts.length === 0 ? rows : `select * replace (${texts.join(', ')}) from (${rows})`;
}

/** Before the first file is begun. */
async function refuseTooMany(
  { connection, warehouse }: FileWriter,
  { id, sql, partitionBy }: ExportFile,
): Promise<void> {
  const groups = partitionBy === undefined ? '' : ` group by ${doubleQuoted(partitionBy)}`;
  const counted = await warehouse.rows(
    `select coalesce(max(rows), 0)::bigint as rows
     from (select count(*) as rows from (${sql}) as exported${groups}) as counted`,
    'export',
  );
  const [row] = (await foreseen(() => connection.runAndReadAll(counted), EXPORT)).getRows();
  checkRowCount(id, BigInt(String(row?.[0])), partitionBy);
}

/** The rows are looked through first: nothing is written where a worksheet cannot hold them. */
async function writeWorkbooks(
  { connection, memoryLimit, spillDirectory: folder }: FileWriter,
  load: string,
  spooled: readonly Spooled[],
  onWritten: (file: ExportFile, written: WrittenFile) => void,
  { signal }: StageContext,
): Promise<void> {
  const workbooks: { file: ExportFile; written: WrittenFile; statement: string }[] = [];
  for (const { file, rows, count } of spooled) {
    const { sql, name, asText } = await foreseen(
      () => worksheetOf(connection, { ...file, file: rows }),
      EXPORT,
    );
    const options = ['format xlsx', 'header true', `sheet ${singleQuoted(name)}`];
    const statement = `copy (${sql}) to ${singleQuoted(file.path)} (${[...options, ...partition(file)].join(', ')})`;
    workbooks.push({ file, written: { rows: count, asText }, statement });
  }
  const preparing = [load, "set timezone = 'UTC'"];
  const statements = [...preparing, ...workbooks.map(({ statement }) => statement)];
  let done = 0;
  const job = { memoryLimit, folder, statements };
  const onDone = (): void => {
    const workbook = workbooks[done - preparing.length];
    done += 1;
    if (workbook !== undefined) {
      onWritten(workbook.file, workbook.written);
    }
  };
  await foreseen(() => runXlsxJob(job, signal, onDone), EXPORT);
  for (const { rows } of spooled) {
    await rm(rows);
  }
}
