import { InvalidArgumentError } from 'commander';
import path from 'node:path';
import {
  COMPRESSIONS,
  DEFAULT_COUNT,
  DEFAULT_RATE,
  DEFAULT_SIZES,
  generate,
  type Generated,
} from '../../app/generate.ts';
import type { EventKind } from '../../generate/events.ts';
import type { Period } from '../../generate/timeline.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { command } from '../command.ts';
import { choice, days, group, option, RETRY, setting } from '../flags.ts';
import { parseRate, parseSeed } from '../options.ts';
import { numbers, resultOf, texts } from '../render/result.ts';
import { hanging } from '../render/wrap.ts';

export const generateCommand = command(
  'generate',
  'write made-up purchases to the log: Kafka, the landing directory, a file or stdout',
  {
    details: `
The same --seed, --since, --until, count, sizes and shares give the same bytes,
on any day and any machine. Without --since and --until the period is the 31
days up to yesterday, so the same seed gives other bytes tomorrow. With --follow
the clock decides, and no two runs are alike. The shop itself (customers,
products, cities) is the same for every seed, so several runs add up to one
history. Few customers buy often; in a shop of more than 1,000 many buy once.
All events of a customer go to one partition, in order. In Kafka they have the
format of --format, and their schema is in the registry; only json and
json_schema have malformed ones.

A file gets its name when the run has ended, and replaces an older one.
Files of the landing directory are appended to.`,
    examples: [
      'medallion generate -n 20000',
      'medallion generate -n 100000 --seed 7 --since 2026-01-01 --until 2026-01-31 --to january.ndjson.gz',
      'medallion generate --late 2% --duplicates 1% --malformed 0.5% --corrections 1% --manifest answers.json',
      'medallion generate --rate 500 --follow --brokers localhost:9092 --partitions 4',
      'medallion generate --format avro --brokers localhost:9092 --topic orders',
    ],
    seeAlso: ['ingest', 'docs/kafka.md'],
    usesKafka: true,
    options: {
      '-n, --count <n>': `events in all, faults included (default ${String(DEFAULT_COUNT)}, or no end with --follow)`,
      seed: option(
        '--seed <n>',
        'the same seed and arguments give the same bytes (default: a new one each time)',
        parseSeed,
      ),
      ...days(
        'first UTC day of the purchases (default: 31 days up to --until)',
        'last UTC day, the whole of it (default: yesterday)',
      ),
      rate: option('--rate <n>', 'events a second (default: as fast as it goes)', parseRate),
      '--follow': `go on until stopped, each purchase made now (${String(DEFAULT_RATE)} a second without --rate)`,
      ...group('The shop:', {
        '--customers <n>': ['customers of the shop', DEFAULT_SIZES.customers],
        '--products <n>': ['products it sells', DEFAULT_SIZES.products],
        '--cities <n>': ['cities it sells to', DEFAULT_SIZES.cities],
      }),
      ...group('What goes wrong:', {
        '--late <share>': ['purchases that come days after they were made: 0.02 or 2%', 0],
        '--duplicates <share>': ['events sent again, byte for byte', 0],
        '--malformed <share>': ['events that must be rejected', 0],
        '--corrections <share>': ['events that change an earlier purchase', 0],
      }),
      ...group('Where it goes:', {
        '--manifest <file>': 'also write the results that the warehouse must have, as JSON',
        to: option(
          '--to <target>',
          '- for stdout, or a file: .ndjson, .ndjson.gz (default: Kafka if configured, else the landing directory)',
          parseTarget,
        ),
        format: setting('kafka.format'),
        '--partitions <n>':
          'files of the landing topic (default 1); on Kafka, partitions of a topic that it creates',
        compression: choice(
          '--compression <codec>',
          'compression of batches to Kafka (default: none)',
          COMPRESSIONS,
        ),
      }),
      ...RETRY,
    },
    run: async (context, flags) => {
      const { late, duplicates, malformed, corrections, manifest, to, ...more } = flags;
      const at = (file: string): string => path.resolve(context.cwd, file);
      const result = await generate(context.config, {
        ...more,
        ...context.call,
        faults: { late, duplicates, malformed, corrections },
        manifest: manifest === undefined ? undefined : at(manifest),
        to: to === undefined ? undefined : to === '-' ? context.write : at(to),
      });
      const text = describeResult(result);
      if (to === '-') {
        // stdout carries the events.
        context.note(text);
      } else {
        await context.writeText(`${hanging(text, context.width)}\n`, () => resultTable(result));
      }
    },
  },
);

function parseTarget(value: string): string {
  if (value !== '-' && !/\.(ndjson|jsonl)(\.gz)?$/.test(value) && !value.startsWith('/dev/')) {
    throw new InvalidArgumentError(
      'It must be - or a file whose name ends in .ndjson or .ndjson.gz.',
    );
  }
  return value;
}

const KIND_NAMES: Readonly<Record<EventKind, readonly [one: string, many: string]>> = {
  purchase: ['purchase', 'purchases'],
  late: ['late', 'late'],
  duplicate: ['duplicate', 'duplicates'],
  correction: ['correction', 'corrections'],
  malformed: ['malformed', 'malformed'],
};

function describeResult({ target, seed, period, ...result }: Generated): string {
  const kinds = (Object.keys(KIND_NAMES) as EventKind[])
    .map((kind) => [kind, result.kinds[kind]] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${grouped(count)} ${KIND_NAMES[kind][count === 1 ? 0 : 1]}`);
  const days = period === 'now' ? 'made now' : `of ${periodText(period)}`;
  return (
    `${counted(result.events, 'event')} (${(result.bytes / 1e6).toFixed(1)} MB) ${days} to ${target}\n` +
    `  ${kinds.length === 0 ? 'nothing' : kinds.join(', ')}; seed ${String(seed)}`
  );
}

function periodText({ since, until }: Period): string {
  return since === until ? since : `${since} to ${until}`;
}

function resultTable({ elapsedMs, kinds, period, ...result }: Generated): ResultTable {
  const seconds = elapsedMs / 1000;
  return resultOf(
    {
      ...numbers('events', 'bytes', 'seconds', 'eventsPerSecond', 'purchase', 'late', 'duplicate'),
      ...{ ...numbers('correction', 'malformed', 'seed'), ...texts('since', 'until', 'target') },
    },
    [
      {
        ...{ ...result, ...kinds, seconds: seconds.toFixed(3) },
        eventsPerSecond: Math.round(result.events / Math.max(seconds, 0.001)),
        ...(period === 'now' ? {} : period),
      },
    ],
  );
}
