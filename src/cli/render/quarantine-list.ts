import type { ResultTable } from '../../postgres/query.ts';
import { rowsOf } from '../../query/ask.ts';
import { fittedTable } from './fit.ts';

type GroupName = 'reason' | 'field' | 'stage' | 'events' | 'first_at' | 'last_at';
type Group = Readonly<Record<GroupName | 'example' | 'detail', string | null>>;

/** Rejected events by reason and field, for people, with what was found in the example below each. */
export function groupLines(groups: ResultTable, width: number): string[] {
  return fittedTable<Group>(
    {
      reason: {},
      field: {},
      stage: { title: 'rejected by', keep: 2 },
      events: { kind: 'figure' },
      first_at: { kind: 'time', keep: 1 },
      last_at: { kind: 'time', keep: 3 },
    },
    rowsOf(groups),
    width,
    { note: ({ example, detail }) => (detail === null ? example : `${example ?? ''}: ${detail}`) },
  );
}

type EventName = 'event' | 'reason' | 'field' | 'stage' | 'status' | 'quarantined_at' | 'bytes';
type Event = Readonly<Record<EventName | 'detail', string | null>>;

/** Rejected events for people, with what was found below each. */
export function eventLines(events: ResultTable, width: number): string[] {
  return fittedTable<Event>(
    {
      event: {},
      reason: {},
      field: { keep: 5 },
      stage: { title: 'rejected by', keep: 2 },
      status: { keep: 4 },
      quarantined_at: { kind: 'time', title: 'rejected (UTC)', keep: 3 },
      bytes: { kind: 'figure', keep: 1 },
    },
    rowsOf(events),
    width,
    { note: ({ detail }) => detail },
  );
}
