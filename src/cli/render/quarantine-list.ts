import type { ResultTable } from '../../postgres/query.ts';
import { resultLines } from './fit.ts';

/** Rejected events by reason and field, for people, with what was found in the example below each. */
export function groupLines(groups: ResultTable, width: number): string[] {
  return resultLines(
    {
      reason: {},
      field: {},
      stage: { title: 'rejected by', keep: 2 },
      events: { kind: 'figure' },
      first_at: { kind: 'time', keep: 1 },
      last_at: { kind: 'time', keep: 3 },
    },
    groups,
    width,
    { note: ({ example, detail }) => (detail === null ? example : `${example ?? ''}: ${detail}`) },
  );
}

/** Rejected events for people, with what was found below each. */
export function eventLines(events: ResultTable, width: number): string[] {
  return resultLines(
    {
      event: {},
      reason: {},
      field: { keep: 5 },
      stage: { title: 'rejected by', keep: 2 },
      status: { keep: 4 },
      quarantined_at: { kind: 'time', title: 'rejected (UTC)', keep: 3 },
      bytes: { kind: 'figure', keep: 1 },
    },
    events,
    width,
    { note: ({ detail }) => detail },
  );
}
