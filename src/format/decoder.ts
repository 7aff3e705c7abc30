/** What values are encoded as, where it is not JSON itself. */
export const ENCODED_FORMATS = ['avro', 'json_schema', 'outbox'] as const;
export type EncodedFormat = (typeof ENCODED_FORMATS)[number];
/** Those whose values are frames of a schema registry. */
export type FramedFormat = Exclude<EncodedFormat, 'outbox'>;

/** The JSON text of a value. */
export interface Decoded {
  readonly value: Buffer;
  /** The id that the frame names. */
  readonly schemaId: number | null;
}

/** Why a value has none. */
export interface Failed {
  readonly detail: string;
}

/** Turns values of a declared format into JSON text. What cannot be decoded is data, never an exception. */
export interface Decoder {
  readonly format: EncodedFormat;
  /**
   * Gets ready for these values, so that each can be decoded at once.
   * @throws MedallionError unreachable, denied, config, interrupted
   */
  prepare?(values: readonly (Buffer | null)[]): Promise<void>;
  decode(value: Buffer): Decoded | Failed;
}
