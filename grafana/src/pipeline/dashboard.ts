import { dashboard, type Dashboard } from '../dashboard.ts';
import { PIPELINE_UID } from '../links.ts';
import { BURSTS, failedRuns } from '../marks.ts';
import { textVariable } from '../variables.ts';
import { flow } from './flow.ts';
import { quality } from './quality.ts';
import { quarantine } from './quarantine.ts';
import { runs } from './runs.ts';
import { state } from './state.ts';

/** How the pipeline itself is doing, by what it records. */
export function pipelineDashboard(): Dashboard {
  return dashboard({
    uid: PIPELINE_UID,
    title: 'Pipeline health',
    description:
      'The pipeline by what it records of itself: what waits, how fresh it is, what was rejected, how the runs went.',
    from: 'now-24h',
    to: 'now',
    refresh: '30s',
    variables: [textVariable('reason', 'Rejected for')],
    annotations: [failedRuns('run'), BURSTS],
    sections: [
      { title: 'State', panels: state() },
      { title: 'Flow', panels: flow() },
      { title: 'Quarantine', panels: quarantine() },
      { title: 'Runs', panels: runs() },
      { title: 'Checks and restatements', panels: quality() },
    ],
  });
}
