import { describe, expect, test } from 'vitest';
import { LineSplitter } from '../../../src/log/files/lines.ts';

function split(text: string, chunkSize: number, ended = true): LineSplitter {
  const bytes = Buffer.from(text);
  const splitter = new LineSplitter();
  for (let from = 0; from < bytes.length; from += chunkSize) {
    splitter.push(bytes.subarray(from, from + chunkSize));
  }
  if (ended) {
    splitter.end();
  }
  return splitter;
}

describe('LineSplitter', () => {
  const text = 'a\n\n {"é":1}\r\n\t \r\n🙂🙂\n\nlast';

  test.each([1, 2, 3, 4, 5, 7, 11, 100])('gives the same lines from chunks of %i bytes', (size) => {
    const block = split(text, size).take();
    expect(block.lines.map(({ index, value }) => [index, value.toString()])).toEqual([
      [0, 'a'],
      [2, ' {"é":1}\r'],
      [4, '🙂🙂'],
      [6, 'last'],
    ]);
    expect(block).toMatchObject({ count: 7, bytes: Buffer.byteLength(text) });
  });

  test('keeps a last line without its newline until the text has ended', () => {
    const splitter = split('a\nb', 10, false);
    expect(splitter.take()).toMatchObject({ count: 1, bytes: 2 });
    splitter.push(Buffer.from('c\n'));
    const { lines, count, bytes } = splitter.take();
    expect([lines[0]?.value.toString(), count, bytes]).toEqual(['bc', 1, 3]);
  });

  test('stops after so many lines, and says how far that is', () => {
    const { lines, count, bytes } = split('a\n\nbb\n\nccc\n', 100).take(2);
    expect(lines.map(({ value }) => value.toString())).toEqual(['a', 'bb']);
    expect([count, bytes]).toEqual([3, 6]);
  });

  test('keeps the beginning of a line without end, and counts all of it', () => {
    const splitter = new LineSplitter(10);
    const kilobyte = Buffer.alloc(1024, 'x');
    for (let i = 0; i < 1000; i += 1) {
      splitter.push(kilobyte);
    }
    splitter.push(Buffer.from('\nshort\nexactly ten\nexactly 10\n'));
    const { lines, bytes } = splitter.take();
    expect(lines.map(({ value, fullLength }) => [value.toString(), fullLength])).toEqual([
      ['xxxxxxxxxx', 1_024_000],
      ['short', undefined],
      ['exactly te', 11],
      ['exactly 10', undefined],
    ]);
    expect(bytes).toBe(1_024_000 + 1 + 6 + 12 + 11);
  });
});
