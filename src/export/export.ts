import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Engine, ExportFile } from '../engine/engine.ts';
import { MedallionError, messageOf } from '../errors.ts';
import { storageError } from '../log/landing/storage-error.ts';
import type { Model } from '../model/model.ts';
import { ident, literal, tableOf } from '../postgres/tables.ts';
import type { StageContext } from '../progress.ts';

/** A table, and the file or folder that is to hold it. */
export interface ExportTarget {
  readonly model: Model;
  readonly path: string;
}

export interface ExportOptions {
  readonly format: ExportFile['format'];
  /** A folder for each UTC day, where a table has days. */
  readonly byDay: boolean;
  /** First and last UTC day; tables without days are written whole. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  /** Whether what is there already may be replaced. */
  readonly mayReplace: boolean;
}

/** The column that says a row's UTC day. */
const DAY_COLUMN = 'date_key';

export function hasDays({ columns }: Model): boolean {
  return columns.some(({ name }) => name === DAY_COLUMN);
}

/**
 * Writes tables to files, all of one moment. Each comes to its name when all of them are whole: what is broken off
 * leaves nothing under the names asked for.
 * @throws MedallionError usage (a file is there already), storage, interrupted, unreachable, denied
 */
export async function exportTables(
  engine: Engine,
  targets: readonly ExportTarget[],
  options: ExportOptions,
  context: StageContext,
): Promise<void> {
  await checkPlaces(targets, options.mayReplace);
  const files = targets.map(({ model, path: target }) => ({
    ...{ target, path: `${target}.${String(process.pid)}.partial`, format: options.format },
    sql: selectOf(model, options),
    partitionBy: options.byDay && hasDays(model) ? DAY_COLUMN : undefined,
  }));
  const lane = await engine.openLane();
  try {
    for (const { path: partial } of files) {
      await rm(partial, { recursive: true, force: true });
      await mkdir(path.dirname(partial), { recursive: true });
    }
    let done = 0;
    await lane.writeFiles(files, () => {
      done += 1;
      context.emit({
        ...{ type: 'step.progress', step: 'export', done, total: files.length },
        unit: 'tables',
      });
      if (context.signal.aborted) {
        throw new MedallionError('interrupted', 'interrupted');
      }
    });
    for (const { target, path: partial } of files) {
      if (options.mayReplace) {
        await rm(target, { recursive: true, force: true });
      }
      await rename(partial, target);
    }
  } catch (error) {
    throw exportError(error, targets);
  } finally {
    await lane.close();
    for (const { path: partial } of files) {
      await rm(partial, { recursive: true, force: true });
    }
  }
}

/** The rows of a table in the order of its key, each column of the type that its model says. */
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
  const order = model.key.map(ident).join(', ');
  return `select ${columns.join(', ')} from ${tableOf(model)}${where} order by ${order}`;
}

/** What is there is replaced when that was asked for, and a folder only where nothing but an export is in it. */
async function checkPlaces(targets: readonly ExportTarget[], mayReplace: boolean): Promise<void> {
  for (const { path: target } of targets) {
    const found = await stat(target).catch(() => undefined);
    if (found === undefined) {
      continue;
    }
    if (!mayReplace) {
      throw new MedallionError('usage', `${target} is there already`, {
        hint: 'Nothing was written. --force replaces it, --out names another place.',
      });
    }
    const names = found.isDirectory() ? await readdir(target) : [];
    const isExport = names.length > 0 && names.every((name) => name.startsWith(`${DAY_COLUMN}=`));
    if (found.isDirectory() && !isExport) {
      throw new MedallionError('usage', `${target} is a folder, and not one of an export by day`, {
        hint: 'Nothing was written. --out names the file of one table.',
      });
    }
  }
}

function exportError(error: unknown, targets: readonly ExportTarget[]): unknown {
  const message = messageOf(error);
  if (/relation .* does not exist|schema .* does not exist/i.test(message)) {
    return new MedallionError('not_found', 'there are no such tables yet', {
      hint: 'medallion promote makes and fills them.',
      cause: error,
    });
  }
  if (error instanceof MedallionError && error.code === 'denied') {
    return new MedallionError('denied', message.replace('the promotion', 'the export'), {
      hint: 'medallion db grant reader USER, as the owner of the database, lets a user read silver and gold.',
      cause: error,
    });
  }
  const isOfFiles =
    error instanceof Error &&
    ('syscall' in error || /IO Error|Cannot open file/.test(message)) &&
    !(error instanceof MedallionError);
  return isOfFiles ? storageError(targets[0]?.path ?? '.', error) : error;
}
