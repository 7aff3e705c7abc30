import { EXTRA, forget, forgetPlan } from '../../app/forget.ts';
import { usageError } from '../../errors.ts';
import type { ForgetPlan } from '../../maintain/forget/forget.ts';
import { counted } from '../../number.ts';
import { command } from '../command.ts';
import { confirm } from '../confirm.ts';
import { booleans, quantities, resultOf, texts } from '../render/result.ts';

export const forgetCommand = command(
  'forget',
  'take a customer out of bronze, the quarantine and the archive; silver and gold keep the sums',
  {
    details: `
The customer's events lose everything that is not part of the event format:
names, addresses, whatever else the producer sent, keys and headers. So do
versions of the same orders that have no customer, and their refunds. A random
id replaces the customer's id, the same in bronze, the quarantine, the archive,
silver and gold: facts, sums and reconcile do not change, and promote
--full-refresh gives the same result. Country and city stay, because sales by
place are summed from them.

All of it is one transaction: a run that is killed has changed nothing, or
everything, and the next run removes files that it left. Ingest may run
meanwhile, promote waits. The run is recorded, the customer is not.

medallion cannot change the log itself (Kafka drops events by its own retention,
files are yours), exports, reports, backups and the WAL of PostgreSQL. Later
events of the customer are new ones.`,
    examples: [
      'medallion forget --customer cust_19 --dry-run',
      'medallion forget --customer cust_19',
      'medallion forget --customer cust_19 --yes --output json',
    ],
    exits: {
      4: 'no such customer, or an event cannot lose the id: nothing was changed',
      5: 'a promotion, a prune, an archive or another forget is running',
    },
    seeAlso: ['archive', 'prune', 'reconcile', 'docs/operations.md'],
    options: {
      '--customer <id>': "the customer's id, as events have it",
      '--dry-run': 'show what would be changed; change nothing',
      '--yes': 'do not ask',
    },
    run: async (context, { customer, dryRun, yes }) => {
      if (customer === undefined || customer.trim() === '') {
        throw usageError(
          'forget needs --customer',
          'For example: medallion forget --customer ID --dry-run',
        );
      }
      const { config, call } = context;
      const columns = { ...texts('place'), ...quantities('rows'), ...booleans('isChanged') };
      if (dryRun) {
        const plan = await forgetPlan(config, { ...call, customer });
        await context.writeRows(resultOf(columns, plan.places));
        context.note(`${sumText(plan)} to change; nothing was changed`);
        leftText(plan).forEach(context.note);
        return;
      }
      const result = await forget(config, {
        ...{ ...call, customer },
        ...(yes
          ? {}
          : {
              confirm: async (plan, server) => {
                context.note(`${sumText(plan)} to change`);
                const asking = { command: 'forget', does: 'changes', done: 'changed', yes: false };
                const question = `Forget this customer in ${server}, for good?`;
                await confirm(question, asking, context.signal);
              },
            }),
      });
      await context.writeNews(resultOf(columns, result.places));
      context.note(`${sumText(result)} changed in ${result.seconds.toFixed(1)} s`);
      leftText(result).forEach(context.note);
    },
  },
);

/** "3 events and 5 rows of silver and gold". */
function sumText({ places }: ForgetPlan): string {
  const sum = (isEvents: boolean): number =>
    places
      .filter(({ place, isChanged }) => isChanged && isOfEvents(place) === isEvents)
      .reduce((total, { rows }) => total + rows, 0);
  return `${counted(sum(true), 'event')} and ${counted(sum(false), 'row')} of silver and gold`;
}

function isOfEvents(place: string): boolean {
  return place === 'archive' || place.startsWith('bronze.');
}

/** What is out of reach. */
function leftText({ places, topics }: ForgetPlan): string[] {
  const left = places.filter(({ isChanged }) => !isChanged).map(({ place }) => place);
  const others = left.filter((place) => place !== EXTRA).join(', ');
  return [
    topics.length === 0
      ? ''
      : `the log keeps these events for as long as its retention says: ${topics.join(', ')}; to read it again brings the customer back`,
    others === ''
      ? ''
      : `not changed, because they are not medallion's: ${others}; promote --full-refresh rebuilds tables of your models, and you remove files yourself`,
    !left.includes(EXTRA)
      ? ''
      : `${EXTRA} stays, because marts are made from it: if it identifies a person, remove that from the source, forget again, then run promote --full-refresh`,
    'medallion cannot change exports, reports, backups and the WAL of PostgreSQL',
  ].filter((text) => text !== '');
}
