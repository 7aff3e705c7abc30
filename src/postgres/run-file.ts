import { z } from 'zod';

const offset = z.string().regex(/^\d+$/).nullable();
/** A file that is the record of one run. */
export const runFileSchema = z.strictObject({
  id: z.uuid(),
  command: z.string(),
  version: z.string(),
  arguments: z.array(z.string()),
  os_user: z.string(),
  host: z.string(),
  process_id: z.int(),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  outcome: z.enum(['running', 'done', 'failed', 'interrupted']),
  error: z.string().nullable(),
  counts: z.record(z.string(), z.unknown()),
  partitions: z.array(
    z.strictObject({
      topic: z.string(),
      partition: z.int(),
      from_offset: offset,
      to_offset: offset,
      events: z.int(),
    }),
  ),
});

export type RunFile = z.output<typeof runFileSchema>;
