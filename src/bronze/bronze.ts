import { isText } from '../event/text.ts';
import type { LogRecord } from '../log/log.ts';
import type { Client } from '../postgres/client.ts';
import { CopyFields, copyRows, type CopyTarget } from '../postgres/copy.ts';
import type { PartitionName } from '../postgres/offsets.ts';
import type { Admitted, Rejection } from './admission.ts';
import { producedAt } from './stamp.ts';
import { sqlFile } from '../sql-file.ts';

const EVENTS: CopyTarget = {
  table: 'bronze.events',
  columns: [
    ...['topic', 'partition', '"offset"', 'key', 'key_bytes', 'value', 'headers'],
    ...['produced_at', 'format', 'schema_id', 'ingested_at', 'run_id'],
  ],
};

const QUARANTINE: CopyTarget = {
  table: 'bronze.quarantine',
  columns: [
    ...['topic', 'partition', '"offset"', 'stage', 'reason', 'detail', 'raw'],
    ...['produced_at', 'quarantined_at', 'run_id'],
  ],
};

/** What every row of a batch has in common. */
export interface RowContext {
  readonly to: PartitionName;
  readonly runId: bigint;
  /** Unix milliseconds. */
  readonly ingestedAt: number;
}

/** Copies events into bronze.events, their bytes as they are. */
export async function copyEvents(
  client: Client,
  events: readonly Admitted[],
  context: RowContext,
): Promise<void> {
  const { coordinates, stamp } = commonFields(context);
  await copyRows(client, EVENTS, events, (event, fields) => {
    const hasTextKey = event.key === null || isText(event.key);
    fields.raw(coordinates);
    fields.bigint(event.offset);
    fields.bytes(hasTextKey ? event.key : null);
    fields.bytes(hasTextKey ? null : event.key);
    fields.bytes(event.value);
    fields.text(event.headers === null ? null : JSON.stringify(event.headers));
    fields.timestamp(producedAt(event));
    fields.text(event.format);
    fields.integer(event.schemaId);
    fields.raw(stamp);
  });
}

/** Copies rejected records into bronze.quarantine, byte for byte. */
export async function copyRejected(
  client: Client,
  rejected: readonly Rejection[],
  context: RowContext,
): Promise<void> {
  const { coordinates, stamp } = commonFields(context);
  await copyRows(client, QUARANTINE, rejected, ({ record, reason, detail }, fields) => {
    fields.raw(coordinates);
    fields.bigint(record.offset);
    fields.text('ingest');
    fields.text(reason);
    fields.text(detail);
    fields.bytes(record.value);
    fields.timestamp(producedAt(record));
    fields.raw(stamp);
  });
}

/** Whether the run that `context` names has written these records: each becomes a row, so the first one shows it. */
export async function hasRecord(
  client: Client,
  [first]: readonly LogRecord[],
  { to, runId }: RowContext,
): Promise<boolean> {
  const { rowCount } = await client.query(sqlFile('bronze/has_record'), [
    to.topic,
    to.partition,
    first?.offset,
    runId,
  ]);
  return rowCount === 1;
}

/** The fields that begin and end every row, encoded once. */
function commonFields({ to, runId, ingestedAt }: RowContext): {
  coordinates: Buffer;
  stamp: Buffer;
} {
  const fields = new CopyFields();
  fields.text(to.topic);
  fields.integer(to.partition);
  const coordinates = fields.take();
  fields.timestamp(ingestedAt);
  fields.bigint(runId);
  return { coordinates, stamp: fields.take() };
}
