import type { Reporting } from '../../config/reporting.ts';
import { codeOf, MedallionError, messageOf } from '../../errors.ts';
import type { Client } from '../../postgres/client.ts';
import { readReporting } from '../../postgres/reporting.ts';
import { hasTables } from '../../postgres/ask.ts';
import { readRows } from '../../postgres/rows.ts';
import { ask, rowsOf } from '../ask.ts';
import { resolvePeriod, type Period, type SalesDays } from './period.ts';
import {
  declarationOf,
  SECTION_NAMES,
  sectionValues,
  type Section,
  type SectionName,
  type SectionParameters,
  type Sections,
} from './sections.ts';

export interface ReportQuery {
  /** First and last day, YYYY-MM-DD; the 31 days up to the latest with sales when left out. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** All of them when left out. */
  readonly sections?: readonly SectionName[] | undefined;
  /** Rows of the sections that list leaders; 10 unless said otherwise. */
  readonly top?: number | undefined;
}

export interface Report {
  /** Undefined while gold holds no sales; then only what can be said without them is in `sections`. */
  readonly period: Period | undefined;
  /** What the figures are in. */
  readonly reporting: Reporting;
  /** Undefined without a period. */
  readonly amounts: Amounts | undefined;
  /** Events that ever reached bronze. */
  readonly writtenEvents: bigint;
  readonly sections: Sections;
}

/** What the amounts of a period are made of. */
export interface Amounts {
  /** The currencies that its orders are in, by their codes. */
  readonly currencies: readonly string[];
  /** Its orders without an exchange rate to the currency of the reports, whose amounts are left out. */
  readonly unrated: number;
}

/**
 * Reads the sections asked for from gold, all from one snapshot.
 * @throws MedallionError usage when since is after until; model when gold lacks a table or column of this version
 */
export async function report(
  client: Client,
  { top = 10, ...request }: ReportQuery,
): Promise<Report> {
  const writtenEvents = await countWritten(client);
  const hasMarts = await hasTables(client, 'gold.sales_performance');
  const days = hasMarts ? await salesDays(client) : undefined;
  const period = days && resolvePeriod(request, days);
  const wanted = SECTION_NAMES.filter((name) => request.sections?.includes(name) ?? true);
  const isAnswerable = (name: SectionName): boolean =>
    hasMarts && (period !== undefined || declarationOf(name).isAboutData === true);
  const parameters = { since: period?.since ?? '', until: period?.until ?? '', top };
  const sections: { [Name in SectionName]?: Section<SectionName> } = {};
  for (const name of wanted.filter(isAnswerable)) {
    sections[name] = await readSection(client, name, parameters);
  }
  const reporting = await readReporting(client);
  const amounts = period && (await readAmounts(client, period));
  return { period, reporting, amounts, writtenEvents, sections: sections as Sections };
}

async function readSection(
  client: Client,
  name: SectionName,
  parameters: SectionParameters,
): Promise<Section<SectionName>> {
  const table = await ask(client, `report/${name}`, sectionValues(name, parameters)).catch(
    (error: unknown) => {
      throw goldError(error, `section ${name}`);
    },
  );
  const rows = rowsOf(table) as Section<SectionName>['rows'];
  return { columns: table.columns, rows };
}

/** A failure that shows that gold is not as this version makes it, as an error for people; any other as it is. */
function goldError(error: unknown, place: string): unknown {
  return /^42(P01|703)$/.test(codeOf(error) ?? '')
    ? new MedallionError('model', `${place}: ${messageOf(error)}`, {
        hint: 'Gold does not match this version of medallion. To see what differs, and what to do: medallion promote --plan',
        cause: error,
      })
    : error;
}

async function readAmounts(client: Client, { since, until }: Period): Promise<Amounts> {
  const rows = readRows<Amounts>(client, 'query/report_amounts', [since, until]);
  const [amounts] = await rows.catch((error: unknown) => {
    throw goldError(error, 'gold.order_performance');
  });
  return amounts ?? { currencies: [], unrated: 0 };
}

async function countWritten(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ events: string }>(
    'select coalesce(sum(ingested_events), 0) as events from medallion.offsets',
  );
  return BigInt(rows[0]?.events ?? 0);
}

/** The first and the last day with sales, and the last one that is not ahead of the clock. */
async function salesDays(client: Client): Promise<SalesDays | undefined> {
  const rows = readRows<Partial<SalesDays>>(client, 'query/sales_days');
  const [{ first, last, latest } = {}] = await rows.catch((error: unknown) => {
    throw goldError(error, 'gold.sales_performance');
  });
  return first && last && latest ? { first, last, latest } : undefined;
}
