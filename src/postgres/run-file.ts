import * as v from '@badrap/valita';

const matching = (pattern: RegExp): v.Type<string> =>
  v.string().assert((text) => pattern.test(text));
const offset = matching(/^\d+$/).nullable();
const integer = v.number().assert(Number.isSafeInteger);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

export const runFileSchema = v.object({
  id: matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i),
  command: v.string(),
  version: v.string(),
  arguments: v.array(v.string()),
  os_user: v.string(),
  host: v.string(),
  process_id: integer,
  started_at: time,
  finished_at: time.nullable(),
  outcome: v.union(
    ...(['running', 'done', 'failed', 'interrupted'] as const).map((end) => v.literal(end)),
  ),
  error: v.string().nullable(),
  counts: v.record(v.unknown()),
  partitions: v.array(
    v.object({
      topic: v.string(),
      partition: integer,
      from_offset: offset,
      to_offset: offset,
      events: integer,
    }),
  ),
});

export type RunFile = v.Infer<typeof runFileSchema>;
