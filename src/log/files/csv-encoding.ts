import { MedallionError } from '../../errors.ts';

const MARKS: readonly { readonly mark: Buffer; readonly encoding: string }[] = [
  { mark: Buffer.from([0xef, 0xbb, 0xbf]), encoding: 'utf-8' },
  { mark: Buffer.from([0xff, 0xfe]), encoding: 'utf-16le' },
  { mark: Buffer.from([0xfe, 0xff]), encoding: 'utf-16be' },
];
const LONGEST_MARK = 3;

/** A text in UTF-8, without its byte order mark, which says more than the source does. */
export async function* inUtf8(
  text: AsyncIterable<Buffer>,
  said: string,
  name: string,
): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let decode: Decode | undefined;
  const begin = (): Buffer => {
    const found = MARKS.find(({ mark }) => head.subarray(0, mark.length).equals(mark));
    decode = decoderOf(found?.encoding ?? said, name);
    return decode(head.subarray(found?.mark.length ?? 0), true);
  };
  for await (const chunk of text) {
    if (decode === undefined) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= LONGEST_MARK) {
        yield begin();
      }
    } else {
      yield decode(chunk, true);
    }
  }
  if (decode === undefined) {
    yield begin();
  }
  yield decode?.(Buffer.alloc(0), false) ?? Buffer.alloc(0);
}

type Decode = (bytes: Buffer, isMoreToCome: boolean) => Buffer;

function decoderOf(encoding: string, name: string): Decode {
  if (encoding === 'utf-8') {
    return (bytes) => bytes;
  }
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (bytes, stream) => {
    try {
      return Buffer.from(decoder.decode(bytes, { stream }));
    } catch (error) {
      throw new MedallionError('input', `${name} is not text in the encoding ${encoding}`, {
        hint: 'Set the encoding of the file in its source: format: { csv: { encoding: windows-1252 } }.',
        cause: error,
      });
    }
  };
}
