import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { over } from '../model/load.ts';
import { isByDay, measuresOf, type Model } from '../model/model.ts';
import { temporary, type Publication, type TemporaryTable } from '../postgres/publisher.ts';
import { columnList, ident } from '../postgres/quote.ts';
import { columnsOf, tableOf } from '../schema/tables.ts';
import { same, valuesOf } from './loading.ts';
import { statement, statements } from '../sql-file.ts';

/**
 * How an additive mart follows the rows that it reads. What it gains and loses by a promotion is its delta: key and
 * measures, of what was added less those of what was taken away. Each cell of the delta is looked up by its key, so the
 * cost follows these cells, whatever the table holds. All are exact sums, so the table equals what its select makes of
 * everything.
 */

/** The days whose cells are computed whole: they are not known to be current, so what they hold is taken away first. */
export const STALE_DAYS = 'stale_days';

const IS_STALE = `date_key in (select date_key from ${temporary(STALE_DAYS)})`;

const nameOf = {
  delta: ({ name }: Model) => `delta_${name}`,
  before: ({ name }: Model) => `before_${name}`,
  after: ({ name }: Model) => `after_${name}`,
  sourceBefore: ({ name }: Model) => `before_of_${name}`,
  sourceAfter: ({ name }: Model) => `after_of_${name}`,
};

/** The key and the measures of an additive mart, which its delta consists of. */
export function deltaTable(model: Model): TemporaryTable {
  const columns = [...keyColumns(model), ...measuresOf(model)];
  return { name: nameOf.delta(model), columns: columns.map(({ name, type }) => ({ name, type })) };
}

/** The rows of a mart that a promotion is about to leave, those that changed. */
export function changedRows(model: Model): string {
  return temporary(nameOf.after(model));
}

function keyColumns({ columns, key }: Model): Model['columns'] {
  return columns.filter(({ name }) => key.includes(name));
}

/** What the files of sql/publish say of an additive mart. */
function additiveValues(model: Model): Record<string, string> {
  const measures = measuresOf(model);
  const list = (write: (measure: Model['columns'][number]) => string): string =>
    measures.map(write).join(', ');
  return {
    ...valuesOf(model),
    name: ident(model.name),
    count: ident(model.count ?? ''),
    delta: temporary(nameOf.delta(model)),
    before: temporary(nameOf.before(model)),
    after: changedRows(model),
    measures: list(({ name }) => ident(name)),
    negated: list(({ name }) => `-${ident(name)} as ${ident(name)}`),
    sums: list(({ name, type }) => `cast(sum(${ident(name)}) as ${type}) as ${ident(name)}`),
    derived: model.columns
      .map(({ name, type, derived }) =>
        derived === undefined ? ident(name) : `cast(${derived} as ${type}) as ${ident(name)}`,
      )
      .join(', '),
  };
}

/** The statement that takes what a mart holds of stale days away in its delta. */
export function subtractStale(model: Model): string {
  return statement('publish/additive_stale', additiveValues(model));
}

/**
 * The statement that fills the empty table of a mart.
 * @param cells all its cells, each once: a table, or a select in parentheses
 */
export function fillStatement(model: Model, cells: string): string {
  return statement('publish/additive_fill', { ...additiveValues(model), cells });
}

/**
 * The rows of the mart it reads that a mart is summed over, as they are and as they were, where these are more than the
 * cells that have changed: `within` some columns the rows are taken whole, and so are those of stale days. None of a
 * stale day are taken away: the mart's own cells are, by `subtractStale`.
 */
export function sourceRows(
  model: Model,
  source: Model,
  hasStale: boolean,
): { name: string; select: string }[] {
  const isDaily = hasStale && isByDay(model) && isByDay(source);
  if (model.within.length === 0 && !isDaily) {
    return [];
  }
  const columns = columnsOf(source);
  const delta = temporary(nameOf.delta(source));
  const after = nameOf.sourceAfter(model);
  const fresh = isDaily ? `not ${IS_STALE}` : 'true';
  const changed =
    model.within.length === 0
      ? `select ${columns} from ${changedRows(source)}`
      : statement('publish/additive_rows_within', {
          'source columns': columns,
          source: tableOf(source),
          'source delta': delta,
          within: columnList(model.within),
          't.within = k.within': same('t', 'k', model.within),
        });
  const stale = `select ${columns} from ${tableOf(source)} where ${IS_STALE}`;
  return [
    { name: after, select: `${changed} where ${fresh}${isDaily ? ` union all ${stale}` : ''}` },
    {
      name: nameOf.sourceBefore(model),
      select: statement('publish/additive_source_before', {
        ...{ columns, fresh, delta, after: temporary(after) },
        before: temporary(nameOf.before(source)),
        'd.key = t.key': same('d', 't', source.key),
      }),
    },
  ];
}

