/** Where a click leads: to the list of the transactions that a row, a bar or a point is made of. */

/** Of what the order trace lists the transactions. */
export type Filter = 'day' | 'country' | 'city' | 'category' | 'product' | 'customer';

export interface Link {
  readonly title: string;
  readonly url: string;
}

export const TRACE_UID = 'medallion-trace';
export const PIPELINE_UID = 'medallion-pipeline';

const RANGE = '${__url_time_range}';
/** The value that was clicked. */
export const CLICKED = '${__value.raw:percentencode}';
/** When the point that was clicked is, in milliseconds since 1970. */
export const CLICKED_TIME = '${__value.time}';

/** Another column of the row that was clicked, by its place from 0. */
export const column = (place: number): string =>
  `\${__data.fields[${String(place)}]:percentencode}`;

/** To the transactions with these values. */
export function toTransactions(filters: Readonly<Partial<Record<Filter, string>>>): Link {
  const chosen = Object.entries(filters).map(([name, value]) => `var-${name}=${value}`);
  return { title: 'Transactions', url: `/d/${TRACE_UID}?${[...chosen, RANGE].join('&')}` };
}

export const TO_TRACE: Link = {
  title: 'Trace',
  url: `/d/${TRACE_UID}?var-transaction=${CLICKED}&${RANGE}`,
};

export function toRejected(reason: string): Link {
  return { title: 'Rejected events', url: `/d/${PIPELINE_UID}?var-reason=${reason}&${RANGE}` };
}
