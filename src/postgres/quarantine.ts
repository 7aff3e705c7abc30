import type { Client } from './client.ts';
import { plainTopicSql } from './offsets.ts';

export interface Coordinates {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export const STATUSES = ['open', 'replayed', 'dismissed'] as const;
export type Status = (typeof STATUSES)[number];

/** Which events of the quarantine are meant; what is left out is no condition. */
export interface Selection {
  readonly status: Status | 'all';
  readonly reason?: string | undefined;
  /** Path of a field; [] in it stands for every line: items[].unit_price. */
  readonly field?: string | undefined;
  /** As bronze names it, or its plain name: sales for landing/sales and for sales#2. */
  readonly topic?: string | undefined;
  readonly partition?: number | undefined;
  /** UTC days of the rejection, both included. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly events?: readonly Coordinates[] | undefined;
}

/** A condition over bronze.quarantine as q, and the values of its parameters. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The path of a field without the numbers of lines. */
export const FIELD_PATH = `regexp_replace(q.field, '\\[\\d+\\]', '[]', 'g')`;

/** @param taken how many parameters the statement has before those of the condition */
export function conditionOf(selection: Selection, taken = 0): Condition {
  const values: unknown[] = [];
  const parts: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value !== undefined) {
      values.push(value);
      parts.push(condition(`$${String(taken + values.length)}`));
    }
  };
  const { status, events } = selection;
  add(status === 'all' ? undefined : status, (value) => `q.status = ${value}`);
  add(selection.reason, (value) => `q.reason = ${value}`);
  add(selection.field, (value) => `${value} in (q.field, ${FIELD_PATH})`);
  add(selection.topic, (value) => `${value} in (q.topic, ${plainTopicSql('q.topic')})`);
  add(selection.partition, (value) => `q.partition = ${value}`);
  add(selection.since, (value) => `q.quarantined_at >= ${value}::date`);
  add(selection.until, (value) => `q.quarantined_at < ${value}::date + 1`);
  if (events !== undefined) {
    const first = taken + values.length + 1;
    values.push(
      events.map(({ topic }) => topic),
      events.map(({ partition }) => partition),
      events.map(({ offset }) => String(offset)),
    );
    parts.push(
      `(q.topic, q.partition, q."offset") in
         (select * from unnest($${String(first)}::text[], $${String(first + 1)}::integer[], $${String(first + 2)}::bigint[]))`,
    );
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' and '), values };
}

export async function countSelected(client: Client, selection: Selection): Promise<number> {
  const { sql, values } = conditionOf(selection);
  const { rows } = await client.query<{ events: string }>(
    `select count(*) as events from bronze.quarantine q where ${sql}`,
    [...values],
  );
  return Number(rows[0]?.events);
}

/** A bytea as PostgreSQL writes it: \x and two digits a byte. */
export function fromHex(bytea: string): Buffer {
  return Buffer.from(bytea.slice(2), 'hex');
}
