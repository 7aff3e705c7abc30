import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import { sparkRemote } from '../config/spark.ts';
import type { DetachedEngine } from '../engine/duckdb/detached.ts';
import type { Disagreement } from '../engine/duckdb/records.ts';
import type { Difference } from '../engine/model-test.ts';
import type { checkModels as checkWith } from '../engine/spark/check.ts';
import { codeOf, MedallionError, messageOf, throwIfInterrupted, usageError } from '../errors.ts';
import { allModels } from '../model/load.ts';
import type { Model } from '../model/model.ts';
import { counted } from '../number.ts';
import type { Sources } from '../source/mapping.ts';
import { loadSources } from '../source/read.ts';
import type { CallOptions } from './call.ts';
import { recordsOf } from './records.ts';

/** How one case of a test file came out. */
export interface TestResult {
  /** What is tested, as schema.name. */
  readonly of: string;
  readonly file: string;
  /** The case; undefined where the file itself cannot be run. */
  readonly name: string | undefined;
  readonly passed: boolean;
  /** Why it could not be run. */
  readonly problem: string | undefined;
  readonly differences: readonly Difference[];
}

interface TestFile {
  /** The folder below tests/, which says what kind of test it is. */
  readonly folder: string;
  readonly name: string;
  /** folder.name: what it tests. */
  readonly id: string;
  readonly path: string;
  /** For messages. */
  readonly shown: string;
}

/** Why a file, or a case of it, cannot be run. */
interface Problem {
  readonly problem: string;
}

/** Runs the cases of a file, given what its YAML says. */
type Kind = (file: TestFile, yaml: unknown) => Promise<readonly TestResult[] | Problem>;

const PACKAGE = fileURLToPath(new URL('../../test/', import.meta.url));

/**
 * Runs the tests of the project and of the package in DuckDB; no warehouse is needed.
 * @param names schema.name, or the name alone; all tests where there are none
 * @throws MedallionError usage, where a name has no test; model
 */
export async function runTests(
  { project }: Pick<Config, 'project'>,
  names: readonly string[],
  { signal }: CallOptions = {},
): Promise<readonly TestResult[]> {
  const models = allModels(project);
  const sources = loadSources(project);
  // What stands in the place of a model, or of a source, has its own test.
  const replaced = new Set([
    ...models.filter(({ replaces }) => replaces).map(({ id }) => id),
    ...[...sources.values()]
      .filter(({ replaces }) => replaces)
      .map(({ name }) => `${SOURCES}.${name}`),
  ]);
  const own = project === undefined ? [] : filesBelow(path.join(project, 'tests'), 'tests');
  const shipped = [
    ...filesBelow(path.join(PACKAGE, 'models'), 'test/models'),
    ...filesBelow(path.join(PACKAGE, SOURCES), `test/${SOURCES}`, SOURCES),
  ].filter(({ id }) => !replaced.has(id));
  const files = [...own, ...shipped];
  const unknown = names.find((name) => !files.some((file) => isNamed(file, name)));
  if (unknown !== undefined) {
    throw usageError(
      `there is no test of ${unknown}`,
      'A test is tests/silver/<model>.yaml, tests/gold/<model>.yaml or tests/sources/<source>.yaml in the project.',
    );
  }
  const chosen = files.filter(
    (file) => names.length === 0 || names.some((name) => isNamed(file, name)),
  );
  const { openDetached } = await import('../engine/duckdb/detached.ts');
  const engine = await openDetached();
  try {
    const ofModels = modelTests(models, engine);
    /** By the folder of tests/ that they lie in. */
    const kinds: Readonly<Record<string, Kind>> = {
      ...{ silver: ofModels, gold: ofModels },
      [SOURCES]: sourceTests(sources, models, engine),
    };
    const results: TestResult[] = [];
    for (const file of chosen) {
      if (signal !== undefined) {
        throwIfInterrupted(signal);
      }
      const kind = kinds[file.folder];
      const found = kind === undefined ? strayProblem(kinds) : await runFile(file, kind);
      results.push(...('problem' in found ? [resultOf(file, undefined, found.problem)] : found));
    }
    return results;
  } finally {
    engine.close();
  }
}

const SOURCES = 'sources';

function isNamed({ id, name }: TestFile, wanted: string): boolean {
  return wanted === name || wanted === id;
}

