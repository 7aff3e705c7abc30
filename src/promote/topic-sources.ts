import type { SilverBatch } from '../engine/engine.ts';
import type { Client } from '../postgres/client.ts';
import {
  readPromotedTopics,
  readTopicSources,
  recordMapping,
  sourceNames,
  sourceOfTopic,
  type SourceOf,
} from '../postgres/topic-sources.ts';
import type { Backlog } from '../postgres/watermarks.ts';
import type { StageContext } from '../progress.ts';
import type { Source, Sources } from '../source/mapping.ts';

/** A topic whose promoted events were mapped in another way than new ones are. */
export interface MappingChange {
  readonly topic: string;
  readonly source: Source;
  /** The source that mapped them; undefined: they were taken for events of the contract's own shape. */
  readonly was: string | undefined;
}

export interface Mappings {
  /** @throws MedallionError config, where the file of a source is not there */
  readonly sourceOf: SourceOf;
  readonly changes: readonly MappingChange[];
}

/** Reads which source maps the records of each topic, and for which that has changed. */
export async function readMappings(client: Client, sources: Sources): Promise<Mappings> {
  const rows = await readTopicSources(client);
  const recorded = new Map(rows.map((row) => [row.topic, row]));
  const nameOf = sourceNames(rows, sources);
  const sourceOf = sourceOfTopic(rows, sources);
  const changes = (await readPromotedTopics(client)).flatMap((topic): MappingChange[] => {
    const source = sources.get(nameOf(topic) ?? '');
    const { mapping, source: name } = recorded.get(topic) ?? {};
    return source === undefined || source.hash === mapping
      ? []
      : [{ topic, source, was: mapping === undefined ? undefined : name }];
  });
  return { sourceOf, changes };
}

/**
 * Makes sure that each topic with something to promote can be mapped, before any of it is.
 * @throws MedallionError config, where the file of a source is not there
 */
export function requireSources({ sourceOf }: Mappings, backlogs: readonly Backlog[]): void {
  for (const { topic } of backlogs) {
    sourceOf(topic);
  }
}

/** A change in words: what the file of the source does, and what becomes of it. */
export function describeMappingChange({ topic, source, was }: MappingChange): {
  what: string;
  then: string;
} {
  const before =
    was === undefined ? ', whose events were not mapped before' : ` in place of ${was}`;
  return {
    what: was === source.name ? 'has changed' : `maps ${topic}${before}`,
    then: `new events of ${topic} are mapped by it from now on; medallion promote --full-refresh maps the history again`,
  };
}

/** Says of each change, once, when events are promoted by the new mapping. */
export function mappingReport(
  { changes }: Mappings,
  { emit }: StageContext,
): (batch: SilverBatch) => void {
  const left = new Map(changes.map((change) => [change.topic, change]));
  return (batch) => {
    for (const topic of topicsOf(batch)) {
      const change = left.get(topic);
      if (change !== undefined) {
        const { what, then } = describeMappingChange(change);
        emit({ type: 'note', message: `${change.source.file} ${what}: ${then}` });
        left.delete(topic);
      }
    }
  };
}

/** Records by which mapping the events of a batch are read, in the transaction of the batch. */
export async function recordMappings(client: Client, batch: SilverBatch): Promise<void> {
  const { source } = batch;
  if (source !== undefined) {
    for (const topic of topicsOf(batch)) {
      await recordMapping(client, { topic, source: source.name, mapping: source.hash });
    }
  }
}

function topicsOf({ ranges, again }: SilverBatch): ReadonlySet<string> {
  return new Set([...ranges, ...again].map(({ topic }) => topic));
}
