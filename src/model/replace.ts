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
    problems.push(
      `${placeOf(model, /^replaces:/)}: replaces: only a model of a project can replace another`,
    );
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
        problems.push(`${model.file}:1: medallion itself has a table ${model.id}: rename the file`);
      }
    } else if (model.replaces) {
      problems.push(...lost(model, base, shipped));
    } else {
      problems.push(
        `${model.file}:1: medallion has a ${model.id} already (${base.file}): rename the file, or add "replaces: true" to its header`,
      );
    }
  }
  return [...shipped.filter(({ id }) => !own.some((model) => model.id === id)), ...own];
}

/** What others read a model by, and its replacement lacks: reports, dashboards and other models rely on it. */
function* lost(model: Model, base: Model, shipped: readonly Model[]): Generator<string> {
  const place = (pattern: RegExp): string => placeOf(model, pattern);
  if (model.key.join() !== base.key.join()) {
    yield `${place(/^key:/)}: key: (${model.key.join(', ')}) must be (${base.key.join(', ')}), by which other models and reports read ${base.id}`;
  }
  if ((model.load === 'view') !== (base.load === 'view') || model.window !== base.window) {
    yield `${place(/^load:/)}: load and window: must be of the same kind as in ${base.file} (${base.load})`;
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
      yield `${place(/^columns:/)}: columns: "${name}" (${type}) is missing: ${who} need it of ${base.id}`;
    } else if (column.type !== type || (column.nullable && !nullable)) {
      const wanted = `${type}${nullable ? '' : ', never null'}`;
      yield `${place(new RegExp(`^\\s+${name}:`))}: columns.${name}: must be ${wanted}: ${who} need it so`;
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