function resultOf(
  file: TestFile,
  name: string | undefined,
  problem: string | undefined,
  differences: readonly Difference[] = [],
): TestResult {
  const passed = problem === undefined && differences.length === 0;
  return { of: file.id, file: file.shown, name, passed, problem, differences };
}

function strayProblem(kinds: Readonly<Record<string, Kind>>): Problem {
  const folders = Object.keys(kinds).map((folder) => `tests/${folder}`);
  return { problem: `a test must be in ${folders.join(', ')}` };
}

async function runFile(file: TestFile, kind: Kind): Promise<readonly TestResult[] | Problem> {
  const { parse } = await import('yaml');
  let yaml: unknown;
  try {
    yaml = parse(readFileSync(file.path, 'utf8'));
  } catch (error) {
    return { problem: messageOf(error) };
  }
  return kind(file, yaml);
}

/** Tests of models: rows given, rows expected. */
function modelTests(models: readonly Model[], engine: DetachedEngine): Kind {
  return async (file, yaml) => {
    const model = models.find(({ id }) => id === file.id);
    if (model === undefined) {
      return { problem: `there is no model ${file.id}` };
    }
    const { readCases, runCase } = await import('../engine/model-test.ts');
    const cases = readCases(yaml);
    if ('problem' in cases) {
      return cases;
    }
    const results: TestResult[] = [];
    for (const one of cases) {
      const session = await engine.openSession();
      try {
        const found = await runCase(session, models, model, one);
        results.push(
          'problem' in found
            ? resultOf(file, one.name, found.problem)
            : resultOf(file, one.name, undefined, found),
        );
      } catch (error) {
        // The select, or a value given to it, is not understood: that is what a test is for.
        results.push(resultOf(file, one.name, messageOf(error)));
      } finally {
        await session.close();
      }
    }
    return results;
  };
}

/** Tests of sources: records given, and what becomes of each. */
function sourceTests(sources: Sources, models: readonly Model[], engine: DetachedEngine): Kind {
  return async (file, yaml) => {
    const source = sources.get(file.name);
    if (source === undefined) {
      return { problem: `there is no source ${file.name}` };
    }
    const [{ differencesOf, dimensionsOf, readSourceCases, rowsWith }, { readRecords }] =
      await Promise.all([
        import('../engine/source-test.ts'),
        import('../engine/duckdb/records.ts'),
      ]);
    const cases = readSourceCases(yaml);
    if ('problem' in cases) {
      return cases;
    }
    try {
      const dimensions = dimensionsOf(models, rowsWith(cases));
      if ('problem' in dimensions) {
        return { problem: dimensions.problem };
      }
      const records = await recordsOf(
        source,
        cases.map(({ given }) => given),
      );
      if (records.length !== cases.length) {
        const found = counted(records.length, 'order');
        return { problem: `${found} in ${counted(cases.length, 'case')}: each case must give one` };
      }
      const read = await readRecords(engine, source, { records, dimensions });
      return cases.map(({ name, expect }, index) => {
        const outcome = read.outcomes[index];
        const differences = outcome === undefined ? [] : differencesOf(expect, outcome);
        const disagreement = read.disagreements.find(({ record }) => record === index);
        return resultOf(file, name, disagreement && disagreementIn(disagreement), differences);
      });
    } catch (error) {
      return { problem: messageOf(error) };
    }
  };
}

function disagreementIn({ column, duckdb, judge }: Disagreement): string {
  return `DuckDB and the judge read ${column} differently: ${duckdb ?? 'null'}, ${judge ?? 'null'}`;
}

/**
 * @param folder which they lie in below tests/, where it is not one of the directory
 */
function filesBelow(directory: string, shown: string, folder?: string): TestFile[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file))
      .sort()
      .map((file) => {
        const kind = folder ?? path.dirname(file);
        const name = path.basename(file).replace(/\.ya?ml$/, '');
        return {
          ...{ folder: kind, name, id: `${kind}.${name}`, path: path.join(directory, file) },
          shown: path.posix.join(shown, ...file.split(path.sep)),
        };
      });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw new MedallionError('config', `cannot read ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Has the cluster that the settings name analyse the select of every model that it would compute.
 * @throws MedallionError config, unreachable, denied
 */
export async function checkModels(
  { spark }: Pick<Config, 'spark'>,
  models: readonly Model[],
): ReturnType<typeof checkWith> {
  const remote = sparkRemote(spark);
  // Loaded where it is wanted.
  const check = await import('../engine/spark/check.ts');
  return check.checkModels(remote, models);
}
