import { yaml } from '../config/nodes.ts';

/**
 * The line of a model's file that a problem of its header is about, as its first words name the place (columns.day.type:).
 * @param header the YAML, which begins in the second line of the file
 */
export function headerLine(header: string, problem: string): number {
  const { isNode, LineCounter, parseDocument, isPair, isMap, isSeq } = yaml();
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
