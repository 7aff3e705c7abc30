import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { Retry, retryMsAtStart, type RetryPolicy } from '../retry.ts';
import type { Decoder, EncodedFormat, FramedFormat } from './decoder.ts';
import type { SchemaRegistry } from './registry.ts';

/** What the configuration declares its Kafka topic to hold; undefined for JSON, which files always hold. */
export function formatOf({ log }: Pick<Config, 'log'>): EncodedFormat | undefined {
  const { format = 'json' } = log.kind === 'kafka' ? log : {};
  return format === 'json' ? undefined : format;
}

/**
 * The decoder of a format. A schema registry is asked once, so that a wrong address or password shows before anything is
 * recorded.
 * @param maxBytes text that is longer is not made
 * @throws MedallionError config, unreachable, denied, interrupted
 */
export async function openDecoder(
  config: Pick<Config, 'registry'>,
  format: EncodedFormat,
  context: StageContext,
  policy: RetryPolicy,
  maxBytes: number,
): Promise<Decoder> {
  if (format === 'outbox') {
    const { OutboxDecoder } = await import('./outbox.ts');
    return new OutboxDecoder();
  }
  const { FrameDecoder } = await import('./frames.ts');
  const registry = await openRegistry(config, format, context, policy);
  const retry = Retry.connected(registry.name, context, { forMs: policy.forMs });
  return new FrameDecoder(format, registry, retry, maxBytes);
}

/**
 * The schema registry of the configuration, once it has answered.
 * @throws MedallionError config, unreachable, denied, interrupted
 */
export async function openRegistry(
  { registry: settings }: Pick<Config, 'registry'>,
  format: FramedFormat,
  context: StageContext,
  policy: RetryPolicy,
): Promise<SchemaRegistry> {
  const { SchemaRegistry } = await import('./registry.ts');
  if (settings === undefined) {
    throw new MedallionError('config', `kafka.format ${format} needs a schema registry`, {
      hint: 'Set SCHEMA_REGISTRY_URL, or registry.url in medallion.yaml.',
    });
  }
  const registry = new SchemaRegistry(settings);
  await new Retry(registry.name, context, { forMs: retryMsAtStart(policy) }).run(() =>
    registry.check(),
  );
  return registry;
}
