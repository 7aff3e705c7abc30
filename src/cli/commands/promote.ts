import { Command } from 'commander';
import { settingOf } from '../../config/settings.ts';
import {
  duckDbOpener,
  memoryBytes,
  windowBytesFor,
  type DuckDbLimits,
} from '../../engine/duckdb/local.ts';
import { OpenEngine } from '../../engine/on-demand.ts';
import { MedallionError } from '../../errors.ts';
import { loadModels } from '../../model/load.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { promote, type PromoteOptions, type PromoteResult } from '../../promote/promote.ts';
import { selectMarts } from '../../promote/selection.ts';
import { DEFAULT_RETRY_POLICY, type Retry, type RetryPolicy } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseDay, parsedSetting, parseDuration, parseMemory } from '../options.ts';
import { modelLines, modelTable, summary, warnOfChecks } from '../render/promotion-view.ts';
import { onSchedule } from '../schedule.ts';
import { printDryRun } from './promote-dry-run.ts';
import { printExplanation, printPlan } from './promote-looks.ts';

export interface PromoteFlags {
  readonly layer?: 'silver' | 'gold';
  readonly fullRefresh?: boolean;
  readonly select?: readonly string[];
  readonly plan?: boolean;
  readonly explain?: boolean;
  readonly dryRun?: boolean;
  readonly evenPruned?: boolean;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly chunkRows: number;
  readonly memoryLimit: string;
  readonly threads?: number;
  readonly watch?: boolean;
  readonly every: number;
  readonly retryFor?: RetryPolicy;
}

/** What promote does when nobody says otherwise; the demo runs it so. */
export const PROMOTE_DEFAULTS = {
  chunkRows: parseCount(settingOf('promote.chunk_rows').default ?? ''),
  memoryLimit: parseMemory(settingOf('promote.memory_limit').default ?? ''),
  every: parseDuration(settingOf('promote.every').default ?? ''),
} as const;

const MANUAL = manual({
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
});

export function createPromoteCommand(run: RunCommand): Command {
  const command = new Command('promote');
  command
    .description('promote bronze to silver (parse, judge, de-duplicate) and silver to gold (marts)')
    .addOption(
      command.createOption('--layer <layer>', 'one layer only').choices(['silver', 'gold']),
    )
    .option('--watch', 'promote again and again until stopped')
    .addOption(parsedSetting('promote.every', parseDuration))
    .optionsGroup('What is there, once more:')
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
  return addEngineFlags(command)
    .optionsGroup('A look, nothing written:')
    .option('--dry-run', 'promote, say what would change in each model, and take all of it back')
    .option('--plan', 'say how tables differ from their models, and what becomes of it; no more')
    .option('--explain', 'print the models in order with SQL and publishing; needs no PostgreSQL')
    .addHelpText('after', MANUAL)
    .action(run(promoteCommand));
}

/** Flags of the commands that work with DuckDB. */
export function addEngineFlags(command: Command): Command {
  return command
    .addOption(parsedSetting('promote.chunk_rows', parseCount))
    .addOption(parsedSetting('promote.memory_limit', parseMemory))
    .addOption(parsedSetting('promote.threads', parseCount));
}

/** Less does not hold DuckDB's own books and one window of ordinary events. */
const LEAST_MEMORY = 100e6;
const MOST_THREADS = 256;
/** @throws MedallionError usage */
export function checkEngineFlags(flags: Pick<PromoteFlags, 'memoryLimit' | 'threads'>): void {
  if (memoryBytes(flags.memoryLimit) < LEAST_MEMORY) {
    throw new MedallionError(
      'usage',
      `--memory-limit ${flags.memoryLimit} is too little: DuckDB needs 100MB at least`,
    );
  }
  if ((flags.threads ?? 1) > MOST_THREADS) {
    throw new MedallionError(
      'usage',
      `--threads ${String(flags.threads)} is too many: ${String(MOST_THREADS)} at most`,
    );
  }
}

async function promoteCommand(context: CommandContext, flags: PromoteFlags): Promise<void> {
  checkEngineFlags(flags);
  if (flags.evenPruned === true && flags.fullRefresh !== true) {
    throw new MedallionError('usage', '--even-pruned goes with --full-refresh');
  }
  if (flags.since !== undefined && flags.until !== undefined && flags.since > flags.until) {
    throw new MedallionError('usage', `--since ${flags.since} is after --until ${flags.until}`);
  }
  if (flags.layer === 'silver' && (flags.since ?? flags.until) !== undefined) {
    throw new MedallionError(
      'usage',
      '--since and --until choose days of gold; silver promotes whatever is new',
      {
        hint: 'Leave out --layer silver, or the days.',
      },
    );
  }
  refuseContradictions(flags);
  if (flags.explain === true) {
    await printExplanation(context, layersOf(flags));
    return;
  }
  if (flags.plan === true) {
    await printPlan(context);
    return;
  }
  const { retryFor: retryPolicy = DEFAULT_RETRY_POLICY } = flags;
  if (flags.dryRun === true) {
    await printDryRun(context, { ...flags, ...layersOf(flags) }, retryPolicy);
    return;
  }
  const work = async (settings: ConnectionSettings, retry: Retry): Promise<void> => {
    if (flags.watch === true) {
      await watch(settings, retry, flags, context);
    } else {
      await report(await runPromote(settings, retry, flags, context), context);
    }
  };
  await withWarehouse(context.config, context, work, { writes: true, retryPolicy });
}

