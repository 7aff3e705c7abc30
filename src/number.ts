/** Numbers for people. They come as decimal text and no digit goes through a double. */

/** 1234567.50 -> 1,234,567.50; what is no plain decimal (NaN, 1e+20) stays as it is. */
export function grouped(decimal: string | number | bigint): string {
  const text = String(decimal);
  const [, sign, whole, fraction] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? [];
  if (whole === undefined) {
    return text;
  }
  return `${sign ?? ''}${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}${fraction ?? ''}`;
}

/** A count with its noun: 1 event, 2,000 events. */
export function counted(
  count: string | number | bigint,
  noun: string,
  plural = `${noun}s`,
): string {
  return `${grouped(count)} ${String(count) === '1' ? noun : plural}`;
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** A round figure for an axis: 0, 250, 2.5k, 120k, 3M. */
export function compact(value: number): string {
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1000 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${String(Number(scaled.toPrecision(4)))}${UNITS[unit] ?? ''}`;
}

/** A number of bytes for people: 1.5 MB. */
export function megabytes(bytes: number | bigint): string {
  return `${(Number(bytes) / 1e6).toFixed(1)} MB`;
}
