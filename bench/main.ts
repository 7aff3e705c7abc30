import { existsSync } from 'node:fs';
import path from 'node:path';
import { dashboards } from './dashboards.ts';
import { decode } from './decode.ts';
import { freshness } from './freshness.ts';
import { generate } from './generate.ts';
import { Stand, type Bench } from './harness.ts';
import { ingestFile } from './ingest-file.ts';
import { ingestGroup } from './ingest-group.ts';
import { ingestKafka } from './ingest-kafka.ts';
import { describeMachine, psqlVersion } from './machine.ts';
import { parseOptions } from './options.ts';
import { peers } from './peers/peers.ts';
import { promoteDay } from './promote-day.ts';
import { promoteEngines } from './promote-engines.ts';
import { promoteFull } from './promote-full.ts';
import { promoteHistory } from './promote-history.ts';
import { promoteIncrement } from './promote-increment.ts';
import { promoteLong } from './promote-long.ts';
import { promoteShop } from './promote-shop.ts';
import { sources } from './sources.ts';
import { printFigures, printMachine, writeFigures, type BenchFigure } from './report.ts';

// npm run bench [-- --size 1000000 --only promote-full --json figures.json]
// How fast medallion is, beside what the same work costs otherwise on the same machine at the same time.
// npm run bench -- --engine sail says what an event costs each part of the way on a cluster, --engine spark on a real Spark.
// The events are of a shop of 400,000 customers; --customers, --products and --cities make it another one.

const BENCHES: readonly Bench[] = [
  generate,
  ingestFile,
  ingestKafka,
  ingestGroup,
  decode,
  promoteFull,
  promoteIncrement,
  promoteHistory,
  promoteDay,
  promoteShop,
  promoteLong,
  sources,
  dashboards,
  promoteEngines,
  freshness,
  peers,
];

async function main(): Promise<void> {
  const { size, shop, only, engine, json } = parseOptions(process.argv.slice(2));
  const benches = chosen(only);
  if (!existsSync(path.join(import.meta.dirname, '../dist/cli/main.js'))) {
    throw new Error('medallion is not built: npm run build');
  }
  psqlVersion();

  const date = new Date().toISOString();
  const file = path.resolve(
    json ??
      path.join(import.meta.dirname, 'results', `${date.slice(0, 19).replaceAll(':', '-')}.json`),
  );
  const stand = await Stand.open(size, shop, engine);
  const stop = stopper(stand);
  try {
    const machine = {
      date,
      size: `${String(size)} events`,
      shop: Object.entries(shop)
        .map(([name, count]) => `${String(count)} ${name}`)
        .join(', '),
      ...(await describeMachine(stand.settings)),
    };
    printMachine(machine);
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
    printFigures(figures);
    await writeFigures(file, machine, figures);
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
  return BENCHES.filter(({ name, isOnRequest = false }) =>
    names === undefined ? !isOnRequest : names.includes(name),
  );
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

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
