import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { Retry, retryMsAtStart, type RetryPolicy } from '../retry.ts';
import type { Decoder } from './decoder.ts';

/**
 * The decoder of what the configuration declares its Kafka topic to hold; undefined for JSON. A schema registry is asked
 * once, so that a wrong address or password shows before anything is recorded.
 * @throws MedallionError config, unreachable, denied, interrupted
 */
export async function openDecoder(
  { log, registry: settings }: Pick<Config, 'log' | 'registry'>,
  context: StageContext,
  policy: RetryPolicy,
  maxBytes: number,
): Promise<Decoder | undefined> {
  const format = log.kind === 'kafka' ? (log.format ?? 'json') : 'json';
  if (format === 'json') {
    return undefined;
  }
  if (format === 'outbox') {
    const { OutboxDecoder } = await import('./outbox.ts');
    return new OutboxDecoder();
  }
  const { SchemaRegistry } = await import('./registry.ts');
  const { FrameDecoder } = await import('./frames.ts');
  if (settings === undefined) {
    throw new MedallionError('config', `kafka.format ${format} needs a schema registry`, {
      hint: 'Name it in SCHEMA_REGISTRY_URL, or as registry.url in medallion.yaml.',
    });
  }
  const registry = new SchemaRegistry(settings);
  await new Retry(registry.name, context, { forMs: retryMsAtStart(policy) }).run(() =>
    registry.check(),
  );
  const retry = Retry.connected(registry.name, context, { forMs: policy.forMs });
  return new FrameDecoder(format, registry, retry, maxBytes);
}
