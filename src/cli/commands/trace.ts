import { trace, type TracedEvent } from '../../app/query.ts';
import { usageError } from '../../errors.ts';
import { TRACE_PARTS } from '../../query/trace.ts';
import { command } from '../command.ts';
import { option, section, type Values } from '../flags.ts';
import { parseCountFromZero } from '../options.ts';
import { traceParts } from '../render/trace-view.ts';

const PLACE = {
  partition: option(
    '--partition <n>',
    'with --offset: partition of an event (default 0)',
    parseCountFromZero,
  ),
  offset: option('--offset <n>', 'offset of an event, instead of an id', parseCountFromZero),
  '--source <topic>': 'with --offset: topic as bronze names it, e.g. file:/data/sales.ndjson',
};

export const traceCommand = command(
  'trace',
  'follow a transaction from its bronze events to the cells of gold, or an event to both',
  {
    details: `
It shows the events that silver knows of the transaction, each current,
duplicate, superseded or waiting for promotion; rejected events that hold the id
as a JSON string or a whole number; the rows of silver; and the rows of every
mart whose key the transaction has, with what they hold now. It exits 4 when
nothing is found.

Without --source an event is looked for in --topic and in the landing directory
of that name.`,
    examples: [
      'medallion trace txn_1f0c7a52',
      'medallion trace txn_1f0c7a52 --section gold --output json',
      'medallion trace --topic sales --partition 2 --offset 1840',
    ],
    exits: { 4: 'no such transaction or event' },
    seeAlso: ['quarantine show', 'runs show', 'reconcile'],
    arguments: [['[id]', 'transaction id']],
    options: { ...PLACE, section: section(TRACE_PARTS) },
    run: async (context, { section: names, ...flags }, [id]) => {
      const place = placeOf(flags);
      const what = place ?? id;
      if (what === undefined || (place !== undefined && id !== undefined)) {
        throw usageError('trace needs a transaction id, or the --offset of an event');
      }
      const found = await trace(context.config, context.call, what);
      await context.writeParts(traceParts(found), names);
      found.notes.forEach(context.note);
    },
  },
);

function placeOf({ partition, offset, source }: Values<typeof PLACE>): TracedEvent | undefined {
  if (offset === undefined) {
    if (partition !== undefined || source !== undefined) {
      throw usageError('--partition and --source work only with --offset');
    }
    return undefined;
  }
  return { topic: source, partition: partition ?? 0, offset: BigInt(offset) };
}
