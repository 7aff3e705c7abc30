import { isUtf8 } from 'node:buffer';
import { throwIfInterrupted } from '../../errors.ts';
import { fromHex } from '../../postgres/quarantine.ts';
import { UNREADABLE, type Beside } from '../../source/erase.ts';
import { sqlFile } from '../../sql-file.ts';
import { arraysOf, changeOf, note, rehash, type Change, type Place, type Work } from './work.ts';

/** Events whose texts are in memory at once. */
const PAGE_EVENTS = 200;

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
  const inBronze = pagesOf<StoredEvent>(work, 'forget/events', [
    customer,
    ...arraysOf(work.versions),
  ]);
  for await (const rows of inBronze) {
    const changes = rows.flatMap((row) => changeOf(work, row, row.value, besideOf(row)) ?? []);
    note(work, 'bronze.events', changes);
    await writePage(work, { table: 'events', changes });
  }
  const rejected = pagesOf<RejectedEvent>(work, 'forget/quarantined', [
    ...[customer, [...work.orders]],
  ]);
  for await (const rows of rejected) {
    const changes = rows.flatMap((row) => rejectedChange(work, row) ?? []);
    note(work, 'bronze.quarantine', changes);
    await writePage(work, { table: 'quarantine', changes });
  }
}

interface StoredEvent extends Place {
  readonly value: string;
  readonly key: string | null;
  /** Hexadecimal, behind \x. */
  readonly key_bytes: string | null;
  readonly headers: string | null;
}

function besideOf({ key, key_bytes: keyBytes, headers }: StoredEvent): Beside {
  return { key, keyBytes: keyBytes === null ? null : fromHex(keyBytes), headers };
}

interface RejectedEvent extends Place {
  readonly reason: string;
  /** Hexadecimal, behind \x. */
  readonly raw: string;
}

/** Rows of a statement, some at a time. */
async function* pagesOf<Row extends object>(
  { client, context }: Work,
  name: string,
  values: readonly unknown[],
): AsyncGenerator<Row[], undefined> {
  await client.query(`declare forgotten no scroll cursor for ${sqlFile(name)}`, [...values]);
  for (;;) {
    throwIfInterrupted(context.signal);
    const { rows } = await client.query<Row>(`fetch ${String(PAGE_EVENTS)} from forgotten`);
    if (rows.length === 0) {
      await client.query('close forgotten');
      return undefined;
    }
    yield rows;
  }
}

function rejectedChange(work: Work, row: RejectedEvent): Change | undefined {
  const raw = fromHex(row.raw);
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
  const places = arraysOf(changes);
  if (table === 'quarantine') {
    const raw = changes.map(({ value }) => `\\x${Buffer.from(value).toString('hex')}`);
    await client.query(sqlFile('forget/replace_quarantined'), [...places, raw, options.customer]);
    return;
  }
  const values = changes.map(({ value }) => value);
  await client.query(sqlFile('forget/replace_events'), [...places, values]);
  await rehash(work, changes);
}
