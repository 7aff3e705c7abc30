import type { BinaryRow } from '../../postgres/copy-out.ts';
import { ident, literal } from '../../postgres/quote.ts';
import type { LogRecord } from '../log.ts';
import type { OldTable } from './table.ts';

/** Fields of `selectRows` before the other columns. */
const FIRST_OTHER = 3;
const STATUS = 'processed_status';

/** The rows from an id on: id, milliseconds of created_at, payload, then the other columns as text. */
export function selectRows(
  { name, payloadType, hasCreatedAt, otherColumns }: OldTable,
  from: bigint,
): string {
  const columns = [
    'id::bigint',
    hasCreatedAt ? 'extract(epoch from created_at)::float8' : 'null::float8',
    payloadType === 'jsonb' ? EVENT_OF_JSONB : 'payload::text',
    ...otherColumns.map((column) => `${ident(column)}::text`),
  ];
  return `select ${columns.join(', ')} from ${name} where id >= ${literal(String(from))} order by id`;
}

/**
 * The event in a jsonb: as it is; out of the string that some clients wrap JSON in; or, where only its inner part was
 * stored, in its envelope again.
 */
const EVENT_OF_JSONB = `case jsonb_typeof(payload)
    when 'string' then payload #>> '{}'
    when 'object' then case
        when payload ? 'data' then payload
        when payload ? 'transaction_details' then jsonb_build_object('data', payload)
        when payload ? 'transaction_id' then
            jsonb_build_object('data', jsonb_build_object('transaction_details', payload))
        else payload
    end::text
    else payload::text
end`;

/** A row as a record: its id is the offset, and what stands beside the payload are its headers. */
export function recordOf(fields: BinaryRow, { otherColumns }: OldTable): LogRecord {
  const [id, created, payload] = fields;
  const seconds = created?.readDoubleBE() ?? Number.NaN;
  return {
    offset: id?.readBigInt64BE() ?? 0n,
    timestamp: Number.isNaN(seconds) ? Date.now() : seconds * 1000,
    key: null,
    value: payload ?? null,
    headers: Object.fromEntries(
      otherColumns.map((column, index) => [
        column,
        fields[FIRST_OTHER + index]?.toString('utf8') ?? null,
      ]),
    ),
  };
}

/** The row's processed_status; '' where it has none. */
export function statusOf(fields: BinaryRow, { otherColumns }: OldTable): string {
  const index = otherColumns.indexOf(STATUS);
  return index === -1 ? '' : (fields[FIRST_OTHER + index]?.toString('utf8') ?? '');
}
