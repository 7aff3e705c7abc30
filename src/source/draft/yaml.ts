import { printable } from '../../event/show.ts';

/** A rule as a draft writes it: a path or a word, several paths, or words with what they say. */
export type DraftedRule =
  string | readonly string[] | Readonly<Record<string, string | Readonly<Record<string, string>>>>;

const LONGEST_EXAMPLE = 40;

/** The lines of one field: `tax: total_tax  # 3.10`. */
export function fieldLines(word: string, rule: DraftedRule, remark: string): string[] {
  const comment = remark === '' ? '' : ` # ${remark}`;
  if (typeof rule === 'string' || isList(rule)) {
    return [`${word}: ${valueText(rule)}${comment}`];
  }
  const words = Object.entries(rule);
  if (Object.keys(rule['lookup'] ?? {}).length > 2) {
    return [
      `${word}:${comment}`,
      ...words.flatMap(([name, value]) =>
        typeof value === 'string'
          ? [`  ${name}: ${scalar(value)}`]
          : [
              `  ${name}:`,
              ...Object.entries(value).map(([from, to]) => `    ${scalar(from)}: ${scalar(to)}`),
            ],
      ),
    ];
  }
  return [`${word}: ${ruleText(rule)}${comment}`];
}

function isList(rule: DraftedRule): rule is readonly string[] {
  return Array.isArray(rule);
}

export function ruleText(rule: DraftedRule): string {
  if (typeof rule === 'string' || isList(rule)) {
    return valueText(rule);
  }
  const words = Object.entries(rule).map(([word, value]) => {
    const text = typeof value === 'string' ? scalar(value) : pairs(value);
    return `${word}: ${text}`;
  });
  return `{ ${words.join(', ')} }`;
}

function valueText(value: string | readonly string[]): string {
  return typeof value === 'string' ? scalar(value) : `[${value.map(scalar).join(', ')}]`;
}

function pairs(map: Readonly<Record<string, string>>): string {
  const all = Object.entries(map).map(([from, to]) => `${scalar(from)}: ${scalar(to)}`);
  return all.length === 0 ? '{}' : `{ ${all.join(', ')} }`;
}

/** A text as YAML, quoted where it has to be. */
export function scalar(text: string): string {
  if (/^\w[\w.-]*(?: [\w.-]+)*$/.test(text)) {
    return text;
  }
  return /[\p{Cc}\p{Zl}\p{Zp}\ufeff]/u.test(text)
    ? JSON.stringify(text)
    : `'${text.replaceAll("'", "''")}'`;
}

export function example(text: string): string {
  const shown = printable(text);
  return shown.length > LONGEST_EXAMPLE ? `${shown.slice(0, LONGEST_EXAMPLE)}…` : shown;
}
