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

/** How many processors the processes keep busy now, of those that are there. */
export async function busyProcessors(pids: readonly number[]): Promise<number> {
  const before = ticksOf(pids);
  const start = performance.now();
  await delay(LOOK_MS);
  const seconds = (performance.now() - start) / 1000;
  return (ticksOf(pids) - before) / TICKS_PER_SECOND / seconds;
}

function ticksOf(pids: readonly number[]): number {
  const each = pids.map((pid) => {
    // The name of the command, which may hold anything, ends with the last parenthesis.
    const [, fields = ''] =
      /.*\) (.*)/s.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8')) ?? [];
    const [user, system] = fields.split(' ').slice(11, 13);
    return Number(user) + Number(system);
  });
  return each.reduce((sum, ticks) => sum + ticks, 0);
}
