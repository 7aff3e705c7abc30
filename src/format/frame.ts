/** Confluent's frame: a zero byte, the id of the schema in four bytes, and the encoded value. */
const MAGIC = 0;
export const HEADER_BYTES = 5;

/** The id of the schema that a value is framed with; undefined where it is no frame. */
export function schemaIdOf(value: Buffer): number | undefined {
  return value.length >= HEADER_BYTES && value[0] === MAGIC ? value.readInt32BE(1) : undefined;
}

export function frame(schemaId: number, encoded: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32BE(schemaId, 1);
  return Buffer.concat([header, encoded]);
}
