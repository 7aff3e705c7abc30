import { isUtf8 } from 'node:buffer';
import { throwIfInterrupted } from '../../errors.ts';
import { UNREADABLE, type Beside } from '../../source/erase.ts';
import { arraysOf } from '../../postgres/ask.ts';
import type { Coordinates } from '../../postgres/quarantine.ts';
import { readPages } from '../../postgres/rows.ts';
import { sqlFile } from '../../sql-file.ts';
import { changeOf, note, rehash, type Change, type Work } from './work.ts';

/** Events whose texts are in memory at once. */
const PAGE_EVENTS = 200;
const PLACE = ['topic', 'partition', 'offset'] as const;

type Write = (work: Work, page: Page) => Promise<void>;

interface Page {
  readonly table: 'events' | 'quarantine';
  readonly changes: readonly Change[];
}

/** Goes through bronze and the quarantine, page by page. */
export async function eraseStored(
  work: Work,
  writePage: Write = () => Promise.resolve(),
): Promise<void> {
  const { customer } = work.options;
  for await (const rows of pagesOf<StoredEvent>(work, 'forget/events', [
    ...[customer, ...arraysOf(work.versions, ...PLACE)],
  ])) {
    const changes = rows.flatMap((row) => changeOf(work, row, row.value, besideOf(row)) ?? []);
    note(work, 'bronze.events', changes);
    await writePage(work, { table: 'events', changes });
  }
  for await (const rows of pagesOf<RejectedEvent>(work, 'forget/quarantined', [
    ...[customer, [...work.orders]],
  ])) {
    const changes = rows.flatMap((row) => rejectedChange(work, row) ?? []);
    note(work, 'bronze.quarantine', changes);
    await writePage(work, { table: 'quarantine', changes });
  }
}

interface StoredEvent extends Coordinates {
  readonly value: string;
  readonly key?: string;
  readonly key_bytes?: Buffer;
  readonly headers?: string;
}

function besideOf({ key, key_bytes: keyBytes, headers }: StoredEvent): Beside {
  return { key: key ?? null, keyBytes: keyBytes ?? null, headers: headers ?? null };
}

interface RejectedEvent extends Coordinates {
  readonly reason: string;
  readonly raw: Buffer;
}

async function* pagesOf<Row extends object>(
  { client, context }: Work,
  name: string,
  values: readonly unknown[],
): AsyncGenerator<Row[], undefined> {
  for await (const rows of readPages<Row>(client, { text: sqlFile(name), values }, PAGE_EVENTS)) {
    throwIfInterrupted(context.signal);
    yield rows;
  }
}

function rejectedChange(work: Work, row: RejectedEvent): Change | undefined {
  const { raw } = row;
  const isText = isUtf8(raw);
  const change = isText ? changeOf(work, row, raw.toString('utf8')) : undefined;
  const isEncoded = !isText || row.reason === 'undecodable';
  return change === undefined && isEncoded && work.eraser.holds(raw)
    ? { ...row, value: UNREADABLE, canonical: undefined }
    : change;
}

export async function write(work: Work, { table, changes }: Page): Promise<void> {
  if (changes.length === 0) {
    return;
  }
  const { client, options } = work;
  const places = arraysOf(changes, ...PLACE);
  if (table === 'quarantine') {
    const raw = changes.map(({ value }) => `\\x${Buffer.from(value).toString('hex')}`);
    await client.query(sqlFile('forget/replace_quarantined'), [...places, raw, options.customer]);
    return;
  }
  const values = changes.map(({ value }) => value);
  await client.query(sqlFile('forget/replace_events'), [...places, values]);
  await rehash(work, changes);
}
