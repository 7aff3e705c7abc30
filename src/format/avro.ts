import { Cursor, type Read } from './avro-cursor.ts';
import { decimalText, logicalOf, scaleOf } from './avro-logical.ts';
import { Undecodable, withinDepth } from './undecodable.ts';

type Schema = string | readonly Schema[] | Readonly<Record<string, unknown>>;

/**
 * Compiles an Avro schema to a function that writes a value as JSON text. It goes from bytes to text without a double or
 * an object in between: decimals and longs keep every digit, times become ISO 8601, enums their symbol, and a union is
 * its value alone. Bytes become base64.
 * @param texts the schema last, what it refers to before it
 * @param maxBytes longer text is not made
 * @throws Undecodable for a schema that is none
 */
export function compileAvro(
  texts: readonly string[],
  maxBytes: number,
): (bytes: Buffer, from: number) => string {
  const names = new Map<string, Read>();
  let read: Read | undefined;
  for (const text of texts) {
    read = withinDepth(() => compile(parseSchema(text), '', names));
  }
  return (bytes, from) => {
    const cursor = new Cursor(bytes, from, maxBytes);
    const json = withinDepth(() => read?.(cursor));
    if (json === undefined || cursor.left > 0) {
      throw new Undecodable(`${String(cursor.left)} bytes are left over`);
    }
    return json;
  };
}

function parseSchema(text: string): Schema {
  try {
    return schemaOf(JSON.parse(text));
  } catch (error) {
    if (error instanceof Undecodable) {
      throw error;
    }
    throw new Undecodable('the schema is not JSON', { cause: error });
  }
}

const readLong: Read = (cursor) => String(cursor.long());

const PRIMITIVES: Readonly<Record<string, Read>> = {
  null: () => 'null',
  boolean(cursor) {
    const byte = cursor.byte();
    if (byte > 1) {
      throw new Undecodable(`a boolean of ${String(byte)}`);
    }
    return byte === 1 ? 'true' : 'false';
  },
  int: readLong,
  long: readLong,
  float(cursor) {
    const float = cursor.bytes.readFloatLE(cursor.pass(4));
    // As few digits as say which one it is: 0.1, not 0.10000000149011612.
    for (let digits = 6; digits < 9; digits += 1) {
      const short = Number(float.toPrecision(digits));
      if (Math.fround(short) === float) {
        return doubleText(short);
      }
    }
    return doubleText(Number(float.toPrecision(9)));
  },
  double: (cursor) => doubleText(cursor.bytes.readDoubleLE(cursor.pass(8))),
  bytes: (cursor) => cursor.base64(cursor.size()),
  string: (cursor) => JSON.stringify(cursor.text()),
};

/** JSON has no NaN and no infinity: they become their names. */
function doubleText(double: number): string {
  return Number.isFinite(double) ? String(double) : `"${String(double)}"`;
}

function compile(schema: Schema, namespace: string, names: Map<string, Read>): Read {
  if (typeof schema === 'string') {
    return PRIMITIVES[schema] ?? named(schema, namespace, names);
  }
  if (Array.isArray(schema)) {
    return unionOf(schema.map((branch: Schema) => compile(branch, namespace, names)));
  }
  const attributes = schema as Readonly<Record<string, unknown>>;
  const { type } = attributes;
  if (typeof type !== 'string') {
    return compile(schemaOf(type), namespace, names);
  }
  switch (type) {
    case 'array':
      return arrayOf(compile(schemaOf(attributes['items']), namespace, names));
    case 'map':
      return mapOf(compile(schemaOf(attributes['values']), namespace, names));
    case 'record':
    case 'error':
    case 'enum':
    case 'fixed':
      return compileNamed(type, attributes, namespace, names);
    default:
      return logicalOf(type, attributes) ?? PRIMITIVES[type] ?? named(type, namespace, names);
  }
}

function schemaOf(schema: unknown): Schema {
  if (typeof schema !== 'string' && (typeof schema !== 'object' || schema === null)) {
    throw new Undecodable('the schema is not an Avro schema');
  }
  return schema as Schema;
}

/** A type by its name: one that is still being compiled, too, since a record may hold itself. */
function named(name: string, namespace: string, names: Map<string, Read>): Read {
  const full = namespace !== '' && !name.includes('.') ? `${namespace}.${name}` : name;
  const found = names.has(full) ? full : name;
  if (!names.has(found)) {
    throw new Undecodable(`the schema has no type "${name}"`);
  }
  return (cursor) => names.get(found)?.(cursor) ?? '';
}

