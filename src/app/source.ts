import type { Config } from '../config.ts';
import type { Disagreement, Outcome } from '../engine/duckdb/records.ts';
import type { EngineRow } from '../engine/engine.ts';
import type { NewMember } from '../event/new-members.ts';
import { MedallionError } from '../errors.ts';
import { allModels } from '../model/load.ts';
import type { Model } from '../model/model.ts';
import { readSourceRecords, type Dimensions, type TopicCounts } from '../query/sources.ts';
import type { StageContext } from '../progress.ts';
import { driftOf, undroppedBy, type Drift } from '../source/drift.ts';
import type { Source, Sources } from '../source/mapping.ts';
import { loadSources } from '../source/read.ts';
import { unfinishedFields } from '../source/unfinished.ts';
import { contextOf, readSnapshot, type CallOptions } from './call.ts';
import { readFiles, type PlacedRecord } from './records.ts';

/**
 * The source of a name.
 * @throws MedallionError usage
 */
export function findSource(sources: Sources, name: string): Source {
  const source = sources.get(name);
  if (source === undefined) {
    const known = [...sources.keys()].join(', ');
    throw new MedallionError('usage', `there is no source ${name}`, {
      hint: `There are ${known}. To add your own, write sources/${name}.yaml beside medallion.yaml, or draft it: medallion source init --name ${name} --from FILE`,
    });
  }
  return source;
}

/** What the warehouse has of a source. */
export interface SourceListing {
  readonly name: string;
  /** Undefined where its file is not there any more. */
  readonly source: Source | undefined;
  readonly topics: readonly TopicCounts[];
  /** How many of the latest records were looked at for drift. */
  readonly sampled: number;
  readonly drift: Drift | undefined;
}

/**
 * Every source of the package and of the project, and what the warehouse has of each.
 * @throws MedallionError config, unreachable, denied
 */
export async function listSources(
  config: Config,
  { most, ...options }: Omit<SourceTestRequest, 'name'>,
): Promise<SourceListing[]> {
  const sources = loadSources(config.project);
  const found = await readSnapshot(config, options, (client) =>
    readSourceRecords(client, undefined, most, sources),
  );
  return [...found].map(([name, { topics, latest }]) => {
    const source = sources.get(name);
    const values = latest.map(({ value }) => value);
    return {
      ...{ name, source, topics, sampled: latest.length },
      drift: source && driftOf(source, values),
    };
  });
}

/** Records that are rejected for the same reason at the same field, the lines of an order as one field. */
export interface RejectedGroup {
  readonly reason: string;
  readonly field: string | null;
  readonly records: number;
  /** Where the first of them stands, and what was found there. */
  readonly example: string;
  readonly detail: string;
}

/** What becomes of a record, and where it stands. */
export type PlacedOutcome = { readonly place: string } & Outcome;

/** What a mapping makes of some records. */
export interface SourceTest {
  readonly source: Source;
  /** Of each record, in their order. */
  readonly outcomes: readonly PlacedOutcome[];
  readonly records: number;
  readonly read: number;
  readonly skipped: number;
  readonly rejected: number;
  /** Records that DuckDB left to the judge. */
  readonly judged: number;
  /** Fields that still hold what a draft has for them. */
  readonly unfinished: readonly string[];
  readonly groups: readonly RejectedGroup[];
  /** Rows that a promotion would add to dimensions. */
  readonly added: readonly NewMember[];
  readonly disagreements: readonly (Disagreement & { readonly place: string })[];
  /** By event type and currency: sums, and how many totals add up. */
  readonly amounts: readonly EngineRow[];
  /** Orders whose total does not, the first ones. */
  readonly oddTotals: readonly (EngineRow & { readonly place: string })[];
  readonly drift: Drift;
}

export interface SourceTestRequest extends CallOptions {
  readonly name: string;
  /** How many records at most: the first ones of files, the latest of bronze. */
  readonly most: number;
}

/**
 * Maps records of files by both readers, DuckDB alone; no warehouse is needed.
 * @throws MedallionError usage, config, input
 */
export async function testSourceOnFiles(
  { project }: Pick<Config, 'project'>,
  { name, most, ...options }: SourceTestRequest,
  files: readonly string[],
): Promise<SourceTest> {
  const source = findSource(loadSources(project), name);
  const context = contextOf(options);
  const records = await readFiles(source, files, most, context);
  if (records.length === 0) {
    throw new MedallionError('input', `no records in ${files.join(', ')}`);
  }
  const test = await testRecords(source, allModels(project), records, {});
  const undropped = await undroppedIn(source, files, most, context);
  return { ...test, drift: { ...test.drift, vanished: [...test.drift.vanished, ...undropped] } };
}

