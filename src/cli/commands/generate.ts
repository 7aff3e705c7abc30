import { Command, InvalidArgumentError, Option } from 'commander';
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { MedallionError } from '../../errors.ts';
import { MOST_CITIES } from '../../generate/catalogue.ts';
import { EVENT_KINDS } from '../../generate/events.ts';
import type { GenerateOptions, GenerateResult } from '../../generate/generate.ts';
import { recordGenerate } from '../../generate/record.ts';
import { resolvePeriod, type Period } from '../../generate/timeline.ts';
import { lineWriter, openFileWriter } from '../../log/files/stream-writer.ts';
import { COMPRESSIONS, type Compression, type Log, type LogWriter } from '../../log/log.ts';
import { openLog } from '../../log/open.ts';
import { counted, grouped } from '../../number.ts';
import type { RetryPolicy } from '../../retry.ts';
import { checkWritable } from '../../whole-file.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseDay, parseRate, parseSeed, parseShare } from '../options.ts';
import type { ResultColumn } from '../render/output.ts';
import { hanging } from '../render/wrap.ts';

interface GenerateFlags {
  readonly count?: number;
  readonly seed?: number;
  readonly since?: string;
  readonly until?: string;
  readonly rate?: number;
  readonly follow?: boolean;
  readonly customers: number;
  readonly products: number;
  readonly cities: number;
  readonly late: number;
  readonly duplicates: number;
  readonly malformed: number;
  readonly corrections: number;
  readonly manifest?: string;
  readonly to?: string;
  readonly partitions?: number;
  readonly compression?: Compression;
  readonly retryFor: RetryPolicy;
}

const DEFAULT_COUNT = 5000;
/** Events a second of a stream that runs now, when nothing else is said. */
const DEFAULT_RATE = 50;
/** A shop of a size that looks real and is quick. */
export const DEFAULT_SIZES = { customers: 1000, products: 200, cities: 40 };

export function createGenerateCommand(run: RunCommand): Command {
  return new Command('generate')
    .description(
      'write made-up purchases to the log: Kafka, the landing directory, a file or stdout',
    )
    .option(
      '-n, --count <n>',
      `events in all, faults included (default ${String(DEFAULT_COUNT)}, or no end with --follow)`,
      parseCount,
    )
    .option(
      '--seed <n>',
      'the same seed and arguments give the same bytes (default: another one each time)',
      parseSeed,
    )
    .option(
      '--since <day>',
      'first UTC day of the purchases (default: 31 days up to --until)',
      parseDay,
    )
    .option('--until <day>', 'last UTC day, the whole of it (default: yesterday)', parseDay)
    .option('--rate <n>', 'events a second (default: as fast as it goes)', parseRate)
    .option(
      '--follow',
      `go on until stopped, each purchase made now (${String(DEFAULT_RATE)} a second without --rate)`,
    )
    .optionsGroup('The shop:')
    .option('--customers <n>', 'customers of the shop', parseCount, DEFAULT_SIZES.customers)
    .option('--products <n>', 'products it sells', parseCount, DEFAULT_SIZES.products)
    .option('--cities <n>', 'cities it sells to', parseCount, DEFAULT_SIZES.cities)
    .optionsGroup('What goes wrong:')
    .option(
      '--late <share>',
      'purchases that come days after they were made: 0.02 or 2%',
      parseShare,
      0,
    )
    .option('--duplicates <share>', 'events sent again, byte for byte', parseShare, 0)
    .option('--malformed <share>', 'events that must be refused', parseShare, 0)
    .option('--corrections <share>', 'events that change an earlier purchase', parseShare, 0)
    .optionsGroup('Where it goes:')
    .option('--manifest <file>', 'also write the answers that the warehouse must give, as JSON')
    .option(
      '--to <target>',
      '- for stdout, or a file: .ndjson, .ndjson.gz (default: Kafka if configured, else the landing directory)',
      parseTarget,
    )
    .option(
      '--partitions <n>',
      'files of the landing topic (default 1); on Kafka, creates a missing topic with so many',
      parseCount,
    )
    .addOption(
      new Option(
        '--compression <codec>',
        'how batches to Kafka are compressed; none without it',
      ).choices(COMPRESSIONS),
    )
    .addHelpText(
      'after',
      manual({
        details: `
The same --seed, --since, --until, count, sizes and shares give the same bytes,
on any day and any machine. Without --since and --until the period is the 31
days up to yesterday, so the same seed gives other bytes tomorrow. With --follow
the clock decides, and no two runs are alike. The shop itself (customers,
products, cities) is the same for every seed, so that several runs add up to one
history. Few customers buy often; in a shop of more than 1,000 many buy once.
All events of a customer go to one partition, in order.

A file appears under its name when the run has ended, in place of one that was
there. The landing directory is added to.`,
        examples: [
          'medallion generate -n 20000',
          'medallion generate -n 100000 --seed 7 --since 2026-01-01 --until 2026-01-31 --to january.ndjson.gz',
          'medallion generate --late 2% --duplicates 1% --malformed 0.5% --corrections 1% --manifest answers.json',
          'medallion generate --rate 500 --follow --brokers localhost:9092 --partitions 4',
        ],
        seeAlso: ['ingest', 'docs/kafka.md'],
      }),
    )
    .action(run(runGenerate));
}

