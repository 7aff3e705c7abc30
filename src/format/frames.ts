import type { Retry } from '../retry.ts';
import { compileAvro } from './avro.ts';
import type { Decoded, Decoder, Failed, FramedFormat } from './decoder.ts';
import type { RegisteredSchema, SchemaRegistry } from './registry.ts';
import { Undecodable } from './undecodable.ts';

/** Confluent's frame: a zero byte, the id of the schema in four bytes, and the encoded value. */
const MAGIC = 0;
const HEADER_BYTES = 5;

/** What is behind a frame's header as JSON text, or why it cannot be had. */
type Body = (value: Buffer) => Buffer;

/** What a registry calls them. */
export const SCHEMA_TYPES = { avro: 'AVRO', json_schema: 'JSON' } as const;

/**
 * Decodes frames by the schemas that they name. A schema never changes under its id, so that each is asked for once; an
 * id that the registry has not got is asked for again with the next batch.
 */
export class FrameDecoder implements Decoder {
  readonly format: FramedFormat;
  readonly #registry: SchemaRegistry;
  readonly #retry: Retry;
  readonly #maxBytes: number;
  readonly #bodies = new Map<number, Body>();

  /** @param maxBytes text that is longer is not made */
  constructor(format: FramedFormat, registry: SchemaRegistry, retry: Retry, maxBytes: number) {
    this.format = format;
    this.#registry = registry;
    this.#retry = retry;
    this.#maxBytes = maxBytes;
  }

  async prepare(values: readonly (Buffer | null)[]): Promise<void> {
    const wanted = new Set<number>();
    for (const value of values) {
      const id = value === null ? undefined : schemaIdOf(value);
      // A registry begins with 1: what is below is no frame of its own.
      if (id !== undefined && id > 0 && !this.#bodies.has(id)) {
        wanted.add(id);
      }
    }
    for (const id of wanted) {
      const schema = await this.#retry.run(() => this.#registry.schema(id));
      if (schema !== undefined) {
        this.#bodies.set(id, this.#bodyOf(schema));
      }
    }
  }

  decode(value: Buffer): Decoded | Failed {
    const schemaId = schemaIdOf(value);
    if (schemaId === undefined) {
      const beginning = value.subarray(0, HEADER_BYTES).toString('hex');
      return { detail: `not a frame of a schema registry: it begins with ${beginning}` };
    }
    const body = this.#bodies.get(schemaId);
    if (body === undefined) {
      return { detail: `schema ${String(schemaId)} is not in the registry` };
    }
    try {
      return { value: body(value), schemaId };
    } catch (error) {
      if (error instanceof Undecodable) {
        return { detail: `schema ${String(schemaId)}: ${error.detail}` };
      }
      throw error;
    }
  }

  #bodyOf({ type, texts }: RegisteredSchema): Body {
    if (type !== SCHEMA_TYPES[this.format]) {
      return fail(`a schema of type ${type}, but ${SCHEMA_TYPES[this.format]} was declared`);
    }
    if (this.format === 'json_schema') {
      return (value) => unwrapped(value.subarray(HEADER_BYTES));
    }
    try {
      const read = compileAvro(texts, this.#maxBytes);
      return (value) => unwrapped(Buffer.from(read(value, HEADER_BYTES)));
    } catch (error) {
      if (error instanceof Undecodable) {
        return fail(error.detail);
      }
      throw error;
    }
  }
}

const QUOTE = 0x22;

/** The event that is the text of a JSON string, as converters of Kafka Connect write a column of text; else as it is. */
function unwrapped(json: Buffer): Buffer {
  if (json[0] !== QUOTE) {
    return json;
  }
  try {
    return Buffer.from(JSON.parse(json.toString()) as string);
  } catch {
    return json;
  }
}

function fail(detail: string): Body {
  return () => {
    throw new Undecodable(detail);
  };
}

/** What stands before a value that is written by a schema. */
export function frameHeader(schemaId: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES, MAGIC);
  header.writeInt32BE(schemaId, 1);
  return header;
}

/** The id of the schema that a value is framed with; undefined where it is no frame. */
function schemaIdOf(value: Buffer): number | undefined {
  return value.length >= HEADER_BYTES && value[0] === MAGIC ? value.readInt32BE(1) : undefined;
}
