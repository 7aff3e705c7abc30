import { visible } from '../text.ts';

/** HTML text that is known to be safe. Only `html` and `trusted` make it, so whatever else goes into a page is escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text, which is escaped; markup, or several, which are not; nothing. */
export type Content = string | Markup | readonly Markup[] | undefined;

/** Markup as it is written, with every text in it escaped: `html\`<td title="${name}">${name}</td>\``. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let text = strings[0] ?? '';
  contents.forEach((content, index) => {
    text += written(content) + (strings[index + 1] ?? '');
  });
  return new Markup(text);
}

/** Text that is markup already: our own style sheet, a chart. Never anything that came with an event. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function written(content: Content): string {
  if (content === undefined) {
    return '';
  }
  if (typeof content === 'string') {
    return escaped(content);
  }
  return content instanceof Markup ? content.text : content.map(({ text }) => text).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe as text and between quotes, with control characters and turners of direction as visible escapes. */
export function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
