import type { SettingReader } from './setting-reader.ts';

/** What marts, reports and dashboards are in: fixed while silver holds transactions, since their rows are made by it. */
export interface Reporting {
  /** IANA zone of the days. */
  readonly timezone: string;
  /** ISO 4217 code of the currency that amounts are converted to; undefined: they are as sent. */
  readonly currency: string | undefined;
}

export const DEFAULT_REPORTING: Reporting = { timezone: 'UTC', currency: undefined };

export function parseReporting(settings: SettingReader): Reporting {
  const timezone = settings.text('report.timezone') ?? DEFAULT_REPORTING.timezone;
  if (!isRegion(timezone)) {
    settings.refuse(
      'report.timezone',
      `there is no time zone "${timezone}": use a name of the IANA database, such as Europe/Berlin`,
    );
  }
  const currency = settings.text('report.currency')?.toUpperCase();
  if (currency !== undefined && !/^[A-Z]{3}$/.test(currency)) {
    settings.refuse(
      'report.currency',
      `"${currency}" is not a currency code: use the three letters of ISO 4217, such as EUR`,
    );
  }
  return { timezone, currency };
}

/** Abbreviations and offsets mean one thing to PostgreSQL and another to DuckDB. */
function isRegion(name: string): boolean {
  return name === 'UTC' || (/^[A-Za-z_]+\/[\w/+-]+$/.test(name) && isZone(name));
}

/** Whether the runtime knows a zone by this name. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}
