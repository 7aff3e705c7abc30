import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import { groupTaken } from '../log/kafka/errors.ts';
import { groupOf } from '../log/kafka/group-name.ts';
import { inspectGroup } from '../log/kafka/group.ts';
import { inspectTopic } from '../log/kafka/topic.ts';
import { counted } from '../number.ts';
import { withClient } from '../postgres/client.ts';
import { embeddedStatus } from '../postgres/embedded.ts';
import { warehouseIdentity } from '../postgres/identity.ts';
import { withWarehouse } from '../postgres/warehouse.ts';
import type { StageContext } from '../progress.ts';
import { fail, ok, warn, type Check } from './finding.ts';

/** Looks only where Kafka is configured; else the log is a landing folder, which lies in the home. */
export const kafkaCheck: Check = {
  title: 'Kafka',
  limitMs: 20_000,
  run: async ({ log }, context) => {
    if (log.kind === 'landing') {
      return [];
    }
    const { brokers, partitions } = await inspectTopic(log, log.topic, context.signal);
    const title = 'Kafka topic';
    return [
      ok(
        'Kafka',
        `${brokers.length === 1 ? '1 broker' : `${brokers.length} brokers`}: ${brokers.join(', ')}`,
      ),
      partitions === undefined
        ? warn(
            title,
            `there is no topic "${log.topic}"`,
            'medallion generate creates it; --topic or KAFKA_TOPIC names another one.',
          )
        : ok(
            title,
            `${log.topic}: ${partitions.length === 1 ? '1 partition' : `${partitions.length} partitions`}`,
          ),
    ];
  },
};

/** Whether ingest may join its consumer group. */
export const kafkaGroupCheck: Check = {
  title: 'Kafka group',
  limitMs: 20_000,
  run: async (config, context) => {
    const { log } = config;
    if (log.kind === 'landing') {
      return [];
    }
    const warehouse = await identityOf(config, context);
    if (log.group === undefined && warehouse === undefined) {
      return [ok('Kafka group', 'one of the warehouse: named once the warehouse answers')];
    }
    const group = groupOf(log, warehouse ?? '');
    const { members, isForeign } = await inspectGroup({ ...log, group }, context.signal);
    const others = members.filter((member) => isForeign || member.warehouse !== warehouse);
    if (others.length > 0 && (isForeign || warehouse !== undefined)) {
      const names = others.map(({ name }) => name);
      return [fail('Kafka group', groupTaken({ ...log, group }, names))];
    }
    return [ok('Kafka group', `${group}: ${counted(members.length, 'reader')} at present`)];
  },
};

/** undefined where there is no warehouse yet, or it does not answer: another check says so. */
async function identityOf(config: Config, context: StageContext): Promise<string | undefined> {
  const isAbsent =
    config.warehouse.kind === 'embedded' && (await embeddedStatus(config.home)).state === 'absent';
  if (isAbsent) {
    return undefined;
  }
  try {
    return await withWarehouse(
      config,
      { ...context, emit: () => undefined },
      (settings) => withClient(settings, warehouseIdentity),
      { migrate: false },
    );
  } catch (error) {
    if (error instanceof MedallionError && error.code !== 'interrupted') {
      return undefined;
    }
    throw error;
  }
}
