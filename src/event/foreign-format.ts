/** Something else than NDJSON, as its first bytes show, and what to do about it. */
export interface ForeignFormat {
  /** "a ZIP archive". */
  readonly name: string;
  /** A sentence, with FILE for the file's name. */
  readonly advice: string;
}

/** How much of a text is looked at. */
export const HEAD_BYTES = 64 * 1024;
/** Lines that must look like CSV before that is certain, where there are as many. */
const CSV_LINES = 5;

const NDJSON = 'medallion reads NDJSON: one event, a JSON object, a line.';

/** A command that turns the file into NDJSON. */
function pipe(command: string): string {
  return `Turn it into NDJSON on the way: ${command} | medallion ingest --from -`;
}

interface Signature extends ForeignFormat {
  readonly bytes: Buffer;
  /** Where they stand. */
  readonly at?: number;
  /** Bytes that are somewhere behind them. */
  readonly within?: string;
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** The first that fits counts. */
const SIGNATURES: readonly Signature[] = [
  {
    ...{ bytes: bytes('504b0304'), within: '[Content_Types].xml', name: 'an Office document' },
    advice: `${NDJSON} Export the rows as NDJSON.`,
  },
  ...['504b0304', '504b0506'].map((magic) => ({
    ...{ bytes: bytes(magic), name: 'a ZIP archive', advice: pipe('unzip -p FILE') },
  })),
  // What was unzipped once.
  { bytes: bytes('1f8b08'), name: 'gzip inside gzip', advice: pipe('zcat FILE') },
  { bytes: bytes('28b52ffd'), name: 'Zstandard data', advice: pipe('zstd -dc FILE') },
  { bytes: bytes('fd377a585a00'), name: 'xz data', advice: pipe('xz -dc FILE') },
  { bytes: Buffer.from('BZh'), name: 'bzip2 data', advice: pipe('bzip2 -dc FILE') },
  { bytes: bytes('04224d18'), name: 'LZ4 data', advice: pipe('lz4 -dc FILE') },
  { bytes: bytes('377abcaf271c'), name: 'a 7z archive', advice: pipe('7z x -so FILE') },
  ...['ustar\0', 'ustar  \0'].map((magic) => ({
    ...{ bytes: Buffer.from(magic), at: 257 },
    ...{ name: 'a tar archive', advice: pipe('tar -xOf FILE') },
  })),
  {
    ...{ bytes: Buffer.from('PAR1'), name: 'a Parquet file' },
    advice: pipe(`duckdb -c "copy (from 'FILE') to '/dev/stdout' (format json)"`),
  },
  {
    ...{ bytes: Buffer.from('Obj\u0001'), name: 'an Avro file' },
    advice: pipe('avro-tools tojson FILE'),
  },
  // Before UTF-16, whose mark begins as this one does.
  { bytes: bytes('fffe0000'), name: 'UTF-32 text', advice: pipe('iconv -f utf-32 -t utf-8 FILE') },
  { bytes: bytes('0000feff'), name: 'UTF-32 text', advice: pipe('iconv -f utf-32 -t utf-8 FILE') },
  { bytes: bytes('fffe'), name: 'UTF-16 text', advice: pipe('iconv -f utf-16 -t utf-8 FILE') },
  { bytes: bytes('feff'), name: 'UTF-16 text', advice: pipe('iconv -f utf-16 -t utf-8 FILE') },
];

const ARRAY: ForeignFormat = { name: 'one JSON array', advice: pipe("jq -c '.[]' FILE") };
const PRETTY: ForeignFormat = {
  name: 'JSON over several lines (pretty-printed)',
  advice: pipe('jq -c . FILE'),
};
const XML: ForeignFormat = { name: 'XML or HTML', advice: NDJSON };
const CSV: ForeignFormat = {
  name: 'CSV',
  advice:
    'To read its rows, use a source: medallion ingest --source NAME --from FILE; docs/sources.md has an example.',
};

/**
 * What a text is, by its beginning. Only what is certain counts as foreign: one odd line among events never makes a file
 * foreign.
 * @param head the first bytes, HEAD_BYTES if there are as many
 * @param isWhole nothing comes after them
 * @returns undefined where more of the text is needed to tell
 */
export function formatOf(head: Buffer, isWhole: boolean): ForeignFormat | 'events' | undefined {
  const foreign = SIGNATURES.find((signature) => hasSignature(head, signature)) ?? wideText(head);
  if (foreign !== undefined) {
    return { name: foreign.name, advice: foreign.advice };
  }
  const isFull = head.length >= HEAD_BYTES;
  return formatOfLines(head, isWhole, isFull) ?? (isWhole || isFull ? 'events' : undefined);
}

function hasSignature(head: Buffer, { bytes: magic, at = 0, within }: Signature): boolean {
  return (
    head.subarray(at, at + magic.length).equals(magic) &&
    (within === undefined || head.includes(within))
  );
}

/** UTF-16 without a mark: four characters of ASCII, each beside a NUL, which UTF-8 never holds there. */
function wideText(head: Buffer): ForeignFormat | undefined {
  const isNul = Array.from(head.subarray(0, 8), (byte) => byte === 0);
  const isEvery = (odd: boolean): boolean =>
    isNul.length === 8 && isNul.every((nul, index) => nul === ((index % 2 === 1) === odd));
  const order = isEvery(true) ? 'le' : isEvery(false) ? 'be' : undefined;
  return order === undefined
    ? undefined
    : { name: 'UTF-16 text', advice: pipe(`iconv -f utf-16${order} -t utf-8 FILE`) };
}

/**
 * @param isWhole nothing comes after the text
 * @param isFull as much is there as is looked at
 */
function formatOfLines(
  head: Buffer,
  isWhole: boolean,
  isFull: boolean,
): ForeignFormat | 'events' | undefined {
  const all = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim());
  const hold = (line: string): boolean => line !== '';
  // What is there of the first line, and those that have ended.
  const beginning = all.find(hold) ?? '';
  const ended = (isWhole ? all : all.slice(0, -1)).filter(hold);
  const [first, second] = ended;
  switch (beginning[0]) {
    case undefined:
      return undefined;
    case '[':
      if (second === undefined) {
        return isWhole || (isFull && first === undefined) ? ARRAY : undefined;
      }
      return isJson(beginning) || isObject(second) ? 'events' : ARRAY;
    case '{':
      // No JSON value that is whole ends so.
      if (first !== undefined && !/[{[,:]$/.test(first)) {
        return 'events';
      }
      return second === undefined || isObject(second) ? undefined : PRETTY;
    case '<':
      if (second === undefined && !isWhole) {
        return undefined;
      }
      return /^<(?:\?xml|!doctype|html)\b/i.test(beginning) && !isObject(second) ? XML : 'events';
    default:
      return csvOf(ended.slice(0, CSV_LINES), isWhole);
  }
}

/** Lines with at least as many fields as the first one, and at least three. */
function csvOf(lines: readonly string[], isWhole: boolean): ForeignFormat | 'events' | undefined {
  const [first = ''] = lines;
  const fieldsOf = (line: string, separator: string): number => line.split(separator).length;
  const separator = [',', ';', '\t', '|'].find((character) => fieldsOf(first, character) > 2);
  const isRow = (line: string): boolean =>
    separator !== undefined &&
    !/^[{[]/.test(line) &&
    fieldsOf(line, separator) >= fieldsOf(first, separator);
  if (!lines.every(isRow)) {
    return 'events';
  }
  return lines.length === CSV_LINES || (isWhole && lines.length > 1) ? CSV : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isObject(line: string | undefined): boolean {
  return line !== undefined && line.startsWith('{') && isJson(line);
}
