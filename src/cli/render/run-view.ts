import type { RunPart } from '../../query/runs.ts';
import { rowsOf } from '../../query/ask.ts';
import { parseArray } from './array.ts';
import { checksPart } from './check-view.ts';
import { factLines, type Facts, type Part } from './document.ts';
import { page, type ResultRow } from './fit.ts';
import { utc } from './instant.ts';
import { grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { withQuantities } from './result.ts';

/** A list of runs. */
export const RUNS = page({
  ...{ run_id: { title: 'run' }, command: {}, outcome: {}, started_at: {} },
  seconds: { kind: 'figure', keep: 2 },
  os_user: { title: 'by', show: who, atLeast: 10, keep: 1 },
  error: {
    ...{ title: 'what', atLeast: 20, keep: 3 },
    show: ({ error, counts }) => error?.split('\n')[0] ?? countsText(counts),
  },
});

function who({ os_user: user, host }: ResultRow): string {
  return typeof user === 'string' ? `${user}@${host ?? ''}` : '-';
}

/** What is counted or summed in the parts of a run. */
const QUANTITIES = [
  ...['events', 'read', 'written', 'rejected', 'failing', 'checked'],
  ...['late_events', 'old_orders', 'new_orders', 'old_total', 'new_total', 'change'],
];

/** One run, part by part. */
export function runParts(found: Readonly<Record<RunPart, ResultTable>>): Part[] {
  const part = (name: RunPart, title: string): Part => ({
    ...{ name, title, table: withQuantities(found[name], QUANTITIES) },
  });
  const [run = {}] = rowsOf<string>(found.run);
  const unmet = rowsOf<'failing'>(found.checks).filter(({ failing }) => failing !== '0').length;
  return [
    {
      ...part('run', `Run ${run['run_id'] ?? ''}`),
      ...{ isSingle: true, page: (_table, width) => factLines(runFacts(run), width) },
    },
    part('partitions', 'Partitions'),
    part('models', 'Models'),
    checksPart(part('checks', '').table, unmet),
    part('restatements', 'Restated days'),
    part('gaps', 'Expired in the log before they were read'),
  ];
}

function runFacts(run: ResultRow): Facts {
  return [
    ['command', `medallion ${parseArray(run['arguments'] ?? '{}').join(' ')}`],
    ['outcome', run['outcome']],
    ['error', run['error'] || null],
    ['started', utc(run['started_at'])],
    ['finished', run['finished_at'] && utc(run['finished_at'])],
    ['seconds', run['seconds']],
    ['by', run['os_user'] && `${who(run)}, process ${run['process_id'] ?? '?'}`],
    ['database user', run['database_user']],
    ['version', run['version']],
    ['counted', countsText(run['counts']) || null],
    ['days published', parseArray(run['days'] ?? '{}').join(', ') || null],
  ];
}

/** Shown elsewhere, or of no interest to people. */
const LEFT_OUT: readonly string[] = ['seconds', 'bytes', 'partitions'];

/** The counts of a run in a line: those that are not zero; of counts by reason their sum. */
function countsText(json: string | null | undefined): string {
  const counts = JSON.parse(json ?? '{}') as Readonly<Record<string, unknown>>;
  return (
    Object.entries(counts)
      .map(([name, value]): [string, number] => [name.replaceAll('_', ' '), total(value)])
      .filter(([name, value]) => value !== 0 && !LEFT_OUT.includes(name))
      // PostgreSQL keeps them by the length of their names.
      .sort(([a], [b]) => Number(b === 'events') - Number(a === 'events'))
      .map(([name, value]) => `${name} ${grouped(value)}`)
      .join(', ')
  );
}

function total(value: unknown): number {
  if (typeof value === 'number') {
    return value;
  }
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, part) => sum + total(part), 0)
    : 0;
}
