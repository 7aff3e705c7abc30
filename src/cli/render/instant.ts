/** PostgreSQL's "2026-01-03 22:12:43.5+00" to the second: times are UTC everywhere. */
export function instant(timestamp: string): string {
  return timestamp.replace(/(\.\d+)?[+-]\d\d(:\d\d)*$/, '');
}

/** The same with its zone, and a dash for none. */
export function utc(timestamp: string | null | undefined): string {
  return timestamp ? `${instant(timestamp)} UTC` : '-';
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** Seconds as people say them: 45s, 3m 20s, 2h 5m, 4d 1h. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [unit] = UNITS.filter(([, size]) => whole >= size);
  if (unit === undefined) {
    return `${whole}s`;
  }
  const [name, size] = unit;
  const [smaller, part] = UNITS[UNITS.indexOf(unit) + 1] ?? ['s', 1];
  const rest = Math.floor((whole % size) / part);
  return `${Math.floor(whole / size)}${name}${rest === 0 ? '' : ` ${rest}${smaller}`}`;
}
