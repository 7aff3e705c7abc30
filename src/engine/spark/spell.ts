import { sqlFile } from '../../sql-file.ts';

/**
 * How a select that is written for every engine is spelled for Spark: tables are temporary views, which have no schema,
 * names stand in backticks, and what engines spell differently is put in from sql/spark/macros.sql. Comments and literals
 * are taken as a whole, so that nothing within them is mistaken for SQL.
 */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[a-z_][a-z0-9_]*(?:\.[a-z_*][a-z0-9_]*)*|\d[\w.]*|\s+|[\s\S]/gi;

const SCHEMAS = /^(?:source|silver|gold|staged)\.[a-z_][a-z0-9_]*$/i;
const BLANK = /^(?:\s|--|\/\*)/;

/** Types of PostgreSQL and DuckDB that Spark calls something else. */
const TYPES: Readonly<Record<string, string>> = {
  varchar: 'string',
  text: 'string',
  timestamptz: 'timestamp',
  numeric: 'decimal',
  smallint: 'smallint',
  integer: 'int',
};

interface Macro {
  readonly parameters: readonly string[];
  readonly body: readonly string[];
}

let macros: ReadonlyMap<string, Macro> | undefined;

/** Names that stand for something else on every engine. */
function readMacros(): ReadonlyMap<string, Macro> {
  if (macros === undefined) {
    const definitions = sqlFile('spark/macros').matchAll(
      /create or replace macro (\w+)\(([^)]*)\) as \(([\s\S]*?)\);(?=\n)/g,
    );
    macros = new Map(
      [...definitions].map(([, name = '', parameters = '', body = '']) => [
        name,
        {
          parameters: parameters.split(',').map((each) => each.trim()),
          body: tokensOf(body.trim()),
        },
      ]),
    );
  }
  return macros;
}

/** A select as Spark understands it. */
export function spelled(sql: string): string {
  return render(expand(tokensOf(sql)));
}

/** The tables that a select reads, as schema.name. */
export function tablesIn(sql: string): string[] {
  return [...new Set(tokensOf(sql).filter((token) => SCHEMAS.test(token)))];
}

/** The temporary view that a table of a model's SQL is. */
export function viewOf(id: string): string {
  return id.replace('.', '__');
}

/** A type of a model's header. */
export function typeOf(type: string): string {
  return type.replace(/^[a-z]+/i, (name) => TYPES[name.toLowerCase()] ?? name);
}

/** A name in backticks. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A text as a literal. */
export function literal(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}

function tokensOf(sql: string): string[] {
  return sql.match(TOKEN) ?? [];
}

/** Puts the bodies of macros in the place of their calls, those of their arguments first. */
function expand(tokens: readonly string[]): string[] {
  const written: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    const macro = readMacros().get(token.toLowerCase());
    const opening = nextOf(tokens, at);
    if (macro === undefined || tokens[opening] !== '(') {
      written.push(token);
      continue;
    }
    const { args, end } = argumentsAt(tokens, opening);
    const values = new Map(
      macro.parameters.map((name, index) => [name, expand(args[index] ?? [])]),
    );
    // A body may call others, but its arguments are expanded already.
    written.push(
      '(',
      ...macro.body.flatMap((part) => {
        const value = values.get(part);
        return value === undefined ? [part] : ['(', ...value, ')'];
      }),
      ')',
    );
    at = end;
  }
  return written;
}

function argumentsAt(
  tokens: readonly string[],
  opening: number,
): { args: string[][]; end: number } {
  const args: string[][] = [[]];
  let depth = 0;
  for (let at = opening; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    depth += token === '(' ? 1 : token === ')' ? -1 : 0;
    if (depth === 0) {
      return { args, end: at };
    }
    if (depth === 1 && token === ',') {
      args.push([]);
    } else if (at > opening) {
      args.at(-1)?.push(token);
    }
  }
  return { args, end: tokens.length };
}

/** The place of the next token that is no blank. */
function nextOf(tokens: readonly string[], at: number): number {
  let next = at + 1;
  while (BLANK.test(tokens[next] ?? '')) {
    next += 1;
  }
  return next;
}

const WORD = /^[a-z_]\w*$/i;
/** Words that may follow a table and are no name for it. */
const NO_ALIAS =
  /^(?:as|where|group|order|having|limit|union|intersect|except|on|using|join|inner|left|right|full|cross|natural|window|qualify|offset|lateral|tablesample)$/i;

function render(tokens: readonly string[]): string {
  let text = '';
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    const following = tokens[nextOf(tokens, at)] ?? '';
    if (token.startsWith('--') || token.startsWith('/*')) {
      continue;
    }
    if (token.startsWith("'")) {
      text += literal(token.slice(1, -1).replaceAll("''", "'"));
    } else if (token.startsWith('"')) {
      text += quoted(token.slice(1, -1).replaceAll('""', '"'));
    } else if (SCHEMAS.test(token)) {
      const isNamed =
        /^as$/i.test(following) || (WORD.test(following) && !NO_ALIAS.test(following));
      text += `${viewOf(token)}${isNamed ? '' : ` as ${token.slice(token.indexOf('.') + 1)}`}`;
    } else if (/^collate$/i.test(token) && following === '"C"') {
      // Spark compares text by its bytes.
      at = nextOf(tokens, at);
    } else if (isType(tokens, at)) {
      text += TYPES[token.toLowerCase()] ?? token;
    } else {
      text += token;
    }
  }
  return text;
}

/** Whether a word that may be the name of a column is one of a type: that of a cast or of a literal. */
function isType(tokens: readonly string[], at: number): boolean {
  if (TYPES[(tokens[at] ?? '').toLowerCase()] === undefined) {
    return false;
  }
  let before = at - 1;
  while (BLANK.test(tokens[before] ?? '')) {
    before -= 1;
  }
  const following = tokens[nextOf(tokens, at)] ?? '';
  return (
    (/^as$/i.test(tokens[before] ?? '') && (following === ')' || following === '(')) ||
    following.startsWith("'")
  );
}
