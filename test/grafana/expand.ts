/** What of Grafana a query depends on when a panel asks it. */
export interface Asking {
  readonly from: string;
  readonly to: string;
  /** As Grafana works it out from the range and the width of the panel: 30s, 5m, 1h, 1d. */
  readonly interval: string;
  readonly variables: Readonly<Record<string, Chosen>>;
}

/** The value of a variable: of a list the custom text for "All", or the values chosen; else a text. */
export type Chosen = { readonly all: string } | readonly string[] | string;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A panel's SQL as it reaches PostgreSQL: as the front end sends it, with the macros put in by the data source's server. */
export function expand(sql: string, asking: Asking): string {
  const { from, to } = asking;
  return asSent(sql, asking).replaceAll(
    /\$(\w+)\(([^)]*)\)(,?)/g,
    (_match, macro: string, given: string, comma: string) => {
      const [column = '', step = ''] = given.split(',').map((part) => part.trim());
      const group = (): string => {
        const seconds = secondsOf(step.replaceAll("'", ''));
        return `floor(extract(epoch from ${column})/${seconds})*${seconds}`;
      };
      switch (macro) {
        case '__timeFilter':
          return `${column} BETWEEN '${rfc3339(from)}' AND '${rfc3339(to)}'${comma}`;
        case '__timeFrom':
          return `'${rfc3339(from)}'${comma}`;
        case '__timeTo':
          return `'${rfc3339(to)}'${comma}`;
        case '__timeGroup':
          // Before a comma it names the column, as it did in old dashboards.
          return comma === '' ? group() : `${group()} AS "time",`;
        case '__timeGroupAlias':
          return `${group()} AS "time"${comma}`;
        default:
          throw new Error(`Grafana's PostgreSQL data source has no macro ${macro}`);
      }
    },
  );
}

/**
 * What the front end makes of a query: the interval put in, and the variables, the text for "All" as it is, other values
 * quoted by the data source.
 */
export function asSent(sql: string, { interval, variables }: Asking): string {
  return sql
    .replaceAll('$__interval', interval)
    .replaceAll(/\$\{(\w+)(:\w+)?\}/g, (match, name: string, format: string | undefined) => {
      const chosen = variables[name];
      if (chosen === undefined || format !== undefined) {
        throw new Error(`${match}: no such variable, or in a format that is not PostgreSQL's`);
      }
      return textOf(chosen);
    });
}

function textOf(chosen: Chosen): string {
  if (typeof chosen === 'string') {
    return chosen.replaceAll("'", "''");
  }
  return 'all' in chosen
    ? chosen.all
    : chosen.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
}

function secondsOf(interval: string): number {
  const [, count = '', unit = ''] = /^(\d+)([smhd])$/.exec(interval) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 0);
  if (!(seconds > 0)) {
    throw new Error(`"${interval}" is no interval`);
  }
  return seconds;
}

/** Without the zeros at the end of a fraction. */
function rfc3339(instant: string): string {
  return new Date(instant).toISOString().replace(/\.?0+Z$/, 'Z');
}
