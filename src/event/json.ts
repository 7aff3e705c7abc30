/**
 * JSON read without loss: numbers keep their text, of duplicate keys the first one counts (as in DuckDB's
 * from_json), and neither `__proto__` nor deep nesting does harm. Cost is linear in the text.
 */
export type Json = JsonObject | Json[] | JsonNumber | string | boolean | null;

export type JsonObject = Map<string, Json>;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PERIOD = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const CAPITAL_E = 0x45;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const LETTER_E = 0x65;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

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
    switch (text.charCodeAt(start)) {
      case SPACE:
      case TAB:
      case LINE_FEED:
      case CARRIAGE_RETURN:
      case COMMA:
      case COLON:
        continue;
      case QUOTE: {
        let hasEscapes = false;
        for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
          hasEscapes ||= code === BACKSLASH;
          at += code === BACKSLASH ? 2 : 1;
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
      case OPENING_BRACE:
        value = new Map();
        break;
      case OPENING_BRACKET:
        value = [];
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        open.pop();
        parent = open.at(-1);
        continue;
      case LETTER_T:
        value = true;
        at = start + 'true'.length;
        break;
      case LETTER_F:
        value = false;
        at = start + 'false'.length;
        break;
      case LETTER_N:
        value = null;
        at = start + 'null'.length;
        break;
      default:
        at = endOfNumber(text, at);
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

/** The place after the number's last character: digits, `+ - .` and `e E` are all that can follow its first. */
function endOfNumber(text: string, at: number): number {
  let code = text.charCodeAt(at);
  while (
    (code >= ZERO && code <= ZERO + 9) ||
    code === PERIOD ||
    code === MINUS ||
    code === PLUS ||
    code === LETTER_E ||
    code === CAPITAL_E
  ) {
    at += 1;
    code = text.charCodeAt(at);
  }
  return at;
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
