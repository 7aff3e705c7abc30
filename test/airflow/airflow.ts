import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.join(import.meta.dirname, '../..');
const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');
const MEDALLION = `'${process.execPath}' '${path.join(ROOT, 'bin/medallion.js')}'`;

/** What a run of a DAG came to. */
export interface DagRun {
  readonly code: number | null;
  /** Tasks by their id, in the state that they ended in. */
  readonly states: Readonly<Record<string, string>>;
  readonly output: string;
}

/** Puts Airflow into a virtual environment below the cache, once for each list of its packages; returns its folder. */
export async function installAirflow(): Promise<string> {
  const requirements = await readFile(REQUIREMENTS);
  const name = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const folder = path.join(ROOT, 'node_modules/.cache/medallion-airflow', name);
  const mark = path.join(folder, 'complete');
  if (!existsSync(mark)) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const run = promisify(execFile);
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', REQUIREMENTS];
    await run(path.join(folder, 'bin/python'), pip);
    await writeFile(mark, '');
  }
  return folder;
}

/** An Airflow of its own in `home`, with the example's folder of DAGs, whose tasks run medallion with `env`. */
export class Airflow {
  readonly #program: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(installed: string, home: string, env: Readonly<Record<string, string>>) {
    this.#program = path.join(installed, 'bin/airflow');
    this.#env = {
      ...process.env,
      AIRFLOW_HOME: home,
      AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
      AIRFLOW__CORE__DAGS_FOLDER: path.join(ROOT, 'examples/airflow/dags'),
      PYTHONDONTWRITEBYTECODE: '1',
      MEDALLION,
      ...env,
    };
  }

  async migrate(): Promise<void> {
    const { code, output } = await this.#run(['db', 'migrate']);
    if (code !== 0) {
      throw new Error(output);
    }
  }

  /** Runs a DAG to its end, as `airflow dags test` does. */
  async test(dag: string, date: string): Promise<DagRun> {
    const { code, output } = await this.#run(['dags', 'test', dag, date]);
    const at = `${date}T00:00:00+00:00`;
    const listed = await this.#run(['tasks', 'states-for-dag-run', dag, at, '--output', 'json']);
    const json = /^\[.*\]$/m.exec(listed.output)?.[0] ?? '[]';
    const tasks = JSON.parse(json) as { task_id: string; state: string }[];
    return {
      ...{ code, output: `${output}\n${listed.output}` },
      states: Object.fromEntries(tasks.map(({ task_id: id, state }) => [id, state])),
    };
  }

  async #run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#program, args, { env: this.#env });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      }
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
  }
}
