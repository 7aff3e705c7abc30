import type { Reporting } from '../config/reporting.ts';
import { MedallionError } from '../errors.ts';
import type { Client } from '../postgres/client.ts';
import { readReporting } from '../postgres/reporting.ts';
import { affectsRows, hasTables } from '../postgres/ask.ts';
import { sqlFile } from '../sql-file.ts';

/** A setting of reports that differs from what the rows of silver and gold were made by. */
export interface ReportingChange {
  readonly setting: string;
  readonly from: string;
  readonly to: string;
}

/** Amounts are as sent. */
const UNSET = 'not set';

/** What has to be made again for the settings of reports to hold: nothing while silver holds no transaction. */
export async function compareReporting(
  client: Client,
  { timezone, currency }: Reporting,
): Promise<ReportingChange[]> {
  const recorded = await readReporting(client);
  const changes = [
    { setting: 'report.timezone', from: recorded.timezone, to: timezone },
    { setting: 'report.currency', from: recorded.currency ?? UNSET, to: currency ?? UNSET },
  ].filter(({ from, to }) => from !== to);
  return changes.length > 0 && (await holdsTransactions(client)) ? changes : [];
}

/**
 * Refuses a currency that silver does not know, and gives transactions without an exchange rate the one that is there by now.
 * @throws MedallionError config
 */
export async function applyReportCurrency(client: Client, { currency }: Reporting): Promise<void> {
  if (currency === undefined) {
    return;
  }
  const { rows } = await client.query<{ code: string; lacks_rates: string }>(
    sqlFile('promote/report_currencies'),
  );
  if (!rows.some(({ code }) => code === currency)) {
    throw new MedallionError(
      'config',
      `report.currency is ${currency}, which silver.dim_currency does not have`,
      {
        hint:
          `It has ${rows.map(({ code }) => code).join(', ')}. To add the currency: ` +
          `medallion sql --write "insert into silver.dim_currency (id, name, code) values (3, '${currency}', '${currency}')", with an id that is not taken.`,
      },
    );
  }
  if (rows.some(({ lacks_rates }) => lacks_rates === 'true')) {
    await client.query(sqlFile('promote/add_rates'));
  }
}

export async function holdsTransactions(client: Client): Promise<boolean> {
  return (
    (await hasTables(client, 'silver.fact_transactions')) &&
    (await affectsRows(client, 'select from silver.fact_transactions limit 1'))
  );
}

/**
 * Days of one zone and of another do not add up: the setting is what the warehouse was made by, or all is made again.
 * @throws MedallionError config
 */
export function refuseOtherReporting(changes: readonly ReportingChange[]): void {
  const [change] = changes;
  if (change === undefined) {
    return;
  }
  throw new MedallionError(
    'config',
    changes
      .map(
        ({ setting, from, to }) =>
          `${setting} is ${to}, but silver and gold were made with ${from}`,
      )
      .join('\n'),
    {
      hint:
        `Nothing was changed. To rebuild silver and gold from bronze: ${FULL_REFRESH}; ` +
        `to go on as before: ${changes.map(({ setting, from }) => `${setting}: ${from}`).join(', ')}.`,
    },
  );
}

const FULL_REFRESH = 'medallion promote --full-refresh';

/** A change as `promote --plan` shows it. */
export function describeReporting({ setting, from, to }: ReportingChange): {
  readonly model: string;
  readonly what: string;
  readonly then: string;
  readonly step: 'refresh';
} {
  return {
    ...{ model: setting, what: `${from} becomes ${to}`, step: 'refresh' },
    then: `${FULL_REFRESH} rebuilds silver and gold from bronze`,
  };
}