function compileNamed(
  type: 'record' | 'error' | 'enum' | 'fixed',
  attributes: Readonly<Record<string, unknown>>,
  namespace: string,
  names: Map<string, Read>,
): Read {
  const { name, namespace: own } = attributes;
  if (typeof name !== 'string') {
    throw new Undecodable(`the schema has a type ${type} without a name`);
  }
  const dot = name.lastIndexOf('.');
  const inside = dot >= 0 ? name.slice(0, dot) : typeof own === 'string' ? own : namespace;
  const full = dot >= 0 || inside === '' ? name : `${inside}.${name}`;
  // Known by its name while its fields are compiled.
  names.set(full, () => '');
  const read =
    type === 'enum'
      ? enumOf(attributes['symbols'])
      : type === 'fixed'
        ? fixedOf(attributes)
        : recordOf(attributes['fields'], inside, names);
  names.set(full, read);
  return read;
}

function recordOf(fields: unknown, namespace: string, names: Map<string, Read>): Read {
  const compiled = (Array.isArray(fields) ? fields : []).map((field: unknown, index) => {
    const { name, type } = Object(field) as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string') {
      throw new Undecodable('the schema has a field without a name');
    }
    return {
      name,
      key: `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`,
      read: compile(schemaOf(type), namespace, names),
    };
  });
  return (cursor) => {
    let json = '';
    let name = '';
    try {
      for (const field of compiled) {
        name = field.name;
        json += field.key + field.read(cursor);
      }
    } catch (error) {
      throw error instanceof Undecodable ? error.within(name) : error;
    }
    return json === '' ? '{}' : `${json}}`;
  };
}

function enumOf(symbols: unknown): Read {
  const texts = (Array.isArray(symbols) ? symbols : []).map((symbol) => JSON.stringify(symbol));
  return (cursor) => {
    const index = cursor.long();
    const text = texts[Number(index)];
    if (text === undefined) {
      throw new Undecodable(`symbol ${String(index)} of an enum of ${String(texts.length)}`);
    }
    return text;
  };
}

function unionOf(branches: readonly Read[]): Read {
  return (cursor) => {
    const index = cursor.long();
    const branch = branches[Number(index)];
    if (branch === undefined) {
      throw new Undecodable(`branch ${String(index)} of a union of ${String(branches.length)}`);
    }
    return branch(cursor);
  };
}

/** Reads the blocks of an array or a map; `add` reads an item and says how long the text has become. */
function readBlocks(cursor: Cursor, add: (index: number) => number): void {
  let index = 0;
  for (;;) {
    let count = cursor.long();
    if (count === 0) {
      return;
    }
    if (count < 0) {
      count = -count;
      // The bytes of the block, for who would skip it.
      cursor.size();
    }
    for (let left = Number(count); left > 0; left -= 1) {
      // A few bytes may claim any number of items.
      if (add(index) > cursor.maxBytes) {
        throw new Undecodable(`more than ${String(cursor.maxBytes)} bytes of JSON`);
      }
      index += 1;
    }
  }
}

function arrayOf(item: Read): Read {
  return (cursor) => {
    let json = '';
    readBlocks(cursor, (index) => {
      try {
        json += (index === 0 ? '' : ',') + item(cursor);
      } catch (error) {
        throw error instanceof Undecodable ? error.within(`[${String(index)}]`) : error;
      }
      return json.length;
    });
    return `[${json}]`;
  };
}

function mapOf(value: Read): Read {
  return (cursor) => {
    let json = '';
    readBlocks(cursor, (index) => {
      const key = cursor.text();
      try {
        json += `${index === 0 ? '' : ','}${JSON.stringify(key)}:${value(cursor)}`;
      } catch (error) {
        throw error instanceof Undecodable ? error.within(key) : error;
      }
      return json.length;
    });
    return `{${json}}`;
  };
}

function fixedOf(attributes: Readonly<Record<string, unknown>>): Read {
  const { size, logicalType } = attributes;
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
    throw new Undecodable('the schema has a type fixed without a size');
  }
  if (logicalType === 'decimal') {
    const scale = scaleOf(attributes);
    return (cursor) => decimalText(cursor, size, scale);
  }
  if (logicalType === 'uuid' && size === 16) {
    return (cursor) => {
      const from = cursor.pass(size);
      const hex = cursor.bytes.toString('hex', from, from + size);
      return `"${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}"`;
    };
  }
  return (cursor) => cursor.base64(size);
}
