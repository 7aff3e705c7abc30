/**
 * JSON read without loss: numbers keep their text, of duplicate keys the first one counts (as in DuckDB's
 * from_json), and neither `__proto__` nor deep nesting does harm. Cost is linear in the text.
 */
export type Json = JsonObject | Json[] | JsonNumber | string | boolean | null;

export type JsonObject = Map<string, Json>;

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
  let root: Json = null;
  let key: string | undefined;
  let nextBackslash = -1;

  const place = (value: Json): void => {
    const parent = open.at(-1);
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
  };

  let at = 0;
  while (at < text.length) {
    const start = at;
    at += 1;
    switch (text[start]) {
      case '{':
      case '[': {
        const container: JsonObject | Json[] = text[start] === '{' ? new Map<string, Json>() : [];
        place(container);
        open.push(container);
        break;
      }
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        if (nextBackslash < start) {
          nextBackslash = text.indexOf('\\', start);
          nextBackslash = nextBackslash === -1 ? text.length : nextBackslash;
        }
        const quote = text.indexOf('"', at);
        let string: string;
        if (quote < nextBackslash) {
          string = text.slice(at, quote);
          at = quote + 1;
        } else {
          at = endOfString(text, nextBackslash);
          string = JSON.parse(text.slice(start, at)) as string;
        }
        if (key === undefined && open.at(-1) instanceof Map) {
          key = string;
        } else {
          place(string);
        }
        break;
      }
      case 't':
        at = start + 'true'.length;
        place(true);
        break;
      case 'f':
        at = start + 'false'.length;
        place(false);
        break;
      case 'n':
        at = start + 'null'.length;
        place(null);
        break;
      case ' ':
      case '\n':
      case '\r':
      case '\t':
      case ',':
      case ':':
        break;
      default:
        while (isInNumber(text.charCodeAt(at))) {
          at += 1;
        }
        place(new JsonNumber(text.slice(start, at)));
    }
  }
  return root;
}

/** The place after the closing quote; `at` is inside the string, at no escaped character. */
function endOfString(text: string, at: number): number {
  while (text[at] !== '"') {
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

/** Digits, `+ - .` and `e E`: NaN, past the end of the text, is none of them. */
function isInNumber(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x45 ||
    code === 0x65
  );
}
