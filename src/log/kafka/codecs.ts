import { promisify } from 'node:util';
import { gzip, unzip } from 'node:zlib';
import kafkajs from 'kafkajs';
import { messageOf } from '../../errors.ts';
import type { Compression } from '../log.ts';

/** Records that a codec could not decompress, as they came. */
export class UndecodableRecords extends Error {
  readonly bytes: Buffer;

  constructor(bytes: Buffer, why: string) {
    super(why);
    this.bytes = bytes;
  }
}

/** kafkajs hands over its encoder, of which only the bytes matter. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

type Transform = (bytes: Buffer) => Promise<Buffer>;

const ZSTD_LEVEL = 3;
/** The head of snappy-java's framing: its name, and two versions. Raw Snappy, as other producers send it, has none. */
const XERIAL = Buffer.from('\x82SNAPPY\0', 'latin1');
const XERIAL_HEAD = Buffer.concat([XERIAL, Buffer.of(0, 0, 0, 1, 0, 0, 0, 1)]);
/** snappy-java's own size of a block. */
const XERIAL_BLOCK_BYTES = 32 * 1024;
const LENGTH_BYTES = 4;

const { CompressionTypes } = kafkajs;
/** What kafkajs calls them. */
export const KAFKAJS_TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const satisfies Record<Compression, unknown>;

/** Gives kafkajs, which brings gzip only, all codecs of Kafka. The binary of one is loaded on first use. */
export function addCodecs(): void {
  const types = KAFKAJS_TYPES;
  Object.assign(kafkajs.CompressionCodecs, {
    [types.gzip]: () => GZIP,
    [types.snappy]: () => SNAPPY,
    [types.lz4]: () => LZ4,
    [types.zstd]: () => ZSTD,
  });
}

function codecOf(decompress: Transform, compress: Transform): Codec {
  return {
    compress: ({ buffer }) => compress(buffer),
    decompress: async (bytes) => {
      try {
        return await decompress(bytes);
      } catch (error) {
        throw new UndecodableRecords(bytes, messageOf(error));
      }
    },
  };
}

const GZIP = codecOf(promisify<Buffer, Buffer>(unzip), promisify<Buffer, Buffer>(gzip));

const SNAPPY = codecOf(unsnap, async (bytes) => {
  const { compress } = await import('snappy');
  const blocks: Buffer[] = [XERIAL_HEAD];
  for (let start = 0; start < bytes.length; start += XERIAL_BLOCK_BYTES) {
    const block = await compress(bytes.subarray(start, start + XERIAL_BLOCK_BYTES));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(block.length);
    blocks.push(length, block);
  }
  return Buffer.concat(blocks);
});

const LZ4 = codecOf(
  async (bytes) => (await import('lz4-napi')).decompressFrame(bytes),
  async (bytes) => (await import('lz4-napi')).compressFrame(bytes),
);

const ZSTD = codecOf(
  async (bytes) => new (await import('@toondepauw/node-zstd')).Decoder().decode(bytes),
  async (bytes) => new (await import('@toondepauw/node-zstd')).Encoder(ZSTD_LEVEL).encode(bytes),
);

/** Raw Snappy, or the blocks of snappy-java's framing. */
async function unsnap(bytes: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy');
  const plain = async (block: Buffer): Promise<Buffer> =>
    Buffer.from(await uncompress(block, { asBuffer: true }));
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) {
    return plain(bytes);
  }
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEAD.length; at < bytes.length;) {
    const start = at + LENGTH_BYTES;
    at = start + bytes.readUInt32BE(at);
    blocks.push(await plain(bytes.subarray(start, at)));
  }
  return Buffer.concat(blocks);
}
