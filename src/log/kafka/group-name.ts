import type { KafkaConfig } from '../../config.ts';

/**
 * The group to read in: the one that the user named, or the warehouse's own for the topic. The offsets that count are the
 * warehouse's, so its partitions are shared by its own readers only.
 */
export function groupOf(
  config: KafkaConfig & { readonly topic: string },
  warehouse: string,
): string {
  return config.group ?? `medallion-${warehouse}-${config.topic}`;
}
