import { isText } from '../../event/text.ts';
import type { HistoryEntry, ShownEvent } from '../../query/quarantine/show.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { rowsOf } from '../../query/ask.ts';
import { bytesForPeople, wholeCharacters } from './bytes.ts';
import { factLines, type Facts } from './document.ts';
import { isThere, page } from './fit.ts';
import { grouped } from '../../number.ts';
import { utc } from './instant.ts';
import { resultOf } from './result.ts';
import { visible } from './text.ts';
import { hanging } from './wrap.ts';

/** Rejected events by reason and field, with what was found in the example below each. */
export const GROUPS = page(
  {
    ...{ reason: {}, field: {}, stage: { title: 'rejected by', keep: 2 } },
    ...{ events: { kind: 'figure' }, first_at: { keep: 1 }, last_at: { keep: 3 } },
  },
  { note: ({ example, detail }) => (isThere(detail) ? `${example ?? ''}: ${detail}` : example) },
);

/** Rejected events with what was found below each. */
export const EVENTS = page(
  {
    ...{ event: {}, reason: {}, field: { keep: 5 }, stage: { title: 'rejected by', keep: 2 } },
    status: { keep: 4 },
    quarantined_at: { title: 'rejected (UTC)', keep: 3 },
    bytes: { kind: 'figure', keep: 1 },
  },
  { note: ({ detail }) => detail },
);

type Name = 'stage' | 'reason' | 'field' | 'detail' | 'status' | 'run_id' | 'bytes';
type Time = 'produced_at' | 'quarantined_at' | 'resolved_at';

/** One event of the quarantine as a page: what is known of it, what happened to it, and its bytes. */
export function renderQuarantined(
  { event, table, history, raw }: ShownEvent,
  width: number,
): string {
  const [row] = rowsOf<Name | Time>(table);
  if (row === undefined) {
    return '';
  }
  const { bytes } = row;
  const facts: Facts = [
    ['Event', event],
    ['Rejected by', row.stage],
    ['Reason', row.reason],
    ['Field', row.field],
    ['Detail', row.detail],
    ['Status', row.status],
    ['Produced', utc(row.produced_at)],
    ['Rejected', `${utc(row.quarantined_at)}, by run ${row.run_id ?? ''}`],
    ['Resolved', row.resolved_at && utc(row.resolved_at)],
    ['Kept', bytes === null ? 'nothing: it had no value' : `${grouped(bytes)} bytes`],
  ];
  return `${[
    factLines(facts, width).join('\n'),
    ...(history.length === 0
      ? []
      : [hanging(['History', ...history.map(historyLine)].join('\n'), width)]),
    ...(raw === null || raw.length === 0 ? [] : [rawBlock(Number(bytes), raw)]),
  ].join('\n\n')}\n`;
}

function rawBlock(bytes: number, raw: Buffer): string {
  const missing = bytes - raw.length;
  const shown = bytesForPeople(missing > 0 ? wholeCharacters(raw) : raw);
  return missing > 0
    ? `${shown}\n… and ${grouped(missing)} bytes more; --raw writes all of them`
    : shown;
}

function historyLine(entry: HistoryEntry): string {
  const who = [entry.os_user, entry.db_user].filter((name) => name !== null);
  const parts = [
    `  ${utc(entry.happened_at)}  run ${entry.run_id}  ${entry.action}`,
    whatChanged(entry),
    ...(entry.note === null ? [] : [`"${entry.note}"`]),
    ...(entry.action === 'dismissed' || entry.action === 'reopened'
      ? [`by ${who.join(' as ')}`]
      : []),
  ];
  return visible(parts.filter((part) => part !== '').join(', '));
}

function whatChanged(entry: HistoryEntry): string {
  const before = rejection(entry.reason_before, entry.field_before);
  switch (entry.action) {
    case 'replayed':
      return `was ${before}, now ${entry.outcome ?? 'in silver'}`;
    case 'rejected': {
      const after = rejection(entry.reason_after ?? '', entry.field_after);
      return after === before ? `still ${before}` : `was ${before}, now ${after}`;
    }
    case 'ingested':
      return `was ${before}, now in bronze`;
    default:
      return '';
  }
}

function rejection(reason: string, field: string | null): string {
  return field === null ? reason : `${reason} at ${field}`;
}

/** The same for programs, as one row: bytes that are no text come in base64. */
export function quarantinedRow({ event, table, history, raw }: ShownEvent): ResultTable {
  const text = raw !== null && isText(raw) ? raw.toString('utf8') : null;
  const more = resultOf({ history: 'json', text: 'text', base64: 'text' }, [
    {
      history: JSON.stringify(history.map(forPrograms)),
      text,
      base64: text === null ? raw?.toString('base64') : null,
    },
  ]);
  return {
    columns: [{ name: 'event', kind: 'text' }, ...table.columns, ...more.columns],
    rows: [[event, ...(table.rows[0] ?? []), ...(more.rows[0] ?? [])]],
  };
}

function forPrograms(entry: HistoryEntry): object {
  const happenedAt = entry.happened_at.replace(' ', 'T').replace(/\+00$/, 'Z');
  return { ...entry, happened_at: happenedAt, run_id: Number(entry.run_id) };
}