/** The delta of a mart over another one: its select over that one's rows as they are, less over those as they were. */
export function deltaOver(model: Model, source: Model, rows: readonly { name: string }[]): string {
  const [after, before] =
    rows.length === 0
      ? [nameOf.after(source), nameOf.before(source)]
      : [nameOf.sourceAfter(model), nameOf.sourceBefore(model)];
  return statement('publish/additive_delta', {
    ...additiveValues(model),
    'select over added': over(model.sql, source.id, temporary(after)),
    'select over removed': over(model.sql, source.id, temporary(before)),
  });
}

/** The cells of a mart's delta as its table holds them now. */
export function cellsBefore(model: Model): { name: string; select: string } {
  return {
    name: nameOf.before(model),
    select: statement('publish/additive_before', additiveValues(model)),
  };
}

/** The same cells as they will be; those that nothing is behind any more are left out. */
export function cellsAfter(model: Model): { name: string; select: string } {
  return {
    name: nameOf.after(model),
    select: statement('publish/additive_after', additiveValues(model)),
  };
}

/** The statements that leave the table with the cells as they will be. */
export function mergeStatements(model: Model): string[] {
  return statements('publish/additive_merge', additiveValues(model));
}

/**
 * Brings a mart to where its delta says, which is in the transaction by now.
 * @returns how many cells the delta has, and how many of them are left
 * @throws MedallionError check_failed when more would be taken away than there is
 */
export async function mergeDelta(
  transaction: Publication,
  model: Model,
): Promise<{ read: number; written: number }> {
  for (const { name, select } of [cellsBefore(model), cellsAfter(model)]) {
    await transaction.keepTemporary(name, select);
  }
  const [row] = await transaction.query<{ read: string; written: string; negative: string }>(
    statement('publish/additive_counts', additiveValues(model)),
  );
  if (row?.negative !== '0') {
    throw new MedallionError(
      'check_failed',
      `${model.id} does not have what was promoted before: ${row?.negative ?? ''} of its rows would count less than zero`,
      {
        hint: `Gold stays unchanged. Somebody changed the table by hand. To rebuild it: medallion promote --full-refresh --select ${model.name}`,
      },
    );
  }
  await transaction.execute(...mergeStatements(model));
  return { read: Number(row.read), written: Number(row.written) };
}

/** SQLSTATEs of what a select, or an expression, does wrong. */
const WRONG_SQL = /^(22|23|42(?!501)|0A|2[0-9])/;

/** The failure of a statement that is made of a mart's own SQL, which names the mart; any other passes. */
export function modelError(model: Model, error: unknown): unknown {
  return WRONG_SQL.test(codeOf(error) ?? '')
    ? new MedallionError('model', `${model.file}: ${messageOf(error)}`, {
        hint: 'Its select, or a derived column, does not match its header, or PostgreSQL does not understand it. None of this was published.',
        cause: error,
      })
    : error;
}

/** The measures of an additive mart, negated, as its select would give them. */
export function negated(model: Model): string {
  const { key, negated: measures } = additiveValues(model);
  return `select ${key ?? ''}, ${measures ?? ''} from (${model.sql}) as removed`;
}

/** Whether a mart is summed from facts by an engine; another one from a mart, by PostgreSQL. */
export function isOverFacts({ load, sources }: Model): boolean {
  return load === 'additive' && !sources.some((id) => id.startsWith('gold.'));
}

/** The mart that an additive mart over a mart reads. */
export function sourceOf(model: Model, marts: readonly Model[]): Model | undefined {
  return marts.find(({ id }) => model.sources.includes(id));
}

/**
 * A select of the sum of several deltas, in the order of the mart's key.
 * @param isWhole leaves out cells that nothing is behind
 */
export function summed(model: Model, rows: string, isWhole: boolean): string {
  const sums = measuresOf(model).map(({ name }) => `sum(${ident(name)}) as ${ident(name)}`);
  const names = keyColumns(model).map(({ name }) => ident(name));
  const key = columnList(model.key);
  const having = isWhole ? ` having sum(${ident(model.count ?? '')}) <> 0` : '';
  return `select ${[...names, ...sums].join(', ')} from (${rows}) as deltas group by ${names.join(', ')}${having} order by ${key}`;
}
