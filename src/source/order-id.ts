import { parseJson, type Json } from '../event/json.ts';
import { dimensionOf, type References } from '../event/references.ts';
import type { Source } from './mapping.ts';
import { textOf } from './path.ts';
import { mapRecord } from './plan.ts';

const NO_ROWS: References = {
  statuses: dimensionOf([]),
  paymentMethods: dimensionOf([]),
  currencies: dimensionOf([]),
};

/** The id of the order that a record of a source speaks of, or an event of the contract's own shape; undefined where there is none. */
export function orderIdOf(value: string, source: Source | undefined): string | undefined {
  let record: Json;
  try {
    record = parseJson(value);
  } catch {
    return undefined;
  }
  const details =
    source === undefined
      ? member(member(record, 'data'), 'transaction_details')
      : mapRecord(source, record, NO_ROWS).details;
  const id = member(details, 'transaction_id');
  const text = source === undefined && typeof id !== 'string' ? undefined : textOf(id)?.trim();
  return text === '' ? undefined : text;
}

function member(json: Json | undefined, name: string): Json | undefined {
  return json instanceof Map ? json.get(name) : undefined;
}
