import { Option, type Command } from 'commander';
import {
  checkEngine,
  dryRun,
  explain,
  plan,
  promote,
  watchPromote,
  type PromoteRequest,
} from '../../app/promote.ts';
import { ENGINES } from '../../config/table.ts';
import { MedallionError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { command, type Manual } from '../help.ts';
import {
  parseCount,
  parseDay,
  parsedSetting,
  parseDuration,
  parseMemory,
  settingOption,
} from '../options.ts';
import { writeDryRun, writeExplanation, writePromotion } from '../render/promotion-view.ts';
import { resultOf } from '../render/result.ts';
import type { RunCommand } from '../run-command.ts';

interface PromoteFlags extends PromoteRequest {
  readonly plan?: boolean;
  readonly explain?: boolean;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
  /** Milliseconds. */
  readonly every: number;
}

const MANUAL: Manual = {
  details: `
Where a model and its table differ, promote adds what costs nothing that is
there: tables, columns that may be null, indexes, comments. A mart is then
computed for all days; in silver a new column is null in the rows that are
there. Everything else is refused until --full-refresh is asked for. Rights
stay; what others have made on a table is named, never dropped.

A dry run is a promotion in one transaction that is rolled back. Of each model
it shows the rows read, written (those that stay as they are among them), new,
changed, removed and refused, and how the checks come out; it exits with 4 where
promote would. Another promotion is refused meanwhile, as beside any, and where
--plan shows a change to a table that is there, readers of that table wait until
the dry run is over.`,
  examples: [
    ['medallion promote', 'what is new, to silver and then to gold'],
    ['medallion promote --layer silver', 'silver only; gold catches up the next time'],
    ['medallion promote --watch --every 10s', 'again and again, until stopped'],
    [
      'medallion promote --layer gold --since 2026-01-01 --until 2026-01-31',
      'compute the marts of these days again',
    ],
    ['medallion promote --full-refresh', 'make silver and gold again from bronze'],
    [
      'medallion promote --full-refresh --select product_performance',
      'make this mart again, and those that read it',
    ],
    ['medallion promote --dry-run', 'rows that would be new, changed, removed, refused'],
    ['medallion promote --plan', 'how tables differ from their models'],
    ['medallion promote --explain', 'the order, the SQL and the publishing of each model'],
  ],
  exits: {
    4: 'a check of severity error failed: what it is about stays as it was',
    5: 'another promotion, or a prune, is running',
  },
  seeAlso: ['run', 'checks', 'models', 'status', 'quarantine'],
};

export function createPromoteCommand(run: RunCommand): Command {
  const promoteCommand = command(
    'promote',
    'promote bronze to silver (parse, judge, de-duplicate) and silver to gold (marts)',
    MANUAL,
  )
    .addOption(new Option('--layer <layer>', 'one layer only').choices(['silver', 'gold']))
    .option('--watch', 'promote again and again until stopped')
    .addOption(parsedSetting('promote.every', parseDuration))
    .optionsGroup('Recompute:')
    .option('--full-refresh', 'make the layer again from what lies below it')
    .option(
      '--select <marts...>',
      'with --full-refresh: only these marts, and those that read them',
    )
    .option(
      '--even-pruned',
      'with --full-refresh: also when silver loses the events that were pruned from bronze',
    )
    .option('--since <day>', 'gold: compute the marts again from this UTC day on', parseDay)
    .option('--until <day>', 'gold: compute the marts again up to this UTC day', parseDay);
  return addEngineFlags(promoteCommand)
    .optionsGroup('Preview (no changes):')
    .option('--dry-run', 'promote, say what would change in each model, and take all of it back')
    .option('--plan', 'say how tables differ from their models, and what becomes of it; no more')
    .option('--explain', 'print the models in order with SQL and publishing; needs no PostgreSQL')
    .action(run(runPromote));
}

/** Flags of the commands that promote. */
export function addEngineFlags(command: Command): Command {
  return (
    command
      .addOption(settingOption('promote.engine').choices(ENGINES).default('duckdb'))
      // Its default depends on the engine.
      .addOption(settingOption('promote.chunk_rows').argParser(parseCount))
      .addOption(parsedSetting('promote.memory_limit', parseMemory))
      .addOption(parsedSetting('promote.threads', parseCount))
  );
}

async function runPromote(context: CommandContext, flags: PromoteFlags): Promise<void> {
  checkEngine(flags);
  refuseContradictions(flags);
  const { config, call } = context;
  const request = { ...flags, ...call };
  if (flags.explain === true) {
    await writeExplanation(explain({ project: context.project }, flags), context);
  } else if (flags.plan === true) {
    const changes = await plan(config, call);
    await context.writeRows(
      resultOf({ model: 'text', what: 'text', step: 'text', then: 'text' }, changes),
    );
    if (changes.length === 0) {
      context.emit({ type: 'note', message: 'every table is as its model says' });
    }
  } else if (flags.dryRun === true) {
    await writeDryRun(await dryRun(config, request), context);
  } else if (flags.watch === true) {
    await watchPromote(config, request, flags.every, (result) => writePromotion(result, context));
  } else {
    await writePromotion(await promote(config, request), context);
  }
}

/** Ways to look at a promotion without one; each stands alone. */
const LOOKS = { plan: '--plan', explain: '--explain', dryRun: '--dry-run' } as const;

/** @throws MedallionError usage */
function refuseContradictions(flags: PromoteFlags): void {
  const { since, until, layer, fullRefresh = false, select, watch = false } = flags;
  const refuse = (message: string, hint?: string): never => {
    throw new MedallionError('usage', message, hint === undefined ? {} : { hint });
  };
  if (flags.evenPruned === true && !fullRefresh) {
    refuse('--even-pruned goes with --full-refresh');
  }
  if (since !== undefined && until !== undefined && since > until) {
    refuse(`--since ${since} is after --until ${until}`);
  }
  if (layer === 'silver' && (since ?? until) !== undefined) {
    refuse(
      '--since and --until choose days of gold; silver promotes whatever is new',
      'Leave out --layer silver, or the days.',
    );
  }
  const looks = (Object.keys(LOOKS) as (keyof typeof LOOKS)[]).filter((look) => flags[look]);
  const named = [
    ...looks.map((look) => LOOKS[look]),
    ...(looks.length > 0 && watch ? ['--watch'] : []),
    ...(flags.dryRun === true && fullRefresh ? ['--full-refresh'] : []),
  ];
  if (named.length > 1) {
    refuse(`${named.join(' and ')} do not go together`);
  }
  if (select !== undefined && !fullRefresh) {
    refuse(
      '--select goes with --full-refresh',
      'Without it a promotion computes what is new, in every mart.',
    );
  }
  if (select !== undefined && layer === 'silver') {
    refuse('--select names marts of gold, and --layer silver has none');
  }
  if (fullRefresh && (since ?? until) !== undefined) {
    refuse(
      '--full-refresh makes every day again',
      'Leave out --since and --until, or --full-refresh.',
    );
  }
}
