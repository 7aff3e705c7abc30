import { readdirSync } from 'node:fs';
import { sqlFile } from '../sql-file.ts';
import { placeOf, type Model } from './model.ts';

/**
 * The models of the package with those of a project over them. A model of the same name is one in its place, where its
 * header says so, and keeps what others read by.
 */
export function lieOver(
  shipped: readonly Model[],
  own: readonly Model[],
  problems: string[],
): Model[] {
  for (const model of shipped.filter(({ replaces }) => replaces)) {
    problems.push(`${placeOf(model, /^replaces:/)}: replaces: there is nothing below it`);
  }
  const reserved = own.length === 0 ? new Set<string>() : reservedNames();
  for (const model of own) {
    const base = shipped.find(({ id }) => id === model.id);
    if (base === undefined) {
      if (model.replaces) {
        problems.push(
          `${placeOf(model, /^replaces:/)}: replaces: medallion has no ${model.id} to replace`,
        );
      } else if (reserved.has(model.id)) {
        problems.push(
          `${model.file}:1: ${model.id} is a table of medallion's own: rename the file`,
        );
      }
    } else if (model.replaces) {
      problems.push(...lost(model, base, shipped));
    } else {
      problems.push(
        `${model.file}:1: medallion has a ${model.id} already (${base.file}): rename the file, or say "replaces: true" in its header`,
      );
    }
  }
  return [...shipped.filter(({ id }) => !own.some((model) => model.id === id)), ...own];
}

/** What others read a model by, and its replacement lacks: reports, dashboards and other models rely on it. */
function* lost(model: Model, base: Model, shipped: readonly Model[]): Generator<string> {
  const place = (pattern: RegExp): string => placeOf(model, pattern);
  if (model.key.join() !== base.key.join()) {
    yield `${place(/^key:/)}: key: (${model.key.join(', ')}) is to be (${base.key.join(', ')}), by which ${base.id} is read`;
  }
  if ((model.load === 'view') !== (base.load === 'view') || model.window !== base.window) {
    yield `${place(/^load:/)}: load and window: are to be of a kind with those of ${base.file} (${base.load})`;
  }
  for (const { name, type, nullable } of base.columns) {
    const column = model.columns.find((one) => one.name === name);
    const readers = shipped
      .filter(({ id, inputs, sql }) => {
        const names = new RegExp(`\\b${name}\\b`);
        return id !== base.id && inputs.includes(base.id) && names.test(sql);
      })
      .map(({ id }) => id);
    const who = [...readers, 'reports and dashboards'].join(', ');
    if (column === undefined) {
      yield `${place(/^columns:/)}: columns: "${name}" is missing, which ${base.id} has (${type}) for ${who}`;
    } else if (column.type !== type || (column.nullable && !nullable)) {
      const wanted = `${type}${nullable ? '' : ', never null'}`;
      yield `${place(new RegExp(`^\\s+${name}:`))}: columns.${name}: is to be ${wanted}, as ${base.id} has it for ${who}`;
    }
  }
}

/** Tables and views of silver and gold that migrations make. */
function reservedNames(): ReadonlySet<string> {
  const made = /\b(?:table|view)\s+(?:if not exists\s+)?((?:silver|gold)\.[a-z_0-9]+)/g;
  const files = readdirSync(new URL('../../sql/migrations/', import.meta.url));
  return new Set(
    files
      .filter((file) => file.endsWith('.sql'))
      .flatMap((file) => [...sqlFile(`migrations/${file.replace(/\.sql$/, '')}`).matchAll(made)])
      .map(([, name = '']) => name),
  );
}
