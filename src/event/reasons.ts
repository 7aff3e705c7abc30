/** Why an event is rejected: the closed list of the contract, each with its meaning in one line. */
export const REASONS = {
  not_text:
    'bytes that are not UTF-8 or hold a NUL, or a field with an escaped NUL or half a surrogate pair',
  empty_value: 'a message without a value',
  too_large: 'a value larger than --max-event-bytes',
  undecodable:
    'a value that is not in the declared format: a broken frame, a schema that the registry does not have, or a row of CSV that cannot be read',
  split_order: 'rows of an order that the same CSV file already had in an earlier place',
  invalid_json: 'not one valid JSON value (RFC 8259)',
  not_an_event: 'no object at data.transaction_details',
  unsupported_version: 'an event_version whose major version is not 1',
  missing_field: 'a required field is absent, null or blank',
  invalid_type: 'a field of the wrong JSON type, or a text of more than 200 characters',
  invalid_timestamp: 'an event_timestamp that is not an ISO 8601 time of the years 1900 to 9999',
  invalid_amount: 'an amount that is not a number, or is out of range',
  invalid_quantity: 'a quantity that is not a whole number from 1 to 1,000,000',
  no_items: 'items is missing or empty',
  unknown_value: 'a value that the lookup of its source does not have',
  unknown_reference: 'a status, payment method or currency that the dimension does not have',
} as const;

export type Reason = keyof typeof REASONS;
