/**
 * JSON read without loss: numbers keep their text, of duplicate keys the first one counts (as in DuckDB's
 * from_json), and neither `__proto__` nor deep nesting does harm. Cost is linear in the text.
 */
export type Json = JsonObject | Json[] | JsonNumber | string | boolean | null;

export type JsonObject = Map<string, Json>;

/** What a number can hold behind its first character. */
const REST_OF_NUMBER = /[-+.\deE]*/y;

/** A number as it was written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Reads one JSON value, strictly by RFC 8259.
 * @throws SyntaxError
 */
export function parseJson(text: string): Json {
  // The runtime's parser is the strict judge of the grammar, but rounds numbers and keeps the last of duplicate
  // keys; the second reading below may trust the text. A stack of its own instead of recursion: any depth goes.
  JSON.parse(text);

  const open: (JsonObject | Json[])[] = [];
  let parent: JsonObject | Json[] | undefined;
  let key: string | undefined;
  let root: Json = null;
  let at = 0;

  while (at < text.length) {
    const start = at;
    at += 1;
    let value: Json;
    switch (text[start]) {
      case ' ':
      case '\t':
      case '\n':
      case '\r':
      case ',':
      case ':':
        continue;
      case '"': {
        let hasEscapes = false;
        while (text[at] !== '"') {
          hasEscapes ||= text[at] === '\\';
          at += text[at] === '\\' ? 2 : 1;
        }
        at += 1;
        value = hasEscapes
          ? (JSON.parse(text.slice(start, at)) as string)
          : text.slice(start + 1, at - 1);
        if (key === undefined && parent instanceof Map) {
          key = value;
          continue;
        }
        break;
      }
      case '{':
        value = new Map();
        break;
      case '[':
        value = [];
        break;
      case '}':
      case ']':
        open.pop();
        parent = open.at(-1);
        continue;
      case 't':
        value = true;
        at = start + 'true'.length;
        break;
      case 'f':
        value = false;
        at = start + 'false'.length;
        break;
      case 'n':
        value = null;
        at = start + 'null'.length;
        break;
      default:
        REST_OF_NUMBER.lastIndex = at;
        REST_OF_NUMBER.test(text);
        at = REST_OF_NUMBER.lastIndex;
        value = new JsonNumber(text.slice(start, at));
    }
    if (parent === undefined) {
      root = value;
    } else if (Array.isArray(parent)) {
      parent.push(value);
    } else if (key !== undefined) {
      if (!parent.has(key)) {
        parent.set(key, value);
      }
      key = undefined;
    }
    if (value instanceof Map || Array.isArray(value)) {
      open.push(value);
      parent = value;
    }
  }
  return root;
}

/** The value as JSON text; numbers as they were written. */
export function jsonText(json: Json): string {
  if (Array.isArray(json)) {
    return `[${json.map(jsonText).join()}]`;
  }
  if (json instanceof Map) {
    const members = [...json].map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`);
    return `{${members.join()}}`;
  }
  return json instanceof JsonNumber ? json.text : JSON.stringify(json);
}
