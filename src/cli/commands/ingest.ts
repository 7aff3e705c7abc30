import path from 'node:path';
import { ingest } from '../../app/ingest.ts';
import { usageError } from '../../errors.ts';
import { command } from '../command.ts';
import { RETRY, setting } from '../flags.ts';
import { parseCount } from '../options.ts';
import { writeIngested } from '../render/ingested.ts';

export const ingestCommand = command(
  'ingest',
  'write events to bronze, each exactly once: from Kafka, files or standard input',
  {
    details: `
Without --from it reads Kafka when KAFKA_BROKERS or --brokers names one, else
the landing directory that medallion generate writes to. No event is written
twice, even when ingest is killed. Several ingests at once share the partitions
of a topic, in a consumer group of their warehouse. --topic a,b reads several
topics. A file that was rewritten since it was read is read again from its
beginning, with a warning: rows that did not change become duplicates in silver.`,
    examples: [
      ['medallion ingest', 'everything that is new, from Kafka or the landing directory'],
      ['medallion ingest --follow --idle-timeout 1m', 'go on until nothing has come for a minute'],
      [
        'medallion ingest --from sales.ndjson.gz',
        'a file, plain or gzip; read again, it adds only what is new',
      ],
      [
        'medallion ingest --source shopify --from orders.ndjson',
        'orders of another shape, as docs/sources.md maps them',
      ],
      ['zcat old/*.gz | medallion ingest --from -', 'standard input'],
    ],
    exits: { 4: 'part of the topic stays unread: others in the consumer group have it' },
    seeAlso: [
      'promote',
      'run',
      'quarantine',
      'status',
      'docs/kafka.md',
      'docs/files.md',
      'docs/sources.md',
    ],
    usesKafka: true,
    options: {
      '--from <file...>': 'files of NDJSON (with --source also CSV), plain or gzip, or - for stdin',
      '--source <source>': 'with --from: the source that maps the records of the files',
      '--follow': 'keep reading as events arrive, until stopped',
      '--idle-timeout <duration>': 'with --follow: stop when no event has come for this long',
      '--max-messages <n>': 'stop after this many messages',
      '--reset-offsets': 'read a recreated Kafka topic from its beginning',
      group: setting('kafka.group'),
      format: setting('kafka.format'),
      maxEventBytes: setting('ingest.max_event_bytes', parseCount),
      ...RETRY,
    },
    run: async (context, flags) => {
      const { from, source, follow, idleTimeout, maxMessages, maxEventBytes } = flags;
      if (idleTimeout !== undefined && !follow) {
        throw usageError(
          '--idle-timeout works only with --follow',
          'Without --follow, ingest stops when it has read what was there when it began.',
        );
      }
      if (from !== undefined && from.length > 1 && from.includes('-')) {
        throw usageError('--from takes either - (standard input) or files, not both');
      }
      const result = await ingest(context.config, {
        ...{ ...context.call, follow, maxEventBytes },
        ...{ resetOffsets: flags.resetOffsets, retryFor: flags.retryFor },
        ...(from?.[0] === '-'
          ? { input: context.stdin }
          : { files: from?.map((file) => path.resolve(context.cwd, file)) }),
        ...{ idleTimeoutMs: idleTimeout, maxRecords: maxMessages, mapping: source },
      });
      await writeIngested(context, result);
      if (result.whenEmpty !== undefined) {
        context.note(result.whenEmpty);
      }
    },
  },
);
