import type { RunPart } from '../../query/runs.ts';
import { rowsOf } from '../../query/ask.ts';
import { parseArray } from './array.ts';
import { checkLines } from './check-view.ts';
import { factLines, type Part } from './document.ts';
import { fittedTable } from './fit.ts';
import { utc } from './instant.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { withQuantities } from './result.ts';

type RunRow = Readonly<
  Record<
    | 'run_id'
    | 'command'
    | 'outcome'
    | 'error'
    | 'started_at'
    | 'finished_at'
    | 'seconds'
    | 'os_user'
    | 'host'
    | 'process_id'
    | 'database_user'
    | 'version'
    | 'arguments'
    | 'counts'
    | 'days',
    string | null
  >
>;

/** The lines of a list of runs; none for none. */
export function runLines(table: ResultTable, width: number): string[] {
  return fittedTable<RunRow>(
    {
      run_id: { kind: 'number', title: 'run' },
      command: {},
      outcome: {},
      started_at: { kind: 'time', title: 'started (UTC)' },
      seconds: { kind: 'figure', keep: 2 },
      os_user: { title: 'by', show: who, atLeast: 10, keep: 1 },
      error: {
        ...{ title: 'what', atLeast: 20, keep: 3 },
        show: (row) => row.error?.split('\n')[0] ?? countsText(row.counts ?? '{}'),
      },
    },
    rowsOf(table),
    width,
  );
}

function who({ os_user: user, host }: RunRow): string {
  return user === null ? '-' : `${user}@${host ?? ''}`;
}

/** What people call the parts of a run, in order. */
const TITLES: Readonly<Record<RunPart, string>> = {
  run: 'Run',
  partitions: 'Partitions',
  models: 'Models',
  checks: 'Checks',
  restatements: 'Restated days',
  gaps: 'Expired in the log before they were read',
};

/** What is counted or summed in them. */
const QUANTITIES = [
  ...['events', 'read', 'written', 'refused', 'failing', 'checked'],
  ...['late_events', 'old_orders', 'new_orders', 'old_total', 'new_total', 'change'],
];

/** One run, part by part. */
export function runParts(found: Readonly<Record<RunPart, ResultTable>>, width: number): Part[] {
  const part = (name: RunPart, more: Partial<Part> = {}): Part => ({
    ...{ name, title: TITLES[name], table: withQuantities(found[name], QUANTITIES) },
    ...more,
  });
  const [run] = rowsOf<keyof RunRow>(found.run);
  const checks = rowsOf<'failing'>(found.checks);
  const unmet = checks.filter(({ failing }) => failing !== '0').length;
  return [
    part('run', {
      isSingle: true,
      title: `Run ${run?.run_id ?? ''}`,
      lines: run === undefined ? [] : runFacts(run, width),
    }),
    part('partitions'),
    part('models'),
    part('checks', {
      ...(unmet === 0
        ? { lines: [`${counted(checks.length, 'check')}, all met`] }
        : {
            title: `Checks, ${grouped(unmet)} of ${grouped(checks.length)} not met`,
            lines: checkLines(found.checks, width),
          }),
    }),
    part('restatements'),
    part('gaps'),
  ];
}

function runFacts(run: RunRow, width: number): string[] {
  const days = parseArray(run.days ?? '{}').join(', ');
  const facts: (readonly [string, string | null])[] = [
    ['command', `medallion ${parseArray(run.arguments ?? '{}').join(' ')}`],
    ['outcome', run.outcome],
    ['error', run.error],
    ['started', utc(run.started_at)],
    ['finished', run.finished_at === null ? null : utc(run.finished_at)],
    ['seconds', run.seconds],
    ['by', run.os_user === null ? null : `${who(run)}, process ${run.process_id ?? '?'}`],
    ['database user', run.database_user],
    ['version', run.version],
    ['counted', countsText(run.counts ?? '{}')],
    ['days published', days],
  ];
  return factLines(
    facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value]])),
    width,
  );
}

/** Shown elsewhere, or of no interest to people. */
const LEFT_OUT: readonly string[] = ['seconds', 'bytes', 'partitions'];

/** The counts of a run in a line: those that are not zero; of counts by reason their sum. */
function countsText(json: string): string {
  const counts = JSON.parse(json) as Readonly<Record<string, unknown>>;
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
