import { isUtf8 } from 'node:buffer';
import { JsonNumber, jsonText, parseJson, type Json } from '../event/json.ts';
import { Cursor } from './avro-cursor.ts';
import { decimalText, scaleOf } from './avro-logical.ts';
import type { Decoded, Decoder, Failed } from './decoder.ts';
import { Undecodable, withinDepth } from './undecodable.ts';

/** Kafka Connect's name for a decimal. */
const DECIMAL = 'org.apache.kafka.connect.data.Decimal';

/**
 * Takes the event out of a message of Debezium's outbox event router: the payload is the event, as an object or as text in
 * a JSON string, with the converter's schema around it or without.
 */
export class OutboxDecoder implements Decoder {
  readonly format = 'outbox';

  decode(value: Buffer): Decoded | Failed {
    try {
      return withinDepth(() => this.#payloadOf(value));
    } catch (error) {
      if (error instanceof Undecodable) {
        return { detail: error.detail };
      }
      throw error;
    }
  }

  #payloadOf(value: Buffer): Decoded | Failed {
    const message = jsonOf(value);
    if (message === undefined) {
      return { detail: 'not JSON as the outbox event router writes it' };
    }
    const { schema, payload } = partsOf(message);
    if (typeof payload === 'string') {
      return { value: Buffer.from(payload), schemaId: null };
    }
    // Without a wrapping the bytes are the event already.
    const event = payload === message ? value : Buffer.from(jsonText(withNumbers(payload, schema)));
    return { value: event, schemaId: null };
  }
}

function jsonOf(value: Buffer): Json | undefined {
  if (!isUtf8(value)) {
    return undefined;
  }
  try {
    return parseJson(value.toString());
  } catch {
    return undefined;
  }
}

/** With `schemas.enable` the converter writes {"schema": .., "payload": ..}. */
function partsOf(message: Json): { readonly schema: Json | undefined; readonly payload: Json } {
  if (message instanceof Map && message.size === 2) {
    const payload = message.get('payload');
    const schema = message.get('schema');
    if (payload !== undefined && schema !== undefined) {
      return { schema, payload };
    }
  }
  return { schema: undefined, payload: message };
}

/**
 * A payload in which decimals are numbers, by the schema beside them: the converter writes base64 unless its
 * decimal.format is NUMERIC.
 */
function withNumbers(payload: Json, schema: Json | undefined): Json {
  if (!(schema instanceof Map)) {
    return payload;
  }
  if (typeof payload === 'string' && schema.get('name') === DECIMAL) {
    const bytes = Buffer.from(payload, 'base64');
    const parameters = schema.get('parameters');
    const scale = parameters instanceof Map ? Number(parameters.get('scale')) : NaN;
    const cursor = new Cursor(bytes, 0, bytes.length);
    return new JsonNumber(decimalText(cursor, bytes.length, scaleOf({ scale })));
  }
  if (Array.isArray(payload)) {
    return payload.map((item) => withNumbers(item, schema.get('items')));
  }
  if (payload instanceof Map) {
    const fields = schema.get('fields');
    const schemaOf = (name: string): Json | undefined =>
      Array.isArray(fields)
        ? fields.find((field) => field instanceof Map && field.get('field') === name)
        : schema.get('values');
    return new Map([...payload].map(([name, value]) => [name, withNumbers(value, schemaOf(name))]));
  }
  return payload;
}
