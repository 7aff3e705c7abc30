import { isUtf8 } from 'node:buffer';
import { jsonText, parseJson, type Json } from '../event/json.ts';
import type { Decoded, Decoder, Failed } from './decoder.ts';
import { Undecodable, withinDepth } from './undecodable.ts';

/** Kafka Connect's name for a decimal, which its JSON converter writes as base64. */
const DECIMAL = 'org.apache.kafka.connect.data.Decimal';

/**
 * Takes the event out of a message of Debezium's outbox event router: the payload is the event, as an object or as text in
 * a JSON string, with the converter's schema around it or without.
 */
export class OutboxDecoder implements Decoder {
  readonly format = 'outbox';

  async prepare(): Promise<void> {
    // Nothing is asked for.
  }

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
      return { detail: 'no JSON, as the outbox event router writes it' };
    }
    const { schema, payload } = partsOf(message);
    if (schema !== undefined && names(schema, DECIMAL)) {
      return {
        detail:
          'decimals in base64: set decimal.handling.mode=string of the connector, or decimal.format=NUMERIC of its JSON converter',
      };
    }
    if (typeof payload === 'string') {
      return { value: Buffer.from(payload), schemaId: null };
    }
    // Without a wrapping the bytes are the event already.
    return { value: payload === message ? value : Buffer.from(jsonText(payload)), schemaId: null };
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

/** Whether a schema of Kafka Connect names that type anywhere. */
function names(schema: Json, type: string): boolean {
  if (schema instanceof Map) {
    return schema.get('name') === type || [...schema.values()].some((part) => names(part, type));
  }
  return Array.isArray(schema) && schema.some((part) => names(part, type));
}
