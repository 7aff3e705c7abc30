import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import { frameHeader, SCHEMA_TYPES } from '../format/frames.ts';
import { formatOf, openRegistry } from '../format/open.ts';
import type { StageContext } from '../progress.ts';
import type { RetryPolicy } from '../retry.ts';
import { AVRO_SCHEMA, AvroWire } from './avro.ts';
import type { EventOptions } from './events.ts';
import { JsonWire } from './wire.ts';

/** What any event of the contract is, and no more: rules are the promotion's. */
const JSON_SCHEMA = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...{ title: 'Sale', type: 'object', required: ['data'] },
  properties: { data: { type: 'object', required: ['transaction_details'] } },
});

/**
 * How events are written to the topic of the configuration, as it is declared there; undefined for plain JSON. Registers
 * their schema under the topic's subject, where there is one.
 * @throws MedallionError usage, config, unreachable, denied, interrupted
 */
export async function openEncoding(
  config: Config,
  { malformed }: { readonly malformed: number },
  context: StageContext,
  policy: RetryPolicy,
): Promise<EventOptions['wire']> {
  const format = formatOf(config);
  if (malformed > 0 && (format === 'avro' || format === 'outbox')) {
    throw new MedallionError(
      'usage',
      `--malformed works only with JSON, and kafka.format is ${format}`,
      {
        hint: 'Use --format json or json_schema, or leave out --malformed.',
      },
    );
  }
  // The router's messages are their payload alone, unless its converter adds a schema.
  if (format === undefined || format === 'outbox') {
    return undefined;
  }
  const registry = await openRegistry(config, format, context, policy);
  const schema = format === 'avro' ? AVRO_SCHEMA : JSON_SCHEMA;
  const id = await registry.register(`${config.log.topic}-value`, schema, SCHEMA_TYPES[format]);
  const header = frameHeader(id);
  return (catalogue) =>
    format === 'avro' ? new AvroWire(catalogue, header) : new JsonWire(catalogue, header);
}
