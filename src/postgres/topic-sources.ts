import { MedallionError } from '../errors.ts';
import type { Source, Sources } from '../source/mapping.ts';
import { sqlFile } from '../sql-file.ts';
import type { Client } from './client.ts';
import { plainTopic } from './offsets.ts';

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
 * Decides which source maps the records of a topic, by its name: the one of the project that names the topic, else the one
 * that the metadata has for it, or for the topic before it was recreated.
 */
export function sourceNames(
  recorded: readonly TopicSource[],
  sources: Sources,
): (topic: string) => string | undefined {
  const names = new Map(recorded.map(({ topic, source }) => [topic, source]));
  const byTopic = new Map(
    [...sources.values()].flatMap(({ name, topics }) =>
      topics.map((topic) => [topic, name] as const),
    ),
  );
  return (topic) => {
    const plain = plainTopic(topic);
    return byTopic.get(plain) ?? names.get(topic) ?? names.get(plain);
  };
}

/** The source that maps the records of a topic; it throws where its file is not there. */
export type SourceOf = (topic: string) => Source | undefined;

/** Finds the source of a topic as `sourceNames` names it. */
export function sourceOfTopic(recorded: readonly TopicSource[], sources: Sources): SourceOf {
  const nameOf = sourceNames(recorded, sources);
  return (topic) => {
    const name = nameOf(topic);
    const source = sources.get(name ?? '');
    if (name !== undefined && source === undefined) {
      throw new MedallionError(
        'config',
        `topic ${topic} has the source ${name}, which this project does not have`,
        {
          hint: `None of it was written. Run the command in the project that has sources/${name}.yaml, or name its medallion.yaml with --config.`,
        },
      );
    }
    return source;
  };
}

export async function readPromotedTopics(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ topic: string }>(
    'select distinct topic from medallion.watermarks where next_offset > 0 order by topic',
  );
  return rows.map(({ topic }) => topic);
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
    throw new MedallionError('config', `${topic} was read with the source ${known ?? ''} before`, {
      hint: `Nothing was written. Use --source ${known ?? ''} again, or give the file another name.`,
    });
  }
}

/** Records which mapping a topic's records are read by, in the transaction of what is made of them. */
export async function recordMapping(
  client: Client,
  { topic, source, mapping }: TopicSource,
): Promise<void> {
  await client.query(sqlFile('bronze/record_mapping'), [topic, source, mapping]);
}
