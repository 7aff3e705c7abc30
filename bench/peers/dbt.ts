import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Database, Stand } from '../harness.ts';
import { runProcess, type Run } from '../process.ts';

const HERE = import.meta.dirname;
const REQUIREMENTS = path.join(HERE, 'requirements.txt');
const CACHE = path.join(HERE, '../../node_modules/.cache/medallion-peers');
/** Links DuckDB's postgres extension, which comes as a wheel, where DuckDB of that version looks for it. */
const LINK_EXTENSION = `
import os, sys, duckdb, duckdb_extension_postgres_scanner as wheel
version, platform = duckdb.sql("select library_version, platform from pragma_version(), pragma_platform()").fetchone()
name = "postgres_scanner.duckdb_extension"
folder = os.path.join(sys.argv[1], version, platform)
os.makedirs(folder)
os.symlink(os.path.join(os.path.dirname(wheel.__file__), "extensions", version, name), os.path.join(folder, name))
`;

/** dbt-duckdb with the project of this folder, in an environment of its own. */
export class Dbt {
  readonly #stand: Stand;
  readonly #environment: string;

  private constructor(stand: Stand, environment: string) {
    this.#stand = stand;
    this.#environment = environment;
  }

  /**
   * Makes the environment when it is first asked for, from the Python package index.
   * @throws Error that says what is missing
   */
  static async open(stand: Stand): Promise<Dbt> {
    const pinned = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
    const environment = path.join(CACHE, pinned.slice(0, 12));
    if (!existsSync(path.join(environment, 'complete'))) {
      await rm(environment, { recursive: true, force: true });
      await install(environment, stand.environment());
    }
    return new Dbt(stand, environment);
  }

  /** Reads the project, as every later run does again in part; not to be counted. */
  async parse(database: Database): Promise<void> {
    await this.#dbt('parse', database);
  }

  /** Builds, or brings up to date, all models. */
  async run(database: Database): Promise<Run> {
    await database.settle();
    return this.#dbt('run', database);
  }

  #dbt(command: string, { settings }: Database): Promise<Run> {
    const { user, password = '', host, port, database } = settings;
    return runProcess(
      path.join(this.#environment, 'bin/dbt'),
      [command, '--quiet', '--no-use-colors', '--project-dir', HERE, '--profiles-dir', HERE],
      {
        ...this.#stand.environment(),
        ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password },
        PGDATABASE: database,
        PEERS_THREADS: String(availableParallelism()),
        PEERS_EXTENSIONS: path.join(this.#environment, 'extensions'),
        DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
        DBT_VERSION_CHECK: 'false',
        DBT_TARGET_PATH: this.#stand.file('dbt-target'),
        DBT_LOG_PATH: this.#stand.file('dbt-logs'),
      },
      this.#stand.file(''),
    );
  }
}

async function install(environment: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await runProcess('python3', ['-m', 'venv', environment], env).catch((error: unknown) => {
    throw new Error(
      'dbt-duckdb runs in an environment of Python, and "python3 -m venv" did not make one.\n' +
        'Install Python 3.10 or later with it (Debian: python3 and python3-venv) and run this again.',
      { cause: error },
    );
  });
  const python = path.join(environment, 'bin/python');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await runProcess(python, [...pip, '--requirement', REQUIREMENTS], env).catch((error: unknown) => {
    throw new Error(
      `pip did not install what ${path.relative(process.cwd(), REQUIREMENTS)} names: ` +
        `${error instanceof Error ? error.message : String(error)}\n` +
        'Let pip reach a Python package index (pip config, PIP_INDEX_URL) and run this again.',
      { cause: error },
    );
  });
  await runProcess(python, ['-c', LINK_EXTENSION, path.join(environment, 'extensions')], env);
  await writeFile(path.join(environment, 'complete'), '');
}
