import { dashboard, type Dashboard } from '../dashboard.ts';
import { CLICKED, TO_TRACE, toTransactions, TRACE_UID } from '../links.ts';
import { COUNT, MONEY, PERCENT, QUANTITY, rows, TIME } from '../panels.ts';
import { textVariable } from '../variables.ts';
import { CELLS, LATEST, LINES, ORDER, RESTATED, WAY } from './queries.ts';

const NOT_ASKED = 'Write a transaction id above, or choose one of the transactions below.';
const NOT_IN_SILVER =
  'Silver does not hold this transaction: what is above says where it is, or choose one below.';

/** A transaction id in, its way through the layers out. */
export function traceDashboard(): Dashboard {
  return dashboard({
    uid: TRACE_UID,
    title: 'Order trace',
    description: 'The way of one transaction from the log to the cells of gold.',
    from: 'now-30d',
    to: 'now',
    refresh: '',
    variables: [
      textVariable('transaction', 'Transaction id'),
      textVariable('day', 'Day'),
      textVariable('customer', 'Customer'),
      textVariable('country', 'Country'),
      textVariable('city', 'City'),
      textVariable('category', 'Category'),
      textVariable('product', 'Product'),
    ],
    annotations: [],
    sections: [
      {
        title: 'Its way',
        panels: [
          rows(
            {
              title: 'Through the layers',
              description:
                'Every event of the transaction, step by step: also those that wait, were rejected, or lost to a better one. ' +
                'An event that was pruned from bronze, or archived, has no step in bronze.',
              ...{ sql: WAY, width: 24, height: 11, empty: NOT_ASKED },
            },
            {
              at: { heading: 'At (UTC)', width: 170, unit: TIME },
              layer: {
                ...{ heading: 'Layer', width: 110 },
                colors: { quarantine: 'red', gold: 'green', nowhere: 'orange' },
              },
              what: { heading: 'What', width: 400, grows: true },
              topic: { heading: 'Topic', width: 160 },
              partition: { heading: 'Partition', width: 85 },
              offset: { heading: 'Offset', width: 110 },
              run_id: { heading: 'Run', width: 90 },
            },
          ),
        ],
      },
      {
        title: 'What silver holds',
        panels: [
          rows(
            { title: 'Order', sql: ORDER, width: 24, height: 4, empty: NOT_IN_SILVER },
            {
              event_timestamp: { heading: 'Time (UTC)', width: 155, unit: TIME },
              event_type: { heading: 'Type', width: 80 },
              customer: {
                ...{ heading: 'Customer', width: 90 },
                link: toTransactions({ customer: CLICKED }),
              },
              place: { heading: 'Place', width: 130, grows: true },
              status: { heading: 'Status', width: 85 },
              payment_method: { heading: 'Paid by', width: 90 },
              currency: { heading: 'Currency', width: 95 },
              subtotal: { heading: 'Subtotal', width: 95, unit: MONEY },
              tax: { heading: 'Tax', width: 85, unit: MONEY },
              shipping: { heading: 'Shipping', width: 85, unit: MONEY },
              discount: { heading: 'Discount', width: 85, unit: MONEY },
              total: { heading: 'Total', width: 100, unit: MONEY },
            },
          ),
          rows(
            { title: 'Order lines', sql: LINES, width: 24, height: 8, empty: NOT_IN_SILVER },
            {
              line: { heading: 'Line', width: 60 },
              product: {
                ...{ heading: 'Product', width: 200, grows: true },
                link: toTransactions({ product: CLICKED }),
              },
              category: { heading: 'Category', width: 200 },
              unit_price: { heading: 'Unit price', width: 130, unit: MONEY },
              quantity: { heading: 'Quantity', width: 100, unit: QUANTITY },
              discount: { heading: 'Discount', width: 130, unit: MONEY },
              cost: { heading: 'Cost', width: 130, unit: MONEY },
            },
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
              ...{ sql: CELLS, width: 14, height: 10 },
              empty: 'Gold counts purchases that silver holds: this is none.',
            },
            {
              mart: { heading: 'Mart', width: 205 },
              cell: { heading: 'Cell', width: 150, grows: true },
              of_this_order: { heading: 'Of this order', width: 110, unit: MONEY },
              revenue: { heading: 'Of all', width: 130, unit: MONEY },
              share_percent: { heading: 'Share', width: 70, unit: PERCENT },
            },
          ),
          rows(
            {
              title: 'Restatements of its day',
              description: 'Changes of its day after it was over and published, by whatever event.',
              ...{ sql: RESTATED, width: 10, height: 10 },
              empty: 'The day has not changed since it was over and published.',
            },
            {
              restated_at: { heading: 'Restated (UTC)', width: 150, grows: true, unit: TIME },
              late_events: { heading: 'Late events', width: 95, unit: COUNT },
              new_total: { heading: 'Revenue now', width: 125, unit: MONEY },
              change: { heading: 'Change', width: 110, unit: MONEY },
            },
          ),
        ],
      },
      {
        title: 'Transactions',
        panels: [
          rows(
            {
              title: 'Latest transactions',
              description:
                'The latest hundred of the time range by the time of the event, or of the day above; with the customer, place and goods that are chosen. An id leads to its trace.',
              ...{ sql: LATEST, width: 24, height: 12 },
              empty:
                'No transaction is like that in the time range: choose a longer one, or clear the fields above.',
            },
            {
              event_timestamp: { heading: 'Time (UTC)', width: 170, unit: TIME },
              transaction_id: {
                ...{ heading: 'Transaction', width: 380, grows: true },
                link: TO_TRACE,
              },
              customer: {
                ...{ heading: 'Customer', width: 120 },
                link: toTransactions({ customer: CLICKED }),
              },
              country: { heading: 'Country', width: 80 },
              city: { heading: 'City', width: 140 },
              event_type: { heading: 'Type', width: 90 },
              total: { heading: 'Total', width: 130, unit: MONEY },
            },
          ),
        ],
      },
    ],
  });
}
