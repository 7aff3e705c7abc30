import { stringify } from 'yaml';
import { alertRules } from './alerts.ts';
import { pipelineDashboard } from './pipeline/dashboard.ts';
import { salesDashboard } from './sales/dashboard.ts';
import { traceDashboard } from './trace/dashboard.ts';

const MADE = 'Made by "npm run grafana" from grafana/src: change it there.';

/** What Grafana reads of this code: the text of each file, by its path below grafana/. */
export function files(): ReadonlyMap<string, string> {
  const pipeline = pipelineDashboard();
  return new Map([
    ['dashboards/sales.json', json(salesDashboard())],
    ['dashboards/pipeline.json', json(pipeline)],
    ['dashboards/trace.json', json(traceDashboard())],
    ['provisioning/alerting/medallion.yaml', yaml(alertRules(pipeline))],
  ]);
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** The same way through JSON, which leaves out what the SDK keeps for its types. */
function yaml(value: object): string {
  const plain: unknown = JSON.parse(JSON.stringify(value));
  return `# ${MADE}\n${stringify(plain, { lineWidth: 0 })}`;
}
