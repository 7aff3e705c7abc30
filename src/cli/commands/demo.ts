import { Command } from 'commander';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordGenerate } from '../../generate/record.ts';
import { resolvePeriod } from '../../generate/timeline.ts';
import { ingest } from '../../bronze/ingest.ts';
import { landingDirectory, partitionFile } from '../../log/files/landing.ts';
import { openLog } from '../../log/open.ts';
import { withClient } from '../../postgres/client.ts';
import { takeRunFiles } from '../../postgres/run-files.ts';
import { dropWarehouse, migrateWarehouse, withWarehouse } from '../../postgres/warehouse.ts';
import { report } from '../../report/report.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseSeed } from '../options.ts';
import { counted, grouped } from '../../number.ts';
import { summary, warnOfChecks } from '../render/promotion-view.ts';
import { renderPage } from '../render/report-page.ts';
import { DEFAULT_SIZES } from './generate.ts';
import { PROMOTE_DEFAULTS, runPromote } from './promote.ts';

interface DemoFlags {
  readonly count: number;
  readonly seed?: number;
  readonly fresh?: boolean;
}

const TOPIC = 'demo';
const FAULTS = { late: 0.02, duplicates: 0.02, corrections: 0.02, malformed: 0.01 };
const FIRST_SEED = 42;
const TOP = 5;

/** What the demo says at its end, the command called as it can be called from here. */
const nextSteps = (medallion: string): string => `
What to try next:
  ${medallion} report --since 7d              the last week
  ${medallion} quarantine list --summary      the events that were refused, and why
  ${medallion} sql "select * from gold.sales_performance limit 7"
  ${medallion} generate -n 5000 && ${medallion} ingest && ${medallion} promote
  ${medallion} --help                         every command
`;

export function createDemoCommand(run: RunCommand): Command {
  return new Command('demo')
    .description('run the whole pipeline on made-up sales, with nothing to install or configure')
    .option('-n, --count <n>', 'events to make, faults included', parseCount, 20_000)
    .option(
      '--seed <n>',
      'seed of the sales (default: another one for each run on the same home)',
      parseSeed,
    )
    .option('--fresh', 'start over: forget what the embedded warehouse and the demo hold')
    .addHelpText(
      'after',
      manual({
        details: `
Everything happens in the home folder: an embedded PostgreSQL, and the log as
files. A PostgreSQL or Kafka of your own is never touched. Run again, the demo
adds to what is there.`,
        examples: [
          'medallion demo',
          'medallion demo --fresh',
          'medallion demo -n 200000 --home /tmp/shop',
        ],
        exits: {
          4: 'a check of severity error failed: what it is about stays as it was',
          5: 'another promotion is running',
        },
        seeAlso: ['generate', 'ingest', 'promote', 'report'],
      }),
    )
    .action(run(demo));
}

async function demo(given: CommandContext, flags: DemoFlags): Promise<void> {
  const { warehouse, log, home } = given.config;
  if (warehouse.kind === 'server' || log.kind === 'kafka') {
    given.emit({
      type: 'note',
      message:
        'The demo uses its own embedded PostgreSQL and files, not the servers you have configured.',
    });
  }
  const context: CommandContext = {
    ...given,
    config: {
      ...given.config,
      warehouse: { kind: 'embedded' },
      log: { kind: 'landing', topic: TOPIC },
    },
  };
  const directory = landingDirectory(home);
  const ownLog = openLog(context.config, context);
  await withWarehouse(context.config, context, async (settings, retry) => {
    if (flags.fresh === true) {
      await dropWarehouse(settings);
      await migrateWarehouse(settings);
      await rm(path.join(directory, TOPIC), { recursive: true, force: true });
    }
    const seed = flags.seed ?? FIRST_SEED + (await sizeOf(partitionFile(directory, TOPIC, 0)));
    const options = {
      ...{ seed, count: flags.count, period: resolvePeriod(undefined, undefined) },
      ...{ rate: undefined, sizes: DEFAULT_SIZES, faults: FAULTS, manifest: false },
    };
    const run = { home, topic: ownLog.topic, arguments: context.commandLine };
    await recordGenerate(options, { ...run, open: () => ownLog.write() }, context);
    await withClient(settings, (client) => takeRunFiles(client, home, context));
    const ingested = await ingest(
      await ownLog.read(),
      settings,
      { follow: false, retry, arguments: context.commandLine },
      context,
    );
    const refused = Object.values(ingested.quarantined).reduce((sum, count) => sum + count, 0);
    context.emit({
      type: 'step.finished',
      step: 'ingest',
      detail: `${counted(ingested.events, 'event')}, ${grouped(refused)} quarantined`,
    });
    const promoted = await runPromote(settings, retry, PROMOTE_DEFAULTS, context);
    warnOfChecks(promoted, context);
    context.emit({ type: 'note', message: `${summary(promoted)}\n` });
    const page = await report(settings, { sections: undefined, top: TOP }, context);
    await context.write(renderPage(page, { width: context.width, color: context.color, top: TOP }));
  });
  context.emit({ type: 'note', message: nextSteps(calledFrom(given.cwd)) });
}

/** npx finds the command in its own folder and in a project that depends on it; anywhere else it is installed. */
function calledFrom(folder: string): string {
  const own = fileURLToPath(new URL('../../../', import.meta.url));
  return ['', path.join('node_modules', 'medallion')].includes(path.relative(folder, own))
    ? 'npx medallion'
    : 'medallion';
}

/** Bytes of a file, 0 when there is none: a seed that follows from what earlier demos wrote. */
async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
