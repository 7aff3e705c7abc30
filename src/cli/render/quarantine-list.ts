import { formatCoordinates } from '../../quarantine/coordinates.ts';
import type { Quarantined, QuarantineGroup } from '../../quarantine/list.ts';
import { figureColumn, fittedTable, textColumn, withNotes } from './fit.ts';
import { instant } from './instant.ts';
import type { ColumnKind, ResultTable } from './output.ts';

/** A column for programs, and its cell. */
type Cells<Row> = readonly (readonly [
  name: string,
  kind: ColumnKind,
  cell: (row: Row) => string | null,
])[];

function tableOf<Row>(cells: Cells<Row>, rows: readonly Row[]): ResultTable {
  return {
    columns: cells.map(([name, kind]) => ({ name, kind })),
    rows: rows.map((row) => cells.map(([, , cell]) => cell(row))),
  };
}

const GROUP: Cells<QuarantineGroup> = [
  ['reason', 'text', ({ reason }) => reason],
  ['field', 'text', ({ field }) => field],
  ['stage', 'text', ({ stage }) => stage],
  ['events', 'number', ({ events }) => events],
  ['first_at', 'timestamp', ({ firstAt }) => firstAt],
  ['last_at', 'timestamp', ({ lastAt }) => lastAt],
  ['example', 'text', ({ example }) => formatCoordinates(example)],
  ['detail', 'text', ({ detail }) => detail],
];

/** Refused events by reason and field, one row each. */
export function groupTable(groups: readonly QuarantineGroup[]): ResultTable {
  return tableOf(GROUP, groups);
}

/** The same for people, what was found in the example below each. */
export function groupLines(groups: readonly QuarantineGroup[], width: number): string[] {
  const lines = fittedTable<QuarantineGroup>(
    [
      textColumn('reason', ({ reason }) => reason),
      textColumn('field', ({ field }) => field ?? ''),
      textColumn('refused by', ({ stage }) => stage, { keep: 2 }),
      figureColumn('events', ({ events }) => events),
      textColumn('first (UTC)', ({ firstAt }) => instant(firstAt), { keep: 1 }),
      textColumn('last (UTC)', ({ lastAt }) => instant(lastAt), { keep: 3 }),
    ],
    groups,
    width,
  );
  const notes = groups.map(
    ({ example, detail }) => `${formatCoordinates(example)}${detail === null ? '' : `: ${detail}`}`,
  );
  return withNotes(lines, notes, width);
}

const EVENT: Cells<Quarantined> = [
  ['event', 'text', (event) => formatCoordinates(event)],
  ['reason', 'text', ({ reason }) => reason],
  ['field', 'text', ({ field }) => field],
  ['detail', 'text', ({ detail }) => detail],
  ['stage', 'text', ({ stage }) => stage],
  ['status', 'text', ({ status }) => status],
  ['quarantined_at', 'timestamp', ({ quarantinedAt }) => quarantinedAt],
  ['bytes', 'number', ({ bytes }) => bytes],
];

/** Refused events, one row each. */
export function eventTable(events: readonly Quarantined[]): ResultTable {
  return tableOf(EVENT, events);
}

/** The same for people, what was found below each. */
export function eventLines(events: readonly Quarantined[], width: number): string[] {
  const lines = fittedTable<Quarantined>(
    [
      textColumn('event', (event) => formatCoordinates(event)),
      textColumn('reason', ({ reason }) => reason),
      textColumn('field', ({ field }) => field ?? '', { keep: 5 }),
      textColumn('refused by', ({ stage }) => stage, { keep: 2 }),
      textColumn('status', ({ status }) => status, { keep: 4 }),
      textColumn('refused (UTC)', ({ quarantinedAt }) => instant(quarantinedAt), { keep: 3 }),
      figureColumn('bytes', ({ bytes }) => bytes ?? '', { keep: 1 }),
    ],
    events,
    width,
  );
  return withNotes(
    lines,
    events.map(({ detail }) => detail),
    width,
  );
}
