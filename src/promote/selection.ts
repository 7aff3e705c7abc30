import { usageError } from '../errors.ts';
import type { Models } from '../model/load.ts';
import type { Model } from '../model/model.ts';

/**
 * The ids of the marts that are asked for by name, with or without their schema.
 * @throws MedallionError usage for what is no mart
 */
export function selectMarts({ silver, gold }: Models, names: readonly string[]): string[] {
  return names.map((name) => {
    const mart = gold.find(({ id, name: short }) => id === name || short === name);
    if (mart !== undefined) {
      return mart.id;
    }
    const table = silver.find(({ id, name: short }) => id === name || short === name);
    throw table === undefined
      ? usageError(`there is no mart ${name}`, `There are ${gold.map(({ id }) => id).join(', ')}.`)
      : usageError(
          `${table.id} cannot be rebuilt alone`,
          'All tables of silver are rebuilt together, from bronze: medallion promote --full-refresh',
        );
  });
}

/** The marts of some ids and those that read them, in order; all of them when no id is given. */
export function withReaders(gold: readonly Model[], ids: readonly string[]): Model[] {
  const wanted = new Set(ids);
  return gold.filter((model) => {
    const isWanted =
      ids.length === 0 || wanted.has(model.id) || model.inputs.some((input) => wanted.has(input));
    if (isWanted) {
      wanted.add(model.id);
    }
    return isWanted;
  });
}
