import type { HistoryEntry, ShownEvent } from '../../quarantine/show.ts';
import { formatCoordinates } from '../../quarantine/coordinates.ts';
import { isText } from '../../event/text.ts';
import { bytesForPeople, wholeCharacters } from './bytes.ts';
import { factLines } from './document.ts';
import { grouped } from '../../number.ts';
import type { ResultTable } from './output.ts';
import { visible } from './text.ts';
import { hanging } from './wrap.ts';

/** One event of the quarantine as a page: what is known of it, what happened to it, and its bytes. */
export function renderQuarantined(event: ShownEvent, width: number): string {
  const facts: [name: string, value: string | null][] = [
    ['Event', formatCoordinates(event)],
    ['Refused by', event.stage],
    ['Reason', event.reason],
    ['Field', event.field],
    ['Detail', event.detail],
    ['Status', event.status],
    ['Produced', utc(event.producedAt)],
    ['Refused', `${utc(event.quarantinedAt)}, by run ${event.runId}`],
    ['Resolved', event.resolvedAt === null ? null : utc(event.resolvedAt)],
    ['Kept', event.bytes === null ? 'nothing: it had no value' : `${grouped(event.bytes)} bytes`],
  ];
  const known = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const blocks = [
    factLines(
      known.map(([name, value]) => [name, visible(value)]),
      width,
    ).join('\n'),
  ];
  if (event.history.length > 0) {
    blocks.push(hanging(['History', ...event.history.map(historyLine)].join('\n'), width));
  }
  if (event.raw !== null && event.raw.length > 0) {
    blocks.push(rawBlock(event, event.raw));
  }
  return `${blocks.join('\n\n')}\n`;
}

function rawBlock({ bytes }: ShownEvent, raw: Buffer): string {
  const missing = Number(bytes) - raw.length;
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
  const before = refusal(entry.reason_before, entry.field_before);
  switch (entry.action) {
    case 'replayed':
      return `was ${before}, now ${entry.outcome ?? 'in silver'}`;
    case 'refused': {
      const after = refusal(entry.reason_after ?? '', entry.field_after);
      return after === before ? `still ${before}` : `was ${before}, now ${after}`;
    }
    case 'landed':
      return `was ${before}, now in bronze`;
    default:
      return '';
  }
}

function refusal(reason: string, field: string | null): string {
  return field === null ? reason : `${reason} at ${field}`;
}

/** "2026-01-03 22:12:43.123+00" to the second, with its zone by name. */
function utc(instant: string): string {
  return `${instant.slice(0, 19)} UTC`;
}

/** The same for programs, as one row: bytes that are no text come in base64. */
export function quarantinedRow(event: ShownEvent): ResultTable {
  const { raw } = event;
  const text = raw !== null && isText(raw) ? raw.toString('utf8') : null;
  const columns: [name: string, kind: ResultTable['columns'][number]['kind'], string | null][] = [
    ['event', 'text', formatCoordinates(event)],
    ['topic', 'text', event.topic],
    ['partition', 'number', String(event.partition)],
    ['offset', 'number', String(event.offset)],
    ['stage', 'text', event.stage],
    ['reason', 'text', event.reason],
    ['field', 'text', event.field],
    ['detail', 'text', event.detail],
    ['status', 'text', event.status],
    ['produced_at', 'timestamp', event.producedAt],
    ['quarantined_at', 'timestamp', event.quarantinedAt],
    ['resolved_at', 'timestamp', event.resolvedAt],
    ['run_id', 'number', event.runId],
    ['bytes', 'number', event.bytes],
    ['history', 'json', JSON.stringify(event.history.map(forPrograms))],
    ['text', 'text', text],
    ['base64', 'text', text === null && raw !== null ? raw.toString('base64') : null],
  ];
  return {
    columns: columns.map(([name, kind]) => ({ name, kind })),
    rows: [columns.map(([, , value]) => value)],
  };
}

function forPrograms(entry: HistoryEntry): object {
  const happenedAt = entry.happened_at.replace(' ', 'T').replace(/\+00$/, 'Z');
  return { ...entry, happened_at: happenedAt, run_id: Number(entry.run_id) };
}
