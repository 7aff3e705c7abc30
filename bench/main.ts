import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { tableLines } from '../src/cli/render/table.ts';
import { generate } from './generate.ts';
import { Stand, type Bench, type Figure } from './harness.ts';
import { ingestFile } from './ingest-file.ts';
import { ingestKafka } from './ingest-kafka.ts';
import { describeMachine, psqlVersion } from './machine.ts';
import { promoteFull } from './promote-full.ts';
import { promoteHistory } from './promote-history.ts';
import { promoteIncrement } from './promote-increment.ts';

// npm run bench [-- --size 1000000 --only promote-full --json figures.json]
// How fast medallion is, beside what the same work costs otherwise on the same machine at the same time.

const BENCHES: readonly Bench[] = [
  generate,
  ingestFile,
  ingestKafka,
  promoteFull,
  promoteIncrement,
  promoteHistory,
];
const SMALLEST_SIZE = 1000;

type BenchFigure = Figure & { readonly bench: string };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '200000' },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
    },
  });
  const size = Number(values.size);
  if (!Number.isInteger(size) || size < SMALLEST_SIZE) {
    throw new Error(
      `--size ${values.size} is not a whole number of at least ${String(SMALLEST_SIZE)}`,
    );
  }
  const benches = chosen(values.only);
  if (!existsSync(path.join(import.meta.dirname, '../dist/cli/main.js'))) {
    throw new Error('medallion is not built: npm run build');
  }
  psqlVersion();

  const date = new Date().toISOString();
  const file = path.resolve(
    values.json ??
      path.join(import.meta.dirname, 'results', `${date.slice(0, 19).replaceAll(':', '-')}.json`),
  );
  const stand = await Stand.open(size);
  const stop = stopper(stand);
  try {
    const machine = {
      date,
      size: `${String(size)} events`,
      ...(await describeMachine(stand.settings)),
    };
    print([...tableLines(MACHINE_COLUMNS, Object.entries(machine)), '']);
    const figures: BenchFigure[] = [];
    for (const bench of benches) {
      console.error(`${bench.name} ..`);
      try {
        figures.push(
          ...(await bench.run(stand)).map((figure) => ({ bench: bench.name, ...figure })),
        );
      } catch (error) {
        console.error(`${bench.name}: ${error instanceof Error ? error.message : String(error)}`);
        process.exitCode = 1;
      }
    }
    print([...tableLines(FIGURE_COLUMNS, figures.map(figureRow))]);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(
      file,
      `${JSON.stringify({ machine, figures: figures.map(withVerdict) }, null, 2)}\n`,
    );
    console.error(`\nwritten to ${file}`);
  } finally {
    stop();
    await stand.close();
  }
}

function chosen(names: readonly string[] | undefined): readonly Bench[] {
  const unknown = names?.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown} is none of ${BENCHES.map(({ name }) => name).join(', ')}`);
  }
  return names === undefined ? BENCHES : BENCHES.filter(({ name }) => names.includes(name));
}

/** Ctrl-C ends the run, but leaves no server and no files behind. */
function stopper(stand: Stand): () => void {
  const stop = (): void => {
    void stand.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return () => {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  };
}

const MACHINE_COLUMNS = [
  { title: 'run on', align: 'left' },
  { title: '', align: 'left' },
] as const;

const FIGURE_COLUMNS = [
  { title: 'bench', align: 'left' },
  { title: 'figure', align: 'left' },
  { title: 'value', align: 'right' },
  { title: 'target', align: 'right' },
  { title: 'met', align: 'left' },
  { title: 'runs', align: 'right' },
  { title: 'parts', align: 'left' },
] as const;

function figureRow(figure: BenchFigure): string[] {
  const target =
    'atLeast' in figure.target
      ? `>= ${number(figure.target.atLeast)}`
      : `<= ${number(figure.target.atMost)}`;
  const parts = Object.entries(figure.parts).map(([name, value]) =>
    name.startsWith('rows') ? `${name} ${number(value)}` : `${name} ${value.toFixed(2)} s`,
  );
  return [
    figure.bench,
    figure.what,
    `${number(figure.value)} ${figure.unit}`,
    target,
    isMet(figure) ? 'yes' : 'no',
    String(figure.runs),
    parts.join(', '),
  ];
}

function isMet({ value, target }: Figure): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

function withVerdict(figure: BenchFigure): BenchFigure & { readonly met: boolean } {
  return { ...figure, met: isMet(figure) };
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

function print(lines: readonly string[]): void {
  console.log(lines.join('\n'));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
