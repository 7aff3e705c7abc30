import type { Bench } from './harness.ts';

/** Events a second to a file, start of the command included. */
export const generate: Bench = {
  name: 'generate',
  async run(stand) {
    const file = stand.file('generated.ndjson');
    const seconds: number[] = [];
    while (seconds.length < 3) {
      const run = await stand.medallion([...stand.generateArguments(stand.size), '--to', file]);
      seconds.push(run.seconds);
    }
    const median = seconds.sort((a, b) => a - b)[1] ?? NaN;
    return [
      {
        what: 'to a file',
        value: stand.size / median,
        unit: 'events/s',
        target: { atLeast: 100_000 },
        runs: seconds.length,
        parts: { generate: median },
      },
    ];
  },
};
