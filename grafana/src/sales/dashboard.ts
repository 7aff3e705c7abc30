import { dashboard, type Dashboard } from '../dashboard.ts';
import { BURSTS, failedRuns, RESTATED_DAYS } from '../marks.ts';
import { categoryVariable, countryVariable, daysVariables, productVariable } from '../variables.ts';
import { customers } from './customers.ts';
import { days, netSales, when } from './days.ts';
import { goods } from './goods.ts';
import { headline } from './headline.ts';
import { paymentsAndStates, places } from './places.ts';

/** What was sold, from gold; whole days. */
export function salesDashboard(): Dashboard {
  return dashboard({
    uid: 'medallion-sales',
    title: 'Sales',
    description:
      'What was sold in the time range: purchases, by whole days in the zone that report.timezone names, UTC unless it is set.',
    from: 'now-30d',
    to: 'now',
    refresh: '5m',
    variables: [...daysVariables(), countryVariable(), categoryVariable(), productVariable()],
    annotations: [RESTATED_DAYS, failedRuns('day'), BURSTS],
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
