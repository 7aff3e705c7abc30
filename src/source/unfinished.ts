import { ITEM_FIELDS, ORDER_FIELDS, type Field, type Rule, type Source } from './mapping.ts';
import { showPath } from './path.ts';

/** Stands in a draft for a path, or a value, that nobody has found yet. */
export const UNKNOWN = '?';

/** The fields of a source that still hold what a draft has for them, by the words of its file. */
export function unfinishedFields({ order, lines, items }: Source): string[] {
  const of = (section: string, fields: readonly Field[], rules: ReadonlyMap<string, Rule>) =>
    fields
      .filter(({ path }) => isUnfinished(rules.get(path)))
      .map(({ word }) => `${section}.${word}`);
  return [
    ...of('order', ORDER_FIELDS, order),
    ...(showPath(lines) === UNKNOWN ? ['items.from'] : []),
    ...of('items', ITEM_FIELDS, items),
  ];
}

function isUnfinished(rule: Rule | undefined): boolean {
  return (
    rule !== undefined &&
    ([rule.value, rule.fallback, ...(rule.lookup?.values() ?? [])].includes(UNKNOWN) ||
      rule.paths.some((path) => showPath(path) === UNKNOWN))
  );
}
