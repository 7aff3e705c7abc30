import { dashboard, type Dashboard } from '../dashboard.ts';
import { COUNT, MONEY, PERCENT, rows } from '../panels.ts';
import { transactionVariable } from '../variables.ts';
import { CELLS, LATEST, LINES, ORDER, RESTATED, WAY } from './queries.ts';

const UID = 'medallion-trace';

/** A transaction id in, its way through the layers out. */
export function traceDashboard(): Dashboard {
  const wide = { width: 24, height: 8 };
  const half = { width: 12, height: 8 };
  return dashboard({
    uid: UID,
    title: 'Order trace',
    description: 'The way of one transaction from the log to the cells of gold.',
    from: 'now-30d/d',
    to: 'now/d',
    refresh: '',
    variables: [transactionVariable()],
    sections: [
      {
        title: 'Its way',
        panels: [
          rows({
            title: 'Through the layers',
            description:
              'Every event of the transaction, step by step: also those that wait, were refused, or lost to a better one. ' +
              'An event that was pruned from bronze, or archived, has no landing.',
            sql: WAY,
            ...wide,
          }),
        ],
      },
      {
        title: 'What silver holds',
        panels: [
          rows(
            { title: 'Order', sql: ORDER, width: 24, height: 5 },
            { subtotal: MONEY, tax: MONEY, shipping: MONEY, discount: MONEY, total: MONEY },
          ),
          rows(
            { title: 'Order lines', sql: LINES, width: 24, height: 7 },
            { unit_price: MONEY, quantity: COUNT, discount: MONEY, cost: MONEY },
          ),
        ],
      },
      {
        title: 'What it moves in gold',
        panels: [
          rows(
            {
              title: 'Cells of gold',
              description:
                'The rows of the marts that it is part of, and its part of their revenue.',
              sql: CELLS,
              ...half,
            },
            { of_this_order: MONEY, revenue: MONEY, share_percent: PERCENT },
          ),
          rows(
            {
              title: 'Restatements of its day',
              description: 'Changes of its day after it was published, by whatever event.',
              sql: RESTATED,
              ...half,
            },
            { late_events: COUNT, old_total: MONEY, new_total: MONEY },
          ),
        ],
      },
      {
        title: 'Latest transactions',
        panels: [
          rows(
            {
              title: 'Latest transactions',
              description: 'By the time of the event, in the time range: an id leads to its trace.',
              sql: LATEST,
              ...wide,
            },
            { total: MONEY },
          ).overrideByName('transaction_id', [
            {
              id: 'links',
              value: [
                {
                  title: 'Trace',
                  url: `/d/${UID}?var-transaction=\${__value.raw:percentencode}&\${__url_time_range}`,
                },
              ],
            },
          ]),
        ],
      },
    ],
  });
}
