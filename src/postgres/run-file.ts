import * as v from 'valibot';

const offset = v.nullable(v.pipe(v.string(), v.regex(/^\d+$/)));
const integer = v.pipe(v.number(), v.safeInteger());
const time = v.pipe(v.string(), v.isoTimestamp(), v.endsWith('Z'));

/** A file that is the record of one run. */
export const runFileSchema = v.strictObject({
  id: v.pipe(v.string(), v.uuid()),
  command: v.string(),
  version: v.string(),
  arguments: v.array(v.string()),
  os_user: v.string(),
  host: v.string(),
  process_id: integer,
  started_at: time,
  finished_at: v.nullable(time),
  outcome: v.picklist(['running', 'done', 'failed', 'interrupted']),
  error: v.nullable(v.string()),
  counts: v.record(v.string(), v.unknown()),
  partitions: v.array(
    v.strictObject({
      topic: v.string(),
      partition: integer,
      from_offset: offset,
      to_offset: offset,
      events: integer,
    }),
  ),
});

export type RunFile = v.InferOutput<typeof runFileSchema>;
