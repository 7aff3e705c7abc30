import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { demo } from '../../app/demo.ts';
import { command } from '../command.ts';
import { option } from '../flags.ts';
import { parseSeed } from '../options.ts';
import { summary, warnOfChecks } from '../render/promotion-view.ts';
import { renderPage } from '../render/report-page.ts';

const TOP = 5;

/** What the demo says at its end, the command called as it can be called from here. */
const nextSteps = (medallion: string): string => `
What to try next:
  ${medallion} report --since 7d              the last week
  ${medallion} quarantine list --summary      the events that were rejected, and why
  ${medallion} sql "select * from gold.sales_performance limit 7"
  ${medallion} generate -n 5000 && ${medallion} ingest && ${medallion} promote
  ${medallion} --help                         every command
`;

export const demoCommand = command(
  'demo',
  'run the whole pipeline on made-up sales, with nothing to install or configure',
  {
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
      4: 'a check of severity error failed: its tables are unchanged',
      5: 'another promotion is running',
    },
    seeAlso: ['generate', 'ingest', 'promote', 'report'],
    options: {
      '-n, --count <n>': ['events to make, faults included', 20_000],
      seed: option(
        '--seed <n>',
        'seed of the sales (default: a new one for each run on the same home folder)',
        parseSeed,
      ),
      '--fresh': 'start over: delete what the embedded warehouse and the demo hold',
    },
    run: async (context, { count, seed, fresh }) => {
      const { warehouse, log } = context.config;
      if (warehouse.kind === 'server' || log.kind === 'kafka') {
        context.note(
          'The demo uses its own embedded PostgreSQL and files, not the servers you have configured.',
        );
      }
      const { width, color } = context;
      await demo(context.config, {
        ...{ ...context.call, count, seed, fresh, top: TOP },
        onPromoted: (result) => {
          warnOfChecks(result, context);
          context.note(`${summary(result)}\n`);
        },
        onReport: (page) => context.write(renderPage(page, { width, color, top: TOP })),
      });
      context.note(nextSteps(calledFrom(context.cwd)));
    },
  },
);

/** npx finds the command in its own folder and in a project that depends on it; anywhere else it is installed. */
function calledFrom(folder: string): string {
  const own = fileURLToPath(new URL('../../../', import.meta.url));
  return ['', path.join('node_modules', 'medallion')].includes(path.relative(folder, own))
    ? 'npx medallion'
    : 'medallion';
}
