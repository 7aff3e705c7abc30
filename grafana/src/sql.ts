/**
 * SQL as it stands in the code, without the code's own indentation; what is put in keeps to the column it is put at.
 * Grafana's variables come from variables.ts: their `${}` would be the template's.
 */
export function sql(parts: TemplateStringsArray, ...fragments: readonly string[]): string {
  const text = parts.reduce((before, part, number) => {
    const line = before.slice(before.lastIndexOf('\n') + 1);
    const indent = /^ */.exec(line)?.[0] ?? '';
    return before + (fragments[number - 1] ?? '').replaceAll('\n', `\n${indent}`) + part;
  });
  const lines = text.split('\n').map((line) => line.trimEnd());
  const margins = lines.filter((line) => line !== '').map((line) => line.search(/\S/));
  const margin = Math.min(...margins.slice(lines[0] === '' ? 0 : 1));
  return lines
    .map((line, number) => (number === 0 ? line : line.slice(margin)))
    .join('\n')
    .trim();
}
