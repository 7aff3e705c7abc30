import { JsonNumber, type Json } from './json.ts';

const SHOWN_LENGTH = 60;

/** A value for people, in one short line. */
export function show(value: Json | undefined): string {
  if (typeof value === 'string') {
    return printable(JSON.stringify(clip(value)));
  }
  if (value instanceof JsonNumber) {
    return clip(value.text);
  }
  if (value instanceof Map) {
    return 'an object';
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  return value === undefined ? 'missing' : String(value);
}

/** The beginning of a text that may be long. */
export function clip(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

/** Control, format and line-breaking characters as escapes: no terminal or log line can be upset. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
