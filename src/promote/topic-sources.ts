import { MedallionError } from '../errors.ts';
import type { Client } from '../postgres/client.ts';
import { plainTopic } from '../postgres/offsets.ts';
import { readBacklogs } from '../postgres/watermarks.ts';
import { readTopicSources, recordMapping } from '../postgres/topic-sources.ts';
import type { StageContext } from '../progress.ts';
import type { Source } from '../source/mapping.ts';

/** The sources of a project, by name. */
export type Sources = ReadonlyMap<string, Source>;
export type SourceOf = (topic: string) => Source | undefined;

/**
 * How the records of each topic are mapped: as the metadata says of a topic, else as a source of the project names it. Which
 * mapping is followed is recorded; of one that has changed since the last promotion the user hears.
 * @throws MedallionError config, where the file of a source is not there
 */
export async function sourceOfTopics(
  client: Client,
  sources: Sources,
  isWholeHistory: boolean,
  { emit }: StageContext,
): Promise<SourceOf> {
  const recorded = new Map((await readTopicSources(client)).map((row) => [row.topic, row]));
  const byTopic = new Map(
    [...sources.values()].flatMap((source) =>
      source.topics.map((topic) => [topic, source] as const),
    ),
  );
  const sourceOf: SourceOf = (topic) => {
    const name = recorded.get(topic)?.source;
    if (name === undefined) {
      return byTopic.get(plainTopic(topic));
    }
    const source = sources.get(name);
    if (source === undefined) {
      throw new MedallionError('config', `${topic} is of source ${name}, which is not there`, {
        hint: `Nothing of it was promoted. Run promote in the project with sources/${name}.yaml, or name its medallion.yaml by --config.`,
      });
    }
    return source;
  };
  const topics = [...recorded.keys(), ...(await readBacklogs(client)).map(({ topic }) => topic)];
  for (const topic of new Set(topics)) {
    const known = recorded.get(topic);
    const source = sourceOf(topic);
    if (source === undefined || known?.mapping === source.hash) {
      continue;
    }
    if (known?.mapping !== undefined && !isWholeHistory) {
      emit({
        type: 'note',
        message: `${source.file} has changed: new events of ${topic} are mapped by it from now on; medallion promote --full-refresh maps the history again`,
      });
    }
    await recordMapping(client, { topic, source: source.name, mapping: source.hash });
  }
  return sourceOf;
}
