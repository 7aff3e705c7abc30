import { MedallionError } from '../errors.ts';
import type { Client } from './client.ts';
import { sqlFile } from '../sql-file.ts';

/** The source that maps a topic's records, as the metadata has it. */
export interface TopicSource {
  readonly topic: string;
  readonly source: string;
  /** Hash of the mapping that was followed last. */
  readonly mapping: string | undefined;
}

export async function readTopicSources(client: Client): Promise<TopicSource[]> {
  const { rows } = await client.query<{ topic: string; source: string; mapping: string | null }>(
    'select topic, source, mapping from medallion.topic_sources order by topic',
  );
  return rows.map(({ mapping, ...row }) => ({ ...row, mapping: mapping ?? undefined }));
}

/**
 * Records the source of a topic, in the transaction of its rows.
 * @throws MedallionError config, where the topic has another source already
 */
export async function recordTopicSource(
  client: Client,
  topic: string,
  source: string,
): Promise<void> {
  const { rows } = await client.query<{ source: string }>(sqlFile('bronze/record_source'), [
    topic,
    source,
  ]);
  const known = rows[0]?.source;
  if (known !== source) {
    throw new MedallionError('config', `${topic} was read as source ${known ?? ''} before`, {
      hint: `Nothing was written. Go on with --source ${known ?? ''}, or give the file another name.`,
    });
  }
}

/** Records which mapping a topic's records are read by from now on. */
export async function recordMapping(
  client: Client,
  { topic, source, mapping }: TopicSource,
): Promise<void> {
  await client.query(
    `insert into medallion.topic_sources (topic, source, mapping) values ($1, $2, $3)
     on conflict (topic) do update set source = $2, mapping = $3, recorded_at = now()`,
    [topic, source, mapping],
  );
}
