import { runCommand, type CommandOptions } from './cli.ts';

/** A line of `medallion reconcile --output json`. */
export interface ReconcileLine {
  readonly check: string;
  readonly scope: string;
  readonly measure: string;
  readonly expected: number;
  readonly found: number;
  readonly difference: number;
  readonly waiting: number;
  readonly result: 'ok' | 'waiting' | 'different';
  readonly note: string | null;
}

export interface Reconciled {
  readonly code: number | null;
  readonly stderr: string;
  readonly lines: readonly ReconcileLine[];
  /** The lines that differ, as "check scope measure difference". */
  readonly different: readonly string[];
  /** One measure added up over the lines of a check. */
  sum(
    check: string,
    what: 'expected' | 'found' | 'difference' | 'waiting',
    measure?: string,
  ): number;
}

/** Runs `medallion reconcile` as people run it. */
export async function runReconcile(
  args: readonly string[],
  options: CommandOptions,
): Promise<Reconciled> {
  const { code, stdout, stderr } = await runCommand(['reconcile', ...args, '-o', 'json'], options);
  const lines = JSON.parse(stdout === '' ? '[]' : stdout) as ReconcileLine[];
  return {
    ...{ code, stderr, lines },
    different: lines
      .filter(({ result }) => result === 'different')
      .map((line) => `${line.check} ${line.scope} ${line.measure} ${String(line.difference)}`),
    sum: (check, what, measure = 'events') =>
      lines
        .filter((line) => line.check === check && line.measure === measure)
        // Cents, so that no digit goes astray.
        .reduce((sum, line) => sum + Math.round(line[what] * 100), 0) / 100,
  };
}