async function runGenerate(context: CommandContext, flags: GenerateFlags): Promise<void> {
  const options = parseOptions(flags);
  const manifestFile =
    flags.manifest === undefined ? undefined : path.resolve(context.cwd, flags.manifest);
  if (manifestFile !== undefined) {
    await checkWritable(manifestFile);
  }
  const log = openLog(context.config, context);
  const run = {
    ...{ home: context.config.home, topic: flags.to ?? log.topic, manifestFile },
    arguments: context.commandLine,
    open: () => openTarget(log, flags, context),
  };
  const { result, target } = await recordGenerate(options, run, context);
  const text = describeResult(options, result, target);
  if (flags.to === '-') {
    // stdout carries the events.
    context.emit({ type: 'note', message: text });
  } else if (context.format === undefined) {
    await context.write(`${hanging(text, context.width)}\n`);
  } else {
    await context.writeRows(resultTable(options, result, target));
  }
}

/** What the flags ask for together. */
function parseOptions(flags: GenerateFlags): GenerateOptions {
  const follow = flags.follow ?? false;
  if (follow && (flags.since !== undefined || flags.until !== undefined)) {
    throw new MedallionError(
      'usage',
      '--follow makes purchases now: it takes no --since and no --until',
    );
  }
  const { late, duplicates, malformed, corrections } = flags;
  if (late + duplicates + malformed + corrections > 1) {
    throw new MedallionError(
      'usage',
      '--late, --duplicates, --malformed and --corrections are more than all events together',
    );
  }
  if (flags.cities > MOST_CITIES) {
    throw new MedallionError(
      'usage',
      `there are only ${String(MOST_CITIES)} cities to choose from`,
    );
  }
  return {
    seed: flags.seed ?? randomInt(2 ** 32),
    count: flags.count ?? (follow ? undefined : DEFAULT_COUNT),
    period: follow ? 'now' : resolvePeriod(flags.since, flags.until),
    rate: flags.rate ?? (follow ? DEFAULT_RATE : undefined),
    sizes: { customers: flags.customers, products: flags.products, cities: flags.cities },
    faults: { late, duplicates, malformed, corrections },
    manifest: flags.manifest !== undefined,
  };
}

async function openTarget(
  log: Log,
  { to, compression, partitions, retryFor: retryPolicy }: GenerateFlags,
  context: CommandContext,
): Promise<LogWriter> {
  if (to === undefined) {
    return log.write({ partitions, compression, retryPolicy });
  }
  if (compression !== undefined) {
    throw new MedallionError('usage', '--compression is for events to Kafka', {
      hint: 'A file is compressed when its name ends in .gz: --to sales.ndjson.gz.',
    });
  }
  return to === '-'
    ? lineWriter(context.write, 'stdout')
    : openFileWriter(path.resolve(context.cwd, to));
}

function parseTarget(value: string): string {
  if (value !== '-' && !/\.(ndjson|jsonl)(\.gz)?$/.test(value) && !value.startsWith('/dev/')) {
    throw new InvalidArgumentError(
      'It must be - or a file whose name ends in .ndjson or .ndjson.gz.',
    );
  }
  return value;
}

const KIND_NAMES: Readonly<
  Record<(typeof EVENT_KINDS)[number], readonly [one: string, many: string]>
> = {
  purchase: ['purchase', 'purchases'],
  late: ['late', 'late'],
  duplicate: ['duplicate', 'duplicates'],
  correction: ['correction', 'corrections'],
  malformed: ['malformed', 'malformed'],
};

function describeResult(options: GenerateOptions, result: GenerateResult, target: string): string {
  const kinds = EVENT_KINDS.filter((kind) => result.kinds[kind] > 0).map((kind) => {
    const count = result.kinds[kind];
    return `${grouped(count)} ${KIND_NAMES[kind][count === 1 ? 0 : 1]}`;
  });
  const days = options.period === 'now' ? 'made now' : `of ${periodText(options.period)}`;
  return (
    `${counted(result.events, 'event')} (${(result.bytes / 1e6).toFixed(1)} MB) ${days} to ${target}\n` +
    `  ${kinds.length === 0 ? 'nothing' : kinds.join(', ')}; seed ${String(options.seed)}`
  );
}

function periodText({ since, until }: Period): string {
  return since === until ? since : `${since} to ${until}`;
}

function resultTable(
  options: GenerateOptions,
  result: GenerateResult,
  target: string,
): { columns: ResultColumn[]; rows: (string | null)[][] } {
  const period = options.period === 'now' ? undefined : options.period;
  const seconds = result.elapsedMs / 1000;
  const cells: [name: string, kind: ResultColumn['kind'], value: string | null][] = [
    ['events', 'number', String(result.events)],
    ['bytes', 'number', String(result.bytes)],
    ['seconds', 'number', seconds.toFixed(3)],
    ['events_per_second', 'number', String(Math.round(result.events / Math.max(seconds, 0.001)))],
    ...EVENT_KINDS.map((kind): [string, 'number', string] => [
      kind,
      'number',
      String(result.kinds[kind]),
    ]),
    ['seed', 'number', String(options.seed)],
    ['since', 'text', period?.since ?? null],
    ['until', 'text', period?.until ?? null],
    ['target', 'text', target],
  ];
  return {
    columns: cells.map(([name, kind]) => ({ name, kind })),
    rows: [cells.map(([, , value]) => value)],
  };
}
