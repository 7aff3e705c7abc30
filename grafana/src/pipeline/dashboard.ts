import { dashboard, type Dashboard } from '../dashboard.ts';
import { flow } from './flow.ts';
import { quality } from './quality.ts';
import { quarantine } from './quarantine.ts';
import { runs } from './runs.ts';
import { state } from './state.ts';

/** How the pipeline itself is doing, by its books. */
export function pipelineDashboard(): Dashboard {
  return dashboard({
    uid: 'medallion-pipeline',
    title: 'Pipeline health',
    description:
      'The pipeline by its own books: what waits, how fresh it is, what was refused, how the runs went.',
    from: 'now-24h',
    to: 'now',
    refresh: '30s',
    variables: [],
    sections: [
      { title: 'State', panels: state() },
      { title: 'Flow', panels: flow() },
      { title: 'Quarantine', panels: quarantine() },
      { title: 'Runs', panels: runs() },
      { title: 'Checks and restatements', panels: quality() },
    ],
  });
}
