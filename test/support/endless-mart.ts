import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TICKS_PER_SECOND = 100;
const LOOK_MS = 1500;

/** Makes a project in `folder` with a mart that takes Spark days: it counts to a million millions. */
export function writeEndlessMart(folder: string): void {
  mkdirSync(path.join(folder, 'models/gold'), { recursive: true });
  writeFileSync(path.join(folder, 'medallion.yaml'), '');
  writeFileSync(
    path.join(folder, 'models/gold/endless.sql'),
    `/* @model
description: A mart that does not end
grain: one row per day
key: [date_key]
load: replace_days
columns:
  date_key: { type: date, description: UTC day }
  numbers: { type: bigint, description: Numbers with a certain hash }
*/
select
    days.date_key,
    count(*) as numbers
from (select distinct date_key from silver.fact_transactions) as days
cross join range(1000000000000) as numbers
where hash(numbers.id) % 7 = 3
group by days.date_key
`,
  );
}

/** How many processors the processes keep busy now. One that has ended, as of a job before, keeps none. */
export async function busyProcessors(pids: readonly number[]): Promise<number> {
  const before = pids.map(ticksOf);
  const start = performance.now();
  await delay(LOOK_MS);
  const seconds = (performance.now() - start) / 1000;
  const ticks = pids.map((pid, at) => (ticksOf(pid) ?? NaN) - (before[at] ?? NaN));
  const sum = ticks.filter((each) => !Number.isNaN(each)).reduce((all, each) => all + each, 0);
  return sum / TICKS_PER_SECOND / seconds;
}

/** Processor time that a process has used so far; undefined when it has ended. */
function ticksOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw error;
  }
  // The name of the command, which may hold anything, ends with the last parenthesis.
  const [, fields = ''] = /.*\) (.*)/s.exec(stat) ?? [];
  const [user, system] = fields.split(' ').slice(11, 13);
  return Number(user) + Number(system);
}