function layersOf({ layer }: Pick<PromoteFlags, 'layer'>): { silver: boolean; gold: boolean } {
  return { silver: layer !== 'gold', gold: layer !== 'silver' };
}

/** Ways to look at a promotion without one; each stands alone. */
const LOOKS = { plan: '--plan', explain: '--explain', dryRun: '--dry-run' } as const;

function refuseContradictions(flags: PromoteFlags): void {
  const looks = (Object.keys(LOOKS) as (keyof typeof LOOKS)[]).filter((look) => flags[look]);
  const named = [
    ...looks.map((look) => LOOKS[look]),
    ...(looks.length > 0 && flags.watch === true ? ['--watch'] : []),
    ...(flags.dryRun === true && flags.fullRefresh === true ? ['--full-refresh'] : []),
  ];
  if (named.length > 1) {
    throw new MedallionError('usage', `${named.join(' and ')} do not go together`);
  }
  if (flags.select !== undefined && flags.fullRefresh !== true) {
    throw new MedallionError('usage', '--select goes with --full-refresh', {
      hint: 'Without it a promotion computes what is new, in every mart.',
    });
  }
  if (flags.select !== undefined && flags.layer === 'silver') {
    throw new MedallionError('usage', '--select names marts of gold, and --layer silver has none');
  }
  if (flags.fullRefresh === true && (flags.since ?? flags.until) !== undefined) {
    throw new MedallionError('usage', '--full-refresh makes every day again', {
      hint: 'Leave out --since and --until, or --full-refresh.',
    });
  }
}

type PromotionFlags = Omit<PromoteFlags, 'every' | 'retryFor'>;
type MoreOptions = Partial<Pick<PromoteOptions, 'replay' | 'onPublished' | 'every'>>;

/** Runs `work` with what promotes once, with a DuckDB that stays open in between, and models that are read once. */
export async function withPromotions<T>(
  settings: ConnectionSettings,
  retry: Retry,
  limits: DuckDbLimits,
  context: CommandContext,
  work: (
    promoteOnce: (flags: PromotionFlags, more?: MoreOptions) => Promise<PromoteResult>,
    lendEngine: OpenEngine['lend'],
  ) => Promise<T>,
): Promise<T> {
  const engine = new OpenEngine(await duckDbOpener(context.config, settings, limits, context));
  const models = loadModels();
  try {
    return await work((flags, more = {}) => {
      const replays = more.replay === undefined ? '' : 'quarantine replay, ';
      const options: PromoteOptions = {
        ...layersOf(flags),
        fullRefresh: flags.fullRefresh ?? false,
        select: selectMarts(models, flags.select ?? []),
        evenPruned: flags.evenPruned ?? false,
        span: { since: flags.since, until: flags.until },
        every: 'mart',
        chunkRows: flags.chunkRows,
        windowBytes: windowBytesFor(flags.memoryLimit),
        retry,
        arguments: context.commandLine,
        holder: `${replays}process ${String(context.processId)}`,
        ...more,
      };
      return promote(settings, models, engine.lend, options, context);
    }, engine.lend);
  } finally {
    await engine.close();
  }
}

/** Promotes once: what is new, or what is to be judged again. */
export async function runPromote(
  settings: ConnectionSettings,
  retry: Retry,
  flags: PromotionFlags,
  context: CommandContext,
  more?: MoreOptions,
): Promise<PromoteResult> {
  return withPromotions(settings, retry, flags, context, (promoteOnce) => promoteOnce(flags, more));
}

async function watch(
  settings: ConnectionSettings,
  retry: Retry,
  flags: PromoteFlags,
  context: CommandContext,
): Promise<void> {
  // What is asked for beyond the new events is done once, not every round.
  let round = flags;
  await withPromotions(settings, retry, flags, context, (promoteOnce) =>
    onSchedule(flags.every, context, async () => {
      const result = await promoteOnce(round, { every: 'due mart' });
      if (hasWork(result)) {
        await report(result, context);
      }
      round = { ...flags, fullRefresh: false, select: [], since: undefined, until: undefined };
    }),
  );
}

/** Whether there was anything to promote. */
export function hasWork({ silver, gold }: PromoteResult): boolean {
  return (silver?.events ?? 0) > 0 || (gold?.days.length ?? 0) > 0;
}

async function report(result: PromoteResult, context: CommandContext): Promise<void> {
  const table = modelTable(result);
  if (context.format !== undefined || table.rows.length > 0) {
    await context.writeRows(table, (width) => modelLines(result, width));
  }
  warnOfChecks(result, context);
  context.emit({ type: 'note', message: summary(result) });
}