/** What a source drops and no record of files has: they are read once more, with what is dropped. */
async function undroppedIn(
  source: Source,
  files: readonly string[],
  most: number,
  context: StageContext,
): Promise<Drift['vanished']> {
  if (source.drop.length === 0) {
    return [];
  }
  const quiet = { ...context, emit: () => undefined };
  const records = await readFiles({ ...source, drop: [] }, files, most, quiet);
  return undroppedBy(
    source,
    records.flatMap((record) => ('value' in record ? [record.value] : [])),
  );
}

/**
 * The same with the latest records that bronze has of the source, and the dimensions of the warehouse.
 * @throws MedallionError usage, config, not_found, unreachable, denied
 */
export async function testSourceOnBronze(
  config: Config,
  { name, most, ...options }: SourceTestRequest,
): Promise<SourceTest> {
  const sources = loadSources(config.project);
  const source = findSource(sources, name);
  const found = await readSnapshot(config, options, (client) =>
    readSourceRecords(client, name, most, sources),
  );
  const { latest = [], dimensions = {} } = found.get(name) ?? {};
  if (latest.length === 0) {
    throw new MedallionError('not_found', `bronze has no records of the source ${name}`, {
      hint: `To test a file: medallion source test ${name} FILE. To ingest it: medallion ingest --source ${name} --from FILE`,
    });
  }
  return testRecords(source, allModels(config.project), latest, dimensions);
}

/** The check of silver that tells whether the total of an order adds up. */
function totalsCheck(models: readonly Model[]): string {
  const facts = models.find(({ id }) => id === 'silver.fact_transactions');
  const check = facts?.checks.find(
    ({ that }) => that.includes('order_total_amount') && that.includes('order_subtotal'),
  );
  return check?.that ?? 'true';
}

/** Maps records by both readers. @param warehouse its dimensions, where it is known */
export async function testRecords(
  source: Source,
  models: readonly Model[],
  records: readonly PlacedRecord[],
  warehouse: Dimensions,
): Promise<SourceTest> {
  const [{ openDetached }, { readRecords }, { dimensionsOf }] = await Promise.all([
    import('../engine/duckdb/detached.ts'),
    import('../engine/duckdb/records.ts'),
    import('../engine/source-test.ts'),
  ]);
  const dimensions = dimensionsOf(models, {}, warehouse);
  if ('problem' in dimensions) {
    throw new Error(dimensions.problem);
  }
  const readable = records.filter((record) => 'value' in record);
  const values = readable.map(({ value }) => value);
  const engine = await openDetached();
  const given = { records: values, dimensions };
  const found = await readRecords(engine, source, given, totalsCheck(models)).finally(() => {
    engine.close();
  });
  const placeOf = (record: number): string => readable[record]?.place ?? '';
  let next = 0;
  const outcomes = records.map((record): PlacedOutcome => {
    const { place } = record;
    if ('value' in record) {
      const outcome = found.outcomes[next] ?? { kind: 'skipped' };
      next += 1;
      return { place, ...outcome };
    }
    const { reason, detail } = record;
    return { ...{ place, kind: 'rejected', reason, field: null, detail } };
  });
  const count = (kind: Outcome['kind']): number =>
    outcomes.filter((outcome) => outcome.kind === kind).length;
  return {
    ...{ source, outcomes, records: outcomes.length },
    ...{ read: count('read'), skipped: count('skipped'), rejected: count('rejected') },
    judged: found.judged,
    unfinished: unfinishedFields(source),
    groups: groupsOf(outcomes.filter((outcome) => outcome.kind === 'rejected')),
    disagreements: found.disagreements.map((one) => ({ ...one, place: placeOf(one.record) })),
    ...{ added: found.added, amounts: found.amounts },
    oddTotals: found.oddTotals.map(({ record, ...row }) =>
      Object.assign({}, row, { place: placeOf(Number(record)) }),
    ),
    drift: driftOf(source, values),
  };
}

function groupsOf(
  rejected: readonly Extract<PlacedOutcome, { readonly kind: 'rejected' }>[],
): RejectedGroup[] {
  const groups = new Map<string, RejectedGroup>();
  for (const { reason, field, place, detail } of rejected) {
    const path = field?.replaceAll(/\[\d+\]/g, '[]') ?? null;
    const key = JSON.stringify([reason, path]);
    const known = groups.get(key) ?? {
      ...{ reason, field: path, records: 0, example: place, detail },
    };
    groups.set(key, { ...known, records: known.records + 1 });
  }
  return [...groups.values()].sort((a, b) => b.records - a.records);
}
