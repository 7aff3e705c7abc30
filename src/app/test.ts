import type { Config } from '../config.ts';
import { sparkRemote } from '../config/spark.ts';
import type { checkModels as checkWith } from '../engine/spark/check.ts';
import type { Model } from '../model/model.ts';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine/engine.ts';
import type { Difference } from '../engine/model-test.ts';
import { codeOf, MedallionError, messageOf, throwIfInterrupted } from '../errors.ts';
import { allModels } from '../model/load.ts';
import type { CallOptions } from './call.ts';

/** How one case of a test file came out. */
export interface TestResult {
  /** What is tested, as schema.name. */
  readonly of: string;
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  /** Why it could not be run. */
  readonly problem: string | undefined;
  readonly differences: readonly Difference[];
}

interface TestFile {
  /** The folder below tests/, which says what kind of test it is. */
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  /** For messages. */
  readonly shown: string;
}

type Kind = (file: TestFile) => Promise<readonly TestResult[]>;

const PACKAGE = fileURLToPath(new URL('../../test/models/', import.meta.url));

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
  const own = project === undefined ? [] : filesBelow(path.join(project, 'tests'), 'tests');
  const shipped = filesBelow(PACKAGE, 'test/models').filter(
    // What stands in the place of a model has its own test.
    ({ folder, name }) =>
      !models.some(({ id, replaces }) => replaces && id === `${folder}.${name}`),
  );
  const files = [...own, ...shipped];
  const unknown = names.find((name) => !files.some((file) => isNamed(file, name)));
  if (unknown !== undefined) {
    throw new MedallionError('usage', `there is no test of ${unknown}`, {
      hint: 'A test of a model is tests/silver/<model>.yaml or tests/gold/<model>.yaml in the project.',
    });
  }
  const chosen = files.filter(
    (file) => names.length === 0 || names.some((name) => isNamed(file, name)),
  );
  const { openDetached } = await import('../engine/duckdb/detached.ts');
  const engine = await openDetached();
  try {
    const ofModels = modelTests(models, engine);
    /** By the folder of tests/ that they lie in. */
    const kinds: Readonly<Record<string, Kind>> = { silver: ofModels, gold: ofModels };
    const results: TestResult[] = [];
    for (const file of chosen) {
      if (signal !== undefined) {
        throwIfInterrupted(signal);
      }
      const kind = kinds[file.folder];
      results.push(
        ...(kind === undefined
          ? [
              problemOf(
                file,
                `tests lie in ${Object.keys(kinds)
                  .map((one) => `tests/${one}`)
                  .join(', ')}`,
              ),
            ]
          : await kind(file)),
      );
    }
    return results;
  } finally {
    await engine.close();
  }
}

function isNamed({ folder, name }: TestFile, wanted: string): boolean {
  return wanted === name || wanted === `${folder}.${name}`;
}

function problemOf(file: TestFile, problem: string, name = ''): TestResult {
  return {
    ...{ of: `${file.folder}.${file.name}`, file: file.shown, name },
    ...{ passed: false, problem, differences: [] },
  };
}

/** Tests of models: rows given, rows expected. */
function modelTests(
  models: ReturnType<typeof allModels>,
  engine: Pick<Engine, 'openSession'>,
): Kind {
  return async (file) => {
    const of = `${file.folder}.${file.name}`;
    const model = models.find(({ id }) => id === of);
    if (model === undefined) {
      return [problemOf(file, `there is no model ${of}`)];
    }
    const [{ parse }, { readCases, runCase }] = await Promise.all([
      import('yaml'),
      import('../engine/model-test.ts'),
    ]);
    let cases: ReturnType<typeof readCases>;
    try {
      cases = readCases(parse(readFileSync(file.path, 'utf8')));
    } catch (error) {
      return [problemOf(file, messageOf(error))];
    }
    if ('problem' in cases) {
      return [problemOf(file, cases.problem)];
    }
    const results: TestResult[] = [];
    for (const one of cases) {
      const session = await engine.openSession();
      try {
        const found = await runCase(session, models, model, one);
        results.push(
          'problem' in found
            ? problemOf(file, found.problem, one.name)
            : {
                ...{ of, file: file.shown, name: one.name, problem: undefined },
                ...{ passed: found.length === 0, differences: found },
              },
        );
      } catch (error) {
        // The select, or a value given to it, is not understood: that is what a test is for.
        results.push(problemOf(file, messageOf(error), one.name));
      } finally {
        await session.close();
      }
    }
    return results;
  };
}

function filesBelow(directory: string, shown: string): TestFile[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file))
      .sort()
      .map((file) => ({
        folder: path.dirname(file),
        name: path.basename(file).replace(/\.ya?ml$/, ''),
        path: path.join(directory, file),
        shown: path.posix.join(shown, ...file.split(path.sep)),
      }));
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
