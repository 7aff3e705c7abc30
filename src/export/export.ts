import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Engine, ExportFile, WrittenFile } from '../engine/engine.ts';
import { throwIfInterrupted, usageError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { ident, literal } from '../postgres/quote.ts';
import { tableOf } from '../schema/tables.ts';
import type { StageContext } from '../progress.ts';
import { partialName } from '../whole-file.ts';
import { exportError } from './failures.ts';
import { bringToName, removeLeftPartials } from './partial.ts';

/** A table, and the file or folder that is to hold it. */
export interface ExportTarget {
  readonly model: Model;
  /** From the root on. */
  readonly path: string;
}

export interface ExportOptions {
  readonly format: ExportFile['format'];
  /** A folder for each day, where a table has days. */
  readonly byDay: boolean;
  /** First and last day; tables without days are written whole. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  /** Whether no text of a CSV file may be taken for a formula. */
  readonly escapeFormulas: boolean;
  /** Whether what is there already may be replaced. */
  readonly mayReplace: boolean;
}

export interface ExportedTable extends WrittenFile {
  /** schema.name */
  readonly id: string;
}

/** The column that says a row's day. */
const DAY_COLUMN = 'date_key';

export function hasDays({ columns }: Model): boolean {
  return columns.some(({ name }) => name === DAY_COLUMN);
}

/**
 * Writes tables to files, all of one moment. Each comes to its name when all of them are whole: what is broken off
 * leaves nothing under the names asked for but what was there.
 * @throws MedallionError usage (a file is there already, a format that does not hold the rows), storage, not_found,
 *   interrupted, unreachable, denied
 */
export async function exportTables(
  engine: Engine,
  targets: readonly ExportTarget[],
  options: ExportOptions,
  context: StageContext,
): Promise<ExportedTable[]> {
  await checkPlaces(targets, options);
  const files = targets.map(({ model, path: target }) => ({
    ...{ id: model.id, target, path: partialName(target), format: options.format },
    sql: selectOf(model, options),
    orderBy: model.key.map(ident).join(', '),
    escaped: options.escapeFormulas ? textColumns(model) : [],
    partitionBy: options.byDay && hasDays(model) ? DAY_COLUMN : undefined,
  }));
  const tables: ExportedTable[] = [];
  const made: MadeFolder[] = [];
  const session = await engine.openSession();
  try {
    for (const { target } of files) {
      await makeFolder(path.dirname(target), made);
      await removeLeftPartials(target);
    }
    const onWritten = ({ id }: ExportFile, written: WrittenFile): void => {
      tables.push({ id, ...written });
      context.emit({
        ...{ type: 'step.progress', step: 'export', done: tables.length, total: files.length },
        unit: 'tables',
      });
      throwIfInterrupted(context.signal);
    };
    await session.writeFiles(files, onWritten, context);
    for (const { target, path: partial } of files) {
      await bringToName(partial, target);
    }
    return tables;
  } catch (error) {
    for (const { path: partial } of files) {
      await rm(partial, { recursive: true, force: true });
    }
    for (const folder of made) {
      await unmake(folder);
    }
    throw exportError(error, targets[0]?.path ?? '.');
  } finally {
    await session.close();
  }
}

function textColumns({ columns }: Model): string[] {
  return columns.filter(({ type }) => type === 'text').map(({ name }) => name);
}

/** The rows of a table, each column of the type that its model says. */
function selectOf(model: Model, { since, until }: ExportOptions): string {
  // What a view computes has no scale of its own, and would go through a double.
  const columns = model.columns.map(
    ({ name, type }) => `${ident(name)}::${type} as ${ident(name)}`,
  );
  const days = hasDays(model)
    ? [
        ...(since === undefined ? [] : [`${DAY_COLUMN} >= ${literal(since)}`]),
        ...(until === undefined ? [] : [`${DAY_COLUMN} <= ${literal(until)}`]),
      ]
    : [];
  const where = days.length === 0 ? '' : ` where ${days.join(' and ')}`;
  return `select ${columns.join(', ')} from ${tableOf(model)}${where}`;
}

/** What is there is replaced when that was asked for, and a folder only where nothing but an export is in it. */
async function checkPlaces(
  targets: readonly ExportTarget[],
  { mayReplace, byDay }: ExportOptions,
): Promise<void> {
  for (const { path: target } of targets) {
    const found = await stat(target).catch(() => undefined);
    if (found === undefined) {
      continue;
    }
    if (!mayReplace) {
      throw usageError(
        `${target} already exists`,
        'Nothing was written. Replace it with --force, or choose another place with --out.',
      );
    }
    const names = found.isDirectory() ? await readdir(target) : [];
    // One without rows is empty.
    const isExport =
      (byDay || names.length > 0) && names.every((name) => name.startsWith(`${DAY_COLUMN}=`));
    if (found.isDirectory() && !isExport) {
      throw usageError(
        `${target} is a folder, but not one that an export by day has written`,
        'Nothing was written. For one table, --out must be a file.',
      );
    }
  }
}

interface MadeFolder {
  readonly path: string;
  /** The outermost of those that were made for it. */
  readonly first: string;
}

async function makeFolder(folder: string, made: MadeFolder[]): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first !== undefined) {
    made.unshift({ path: folder, first });
  }
}

/** Takes back the folders that were made, as far as nothing is in them. */
async function unmake({ path: folder, first }: MadeFolder): Promise<void> {
  for (let each = folder; each.length >= first.length; each = path.dirname(each)) {
    await rmdir(each).catch(() => undefined);
  }
}
