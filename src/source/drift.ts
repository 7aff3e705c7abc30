import { parseJson, type Json } from '../event/json.ts';
import { pathsRead } from './drop.ts';
import {
  EACH,
  extraFields,
  ITEM_FIELDS,
  itemPath,
  ORDER_FIELDS,
  pathsOf,
  REJECTED,
  type Field,
  type Path,
  type Rule,
  type Source,
} from './mapping.ts';
import { placeOf, showPath } from './path.ts';
import { isOfSource } from './where.ts';

/** How the records of a source differ from what its mapping expects: seen, and never a reason to stop. */
export interface Drift {
  /** Fields of the records that the mapping does not read, and how many records have each. */
  readonly unmapped: readonly { readonly field: string; readonly records: number }[];
  /** Fields of the mapping of which no record has any path, as {word: order.tax, paths: total_tax}; of `drop` each path. */
  readonly vanished: readonly { readonly word: string; readonly paths: string }[];
}

/** A record that its source reads; undefined where it is none, or rows of CSV that are no order. */
function recordOf(source: Source, value: string): Json | undefined {
  try {
    const record = parseJson(value);
    const isOrder = source.csv === undefined || !(record instanceof Map && record.has(REJECTED));
    return isOrder && isOfSource(source, record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** What a mapping reads: by its word, the paths of which the first that is there counts. */
interface Wanted {
  readonly word: string;
  readonly paths: readonly Path[];
}

/** The places of some records: how many records have each, and whether any has what is at a path. */
function placesOf(records: readonly Json[]): {
  readonly counts: ReadonlyMap<string, number>;
  readonly isThere: (path: Path) => boolean;
} {
  const counts = new Map<string, number>();
  /** Places that hold others. */
  const parents = new Set<string>();
  for (const record of records) {
    for (const [place, path] of leavesOf(record)) {
      if (!counts.has(place)) {
        above(path).forEach((parent) => parents.add(parent));
      }
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
  }
  // Of what is null, or an empty list, in every record, nobody knows what it would hold.
  const isEmpty = (place: string): boolean => counts.has(place) && !parents.has(place);
  const isThere = (path: Path): boolean => {
    const place = placeOf(path);
    return counts.has(place) || parents.has(place) || above(path).some(isEmpty);
  };
  return { counts, isThere };
}

/** @param values records as bronze has them; those that are not of the source say nothing of it */
export function driftOf(source: Source, values: readonly string[]): Drift {
  const records = values.flatMap((value) => recordOf(source, value) ?? []);
  const { counts, isThere } = placesOf(records);
  const wanted = wantedBy(source);
  const read = new Set(pathsRead(source).flatMap(([, path]) => [placeOf(path), ...above(path)]));
  return {
    unmapped: [...counts]
      .filter(([place]) => !read.has(place))
      .map(([field, count]) => ({ field, records: count }))
      .sort((a, b) => b.records - a.records || (a.field < b.field ? -1 : 1)),
    vanished: wanted
      .filter(({ paths }) => records.length > 0 && paths.length > 0 && !paths.some(isThere))
      .map(({ word, paths }) => ({ word, paths: paths.map((path) => showPath(path)).join(', ') })),
  };
}

/**
 * Fields that a source drops and no record has: they may be misspelled, and what they mean is stored.
 * @param values records as they were received, before anything was dropped
 */
export function undroppedBy(source: Source, values: readonly string[]): Drift['vanished'] {
  const records = values.flatMap((value) => recordOf(source, value) ?? []);
  const { isThere } = placesOf(records);
  return source.drop
    .filter((path) => records.length > 0 && !isThere(path))
    .map((path) => ({ word: DROP, paths: showPath(path) }));
}

/** The word of a mapping for what is never stored. */
export const DROP = 'drop';

function wantedBy(source: Source): Wanted[] {
  const { order, lines, items } = source;
  const of = (section: string, fields: readonly Field[], rules: ReadonlyMap<string, Rule>) =>
    fields.flatMap(({ word, path }): Wanted[] => {
      const rule = rules.get(path);
      return rule === undefined ? [] : [{ word: `${section}.${word}`, paths: pathsOf(rule) }];
    });
  return [
    ...of('order', ORDER_FIELDS, order),
    ...of('extra', extraFields({ order }), order),
    { word: 'items.from', paths: [lines] },
    ...of('items', ITEM_FIELDS, items).map(({ word, paths }) => ({
      word,
      paths: paths.map((path) => itemPath(source, path)),
    })),
  ];
}

/** The places on the way to one. */
function above(path: Path): string[] {
  return path.slice(1).map((_, index) => placeOf(path.slice(0, index + 1)));
}

/** The places of a record that hold a value, nothing, or an empty list, each once, and a path to each. */
function leavesOf(record: Json): Map<string, Path> {
  const leaves = new Map<string, Path>();
  const open: { readonly at: Path; readonly value: Json }[] = [{ at: [], value: record }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { at, value } = next;
    if (value instanceof Map && value.size > 0) {
      for (const [name, member] of value) {
        open.push({ at: [...at, name], value: member });
      }
    } else if (Array.isArray(value) && value.length > 0) {
      for (const element of value) {
        open.push({ at: [...at, EACH], value: element });
      }
    } else if (at.length > 0) {
      leaves.set(showPath(at), at);
    }
  }
  return leaves;
}
