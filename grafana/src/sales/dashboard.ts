import { annotation, dashboard, type Dashboard } from '../dashboard.ts';
import { startOf } from '../period.ts';
import { sql } from '../sql.ts';
import { categoryVariable, countryVariable, daysVariables, productVariable } from '../variables.ts';
import { customers } from './customers.ts';
import { days, netSales, when } from './days.ts';
import { goods } from './goods.ts';
import { headline } from './headline.ts';
import { paymentsAndStates, places } from './places.ts';

const RESTATED = sql`
  select
      ${startOf('date_key')} as time,
      'Restated ' || count(*) || ' times, by ' || to_char(sum(new_total - old_total), 'FMSG999,999,999,990.00') as text
  from gold.restatements
  where ${startOf('date_key')} between $__timeFrom()::timestamptz and $__timeTo()::timestamptz
  group by date_key
  having sum(new_total - old_total) <> 0
  order by abs(sum(new_total - old_total)) desc
  limit 50`;

/** What was sold, from gold; whole days of UTC. */
export function salesDashboard(): Dashboard {
  return dashboard({
    uid: 'medallion-sales',
    title: 'Sales',
    description: 'What was sold in the time range: purchases, by whole days of UTC.',
    from: 'now-30d',
    to: 'now',
    refresh: '5m',
    variables: [...daysVariables(), countryVariable(), categoryVariable(), productVariable()],
    annotations: [annotation('Restated days', 'orange', RESTATED)],
    sections: [
      { title: '${days}, ${before}', panels: headline() },
      { title: 'Sales by day', panels: [...days(), netSales()] },
      { title: 'Goods', panels: goods() },
      { title: 'Places', panels: places() },
      { title: 'Orders', panels: [...paymentsAndStates(), when()] },
      { title: 'Customers', panels: customers() },
    ],
  });
}
