import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuTimeOf } from '../../scripts/cpu-time.ts';

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

/** How many processors the processes keep busy now. One that has ended keeps none. */
export async function busyProcessors(pids: readonly number[]): Promise<number> {
  const before = new Map(pids.map((pid) => [pid, cpuTimeOf(pid)]));
  const start = performance.now();
  await delay(LOOK_MS);
  const seconds = (performance.now() - start) / 1000;
  let used = 0;
  for (const [pid, then] of before) {
    const now = cpuTimeOf(pid);
    if (then !== undefined && now !== undefined) {
      used += now.own - then.own;
    }
  }
  return used / seconds;
}
