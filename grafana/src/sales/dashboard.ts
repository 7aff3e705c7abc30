import { dashboard, type Dashboard } from '../dashboard.ts';
import { categoryVariable, countryVariable, productVariable } from '../variables.ts';
import { customers } from './customers.ts';
import { days } from './days.ts';
import { goods } from './goods.ts';
import { headline } from './headline.ts';
import { paymentMix, places } from './places.ts';

/** What was sold, from gold; whole days of UTC. */
export function salesDashboard(): Dashboard {
  return dashboard({
    uid: 'medallion-sales',
    title: 'Sales',
    description: 'What was sold in the time range: purchases, by whole days of UTC.',
    from: 'now-30d/d',
    to: 'now/d',
    refresh: '5m',
    variables: [countryVariable(), categoryVariable(), productVariable()],
    sections: [
      { title: 'Against the period before', panels: headline() },
      { title: 'Sales by day', panels: days() },
      { title: 'Goods', panels: goods() },
      { title: 'Places and payment', panels: [...places(), paymentMix()] },
      { title: 'Customers', panels: customers() },
    ],
  });
}
