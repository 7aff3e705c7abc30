import { Fields, FirstBreach, rejection, type Rejection } from './fields.ts';
import { parseJson, type Json, type JsonObject } from './json.ts';
import type { References } from './references.ts';
import { printable, show } from './show.ts';

export interface Acceptance {
  readonly accepted: true;
  /** The event as JSON in one fixed form: defaults filled in, amounts with 2 decimals, those of one unit with up to 4, time in UTC, extras gone. */
  readonly canonical: string;
}

export type Judgement = Acceptance | Rejection;

const UNKNOWN = 'unknown';

/**
 * Judges one event by the contract's rules of reading. Where several rules are broken, the first in the order
 * of the event decides. Never throws; cost is linear in the size of the event.
 */
export function judge(value: string, references: References): Judgement {
  return judgeText(value, (event) => {
    const details = memberOf(memberOf(event, 'data'), 'transaction_details');
    return details instanceof Map
      ? judgeDetails(details, references)
      : rejection('not_an_event', null, `data.transaction_details is ${show(details)}`);
  });
}

/** Judges what a text holds, if it is JSON. */
export function judgeText<Other = never>(
  value: string,
  judgeJson: (event: Json) => Judgement | Other,
): Judgement | Other {
  let event: Json;
  try {
    event = parseJson(value);
  } catch (error) {
    return rejection(
      'invalid_json',
      null,
      printable(error instanceof Error ? error.message : String(error)),
    );
  }
  return judgeJson(event);
}

/** What an event may hold beyond the rules of reading, where its source says so. */
export interface Latitude {
  /** Quantities with up to 3 decimals, as of goods by weight. */
  readonly fractions: boolean;
  /** What its source keeps beyond the contract: texts by their names, in the order in which they are written. */
  readonly extra?: JsonObject;
}

/** Judges an event by what is below its transaction_details. */
export function judgeDetails(
  details: JsonObject,
  references: References,
  latitude: Latitude = { fractions: false },
): Judgement {
  const breaches = new FirstBreach();
  const event = new Fields(details, '', breaches);
  const members = [
    `"transaction_id":${event.id('transaction_id')}`,
    `"event_type":${event.text('event_type')}`,
    `"event_version":${event.version('event_version')}`,
    `"event_timestamp":${event.timestamp('event_timestamp')}`,
    ...event.optional('ordered_at', (name) => event.timestamp(name)),
    ...event.optional('refunds', (name) => event.id(name)),
    `"customer":${readCustomer(event.object('customer'))}`,
    `"order":${readOrder(event.object('order'), references)}`,
    `"items":${readItems(event, latitude, breaches)}`,
  ];
  const extra = readExtra(latitude.extra ?? new Map<string, Json>(), breaches);
  const canonical = `{"data":{"transaction_details":{${members.join()}}}${extra}}`;
  return breaches.first ?? { accepted: true, canonical };
}

/** A text that holds JSON, so that it comes out as it went in; beside the event, whose own members are none of it. */
function readExtra(extra: JsonObject, breaches: FirstBreach): string {
  const fields = new Fields(extra, 'extra.', breaches);
  const members = [...extra.keys()].flatMap((name) =>
    fields.optional(name, (present) => fields.text(present)),
  );
  return members.length === 0 ? '' : `,"extra":${JSON.stringify(`{${members.join()}}`)}`;
}

/** A guest is nobody's customer, whatever id the event gives. */
function readCustomer(customer: Fields): string {
  const who = customer.flag('guest') ? '"guest":true' : `"id":${customer.id('id')}`;
  return (
    `{${who},"type":${customer.text('type', UNKNOWN)},` +
    `"country":${customer.text('country', UNKNOWN)},"city":${customer.text('city', UNKNOWN)}}`
  );
}

function readOrder(order: Fields, { statuses, paymentMethods, currencies }: References): string {
  const members = [
    `"status":${order.reference('status', statuses)}`,
    `"payment_method":${order.reference('payment_method', paymentMethods)}`,
    `"currency":${order.reference('currency', currencies)}`,
    `"subtotal":${order.amount('subtotal')}`,
    `"tax_amount":${order.amount('tax_amount')}`,
    `"shipping_amount":${order.amount('shipping_amount')}`,
    `"discount_amount":${order.amount('discount_amount')}`,
    `"total_amount":${order.amount('total_amount')}`,
    ...(order.flag('tax_included') ? ['"tax_included":true'] : []),
    ...order.optional('exchange_rate', (name) => order.rate(name)),
  ];
  return `{${members.join()}}`;
}

function readItems(event: Fields, latitude: Latitude, breaches: FirstBreach): string {
  const items: string[] = [];
  for (const [index, item] of event.list('items').entries()) {
    const path = `items[${String(index)}]`;
    if (!(item instanceof Map)) {
      breaches.note('invalid_type', path, `expected an object, found ${show(item)}`);
      break;
    }
    items.push(readItem(new Fields(item, `${path}.`, breaches), latitude));
    if (breaches.first !== undefined) {
      break;
    }
  }
  return `[${items.join()}]`;
}

function readItem(item: Fields, { fractions }: Latitude): string {
  return (
    `{"id":${item.id('id')},"category":${item.text('category')},` +
    `"unit_price":${item.unitAmount('unit_price', { notNegative: true })},` +
    `"quantity":${fractions ? item.fraction('quantity') : item.quantity('quantity')},` +
    `"discount":${item.unitAmount('discount', { missing: '0.00' })},` +
    `"cost":${item.unitAmount('cost', { notNegative: true, missing: '0.00' })}}`
  );
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return value instanceof Map ? value.get(name) : undefined;
}
