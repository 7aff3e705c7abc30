import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const load = createRequire(import.meta.url);

/**
 * The line of a model's file that a problem of its header is about, as its first words name the place (columns.day.type:).
 * @param header the YAML, which begins in the second line of the file
 */
export function headerLine(header: string, problem: string): number {
  // Loaded where there is a problem: it takes a while.
  const { isNode, LineCounter, parseDocument, isPair, isMap, isSeq } = load('yaml') as typeof Yaml;
  const lines = new LineCounter();
  const document = parseDocument(header, { lineCounter: lines, prettyErrors: false });
  let node: unknown = document.contents;
  let at = 0;
  for (const word of (problem.split(':')[0] ?? '').split('.')) {
    if (isMap(node)) {
      const pair: unknown = node.items.find(({ key }) => String(key) === word);
      if (!isPair(pair) || !isNode(pair.key)) {
        break;
      }
      at = pair.key.range?.[0] ?? at;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(word)];
      at = isNode(node) ? (node.range?.[0] ?? at) : at;
    } else {
      break;
    }
  }
  return lines.linePos(at).line + 1;
}
