import {
  checkEngine,
  dryRun,
  explain,
  plan,
  promote,
  watchPromote,
  type PromoteRequest,
} from '../../app/promote.ts';
import { usageError } from '../../errors.ts';
import { command } from '../command.ts';
import { checkDays, choice, days, ENGINE, group, RETRY, setting } from '../flags.ts';
import { parseDuration } from '../options.ts';
import { writeDryRun, writeExplanation, writePromotion } from '../render/promotion-view.ts';
import { resultOf, texts } from '../render/result.ts';

export const promoteCommand = command(
  'promote',
  'promote bronze to silver (parse, judge, de-duplicate) and silver to gold (marts)',
  {
    details: `
Where a model and its table differ, promote adds what loses no data: tables,
columns that may be null, indexes, comments. A mart is then computed for all
days; in silver a new column is null in existing rows. Everything else needs
--full-refresh. Rights stay; what others have made on a table is named, never
dropped.

A dry run is a promotion in one transaction that is rolled back. For each model
it shows the rows read, written (unchanged ones included), new, changed, removed
and rejected, and the results of the checks. It exits 4 where promote would. No
other promotion can run meanwhile. Where --plan shows a change to an existing
table, readers of that table wait until the dry run is over.`,
    examples: [
      ['medallion promote', 'what is new, to silver and then to gold'],
      ['medallion promote --layer silver', 'silver only; gold catches up the next time'],
      ['medallion promote --watch --every 10s', 'again and again, until stopped'],
      [
        'medallion promote --layer gold --since 2026-01-01 --until 2026-01-31',
        'recompute the marts of these days',
      ],
      ['medallion promote --full-refresh', 'rebuild silver and gold from bronze'],
      [
        'medallion promote --full-refresh --select product_performance',
        'rebuild this mart, and those that read it',
      ],
      ['medallion promote --dry-run', 'rows that would be new, changed, removed, rejected'],
      [
        'medallion promote --plan',
        'how tables differ from their models, and which mappings have changed',
      ],
      ['medallion promote --explain', 'the order, the SQL and the publishing of each model'],
    ],
    exits: {
      4: 'a check of severity error failed: its tables are unchanged',
      5: 'another promotion, or a prune, is running',
    },
    seeAlso: ['run', 'checks', 'models', 'status', 'quarantine'],
    options: {
      layer: choice('--layer <layer>', 'one layer only', ['silver', 'gold']),
      '--watch': 'promote again and again until stopped',
      every: setting('promote.every', parseDuration),
      ...group('Recompute:', {
        '--full-refresh': 'rebuild the layer from the one below it',
        '--select <marts...>': 'with --full-refresh: only these marts, and those that read them',
        '--even-pruned':
          'with --full-refresh: also when silver then loses the events that were pruned from bronze',
        ...days(
          'gold: recompute the marts from this day on',
          'gold: recompute the marts up to this day',
        ),
      }),
      ...ENGINE,
      ...group('Preview (no changes):', {
        '--dry-run': 'promote, show what would change in each model, and roll all of it back',
        '--plan':
          'only show how tables differ from their models, which mappings have changed, and what follows',
        '--explain': 'print the models in order with SQL and publishing; needs no PostgreSQL',
      }),
      ...RETRY,
    },
    run: async (context, flags) => {
      checkEngine(flags);
      refuseContradictions(flags);
      const { config, call } = context;
      const request = { ...flags, ...call };
      if (flags.explain) {
        await writeExplanation(explain({ project: context.project }, flags), context);
      } else if (flags.plan) {
        const changes = await plan(config, call);
        await context.writeRows(resultOf(texts('model', 'what', 'step', 'then'), changes));
        if (changes.length === 0) {
          context.note('every table is as its model says, and no mapping of a source has changed');
        }
      } else if (flags.dryRun) {
        await writeDryRun(await dryRun(config, request), context);
      } else if (flags.watch) {
        await watchPromote(config, request, flags.every, (result) =>
          writePromotion(result, context),
        );
      } else {
        await writePromotion(await promote(config, request), context);
      }
    },
  },
);

/** Ways to look at a promotion without one; each stands alone. */
const LOOKS = { plan: '--plan', explain: '--explain', dryRun: '--dry-run' } as const;

/** @throws MedallionError usage */
function refuseContradictions(
  flags: PromoteRequest & Record<keyof typeof LOOKS | 'watch', boolean>,
): void {
  const { since, until, layer, fullRefresh = false, select } = flags;
  const hasDays = (since ?? until) !== undefined;
  if (flags.evenPruned === true && !fullRefresh) {
    throw usageError('--even-pruned works only with --full-refresh');
  }
  checkDays(flags);
  if (layer === 'silver' && hasDays) {
    throw usageError(
      '--since and --until choose days of gold; silver always promotes everything new',
      'Leave out --layer silver, or the days.',
    );
  }
  const looks = (Object.keys(LOOKS) as (keyof typeof LOOKS)[]).filter((look) => flags[look]);
  const named = [
    ...looks.map((look) => LOOKS[look]),
    ...(looks.length > 0 && flags.watch ? ['--watch'] : []),
    ...(flags.dryRun && fullRefresh ? ['--full-refresh'] : []),
  ];
  if (named.length > 1) {
    throw usageError(`${named.join(' and ')} cannot be used together`);
  }
  if (select !== undefined && !fullRefresh) {
    throw usageError(
      '--select works only with --full-refresh',
      'Without --full-refresh, a promotion computes what is new, in every mart.',
    );
  }
  if (select !== undefined && layer === 'silver') {
    throw usageError('--select chooses marts of gold: it cannot be used with --layer silver');
  }
  if (fullRefresh && hasDays) {
    throw usageError(
      '--full-refresh computes all days: it cannot be used with --since or --until',
      'Leave out --since and --until, or --full-refresh.',
    );
  }
}
