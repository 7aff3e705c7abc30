/** An array as PostgreSQL writes it: elements are text, null, or arrays. */
export type ArrayElement = string | null | readonly ArrayElement[];

/**
 * Reads PostgreSQL's text form of an array: `{1,NULL,"a \"b\""}`, nested for more dimensions, with the bounds
 * (`[0:1]={a,b}`) left out.
 */
export function parseArray(text: string): ArrayElement[] {
  const root: ArrayElement[] = [];
  const open: ArrayElement[][] = [root];
  // Braces, separators, a quoted element, a bare one. Box arrays, which part elements with ";", are shown as text.
  const tokens = text.slice(text.indexOf('{')).matchAll(/[{}]|,|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs);
  for (const [token, quoted, bare] of tokens) {
    const current = open.at(-1) ?? root;
    if (token === '{') {
      const inner: ArrayElement[] = [];
      current.push(inner);
      open.push(inner);
    } else if (token === '}') {
      open.pop();
    } else if (quoted !== undefined) {
      current.push(quoted.replaceAll(/\\(.)/gs, '$1'));
    } else if (bare !== undefined) {
      current.push(bare === 'NULL' ? null : bare.replaceAll(/\\(.)/gs, '$1'));
    }
  }
  const [outer] = root;
  return Array.isArray(outer) ? [...(outer as readonly ArrayElement[])] : [];
}
