import { setTimeout as sleep } from 'node:timers/promises';
import { status, watchStatus } from '../../app/query.ts';
import { isRetriable, MedallionError, usageError } from '../../errors.ts';
import { breaches } from '../../query/limits.ts';
import type { Status } from '../../query/status.ts';
import { command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { group, option, section, type Values } from '../flags.ts';
import { parseCountFromZero } from '../options.ts';
import { chosenParts, renderParts } from '../render/document.ts';
import { STATUS_PARTS, statusParts } from '../render/status-view.ts';

const OPTIONS = {
  '--watch': 'repeat until stopped',
  '--every <duration>': ['with --watch: how long to wait between two looks', 5000, '5s'],
  section: section(STATUS_PARTS),
  ...group('As a probe:', {
    maxLag: option(
      '--max-lag <n>',
      'fail when more events wait, in the log or for promotion',
      parseCountFromZero,
    ),
    '--max-age <duration>': 'fail when an event, or a day of gold, has waited longer: 10m, 1h',
  }),
} as const;

type StatusFlags = Values<typeof OPTIONS>;

export const statusCommand = command(
  'status',
  'show what waits between log, bronze, silver and gold, and how fresh each layer is',
  {
    details: `
With --max-lag or --max-age it is a probe: it exits 4 when a limit is broken,
and says which; it exits 3 when it cannot reach the broker, and so cannot know.
Without limits it shows a broker that is down.

It counts nothing that grows with the warehouse, so these are estimates:
offsets that hold no event (of transactions, of compaction, blank lines) count
as events that wait; landing files with more than 4 MiB unread are estimated
from the first 4 MiB, and files of which more than 16 MiB were read are known by
their first line; how long events wait in a file is counted from when it was
last read, in Kafka found to a hundredth; the latest event of silver is that of
the 10,000 transactions last written for the latest day. For bronze it is when
the log took it in, for gold its latest day.`,
    examples: [
      'medallion status',
      'medallion status --watch --every 2s',
      'medallion status --max-lag 10000 --max-age 10m --quiet',
      'medallion status --section partitions --output csv',
    ],
    exits: { 4: 'a limit of --max-lag or --max-age is broken' },
    seeAlso: ['reconcile', 'runs', 'doctor', 'docs/operations.md'],
    usesKafka: true,
    options: OPTIONS,
    run: async (context, flags) => {
      const { watch: isWatch, maxLag, maxAge } = flags;
      if (isWatch && (maxLag ?? maxAge) !== undefined) {
        throw usageError(
          '--watch cannot be used with --max-lag or --max-age, which judge the state once',
        );
      }
      if (isWatch) {
        await watchStatus(context.config, context.call, (look) => watch(look, flags, context));
        return;
      }
      const found = await status(context.config, context.call);
      await context.write(render(found, flags, context));
      judge(found, flags);
    },
  },
);

function render(found: Status, flags: StatusFlags, context: CommandContext): string {
  const parts = chosenParts(statusParts(found), flags.section);
  return renderParts(parts, context.format ?? 'table', context);
}

/** @throws MedallionError check_failed; what kept the log from being looked at, when nothing else is broken */
function judge(found: Status, { maxLag, maxAge }: StatusFlags): void {
  const broken = breaches(found, {
    maxLag,
    maxAgeSeconds: maxAge === undefined ? undefined : maxAge / 1000,
  });
  if (broken.some(({ isKnown }) => isKnown)) {
    throw new MedallionError('check_failed', broken.map(({ text }) => text).join('\n'));
  }
  const [unknown] = broken;
  if (unknown !== undefined) {
    throw (
      found.problem ??
      new MedallionError('source_changed', unknown.text, {
        hint: 'To see why: medallion status --section partitions. The next ingest reads a replaced file; ingest --reset-offsets reads a recreated topic.',
      })
    );
  }
}

/** On a terminal each look replaces the one before; in a pipe they follow one another. */
const CLEAR = '\u001b[H\u001b[2J';

async function watch(
  look: () => Promise<Status>,
  flags: StatusFlags,
  context: CommandContext,
): Promise<void> {
  for (let looks = 1; !context.signal.aborted; looks += 1) {
    try {
      const text = render(await look(), flags, context);
      const isPage = (context.format ?? 'table') === 'table';
      const gap = isPage && looks > 1 ? '\n' : '';
      await context.write(context.isTerminal ? CLEAR + text : gap + text);
    } catch (error) {
      if (!isRetriable(error)) {
        throw error;
      }
      context.warn(error.message);
    }
    await sleep(flags.every, undefined, { signal: context.signal }).catch(() => undefined);
  }
}
