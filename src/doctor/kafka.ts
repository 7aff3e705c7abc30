import type { Config } from '../config.ts';
import { logsOf, type KafkaConfig } from '../config/kafka.ts';
import { MedallionError } from '../errors.ts';
import { groupOf, groupTaken } from '../log/kafka/errors.ts';
import { inspectTopic } from '../log/kafka/topic.ts';
import { counted } from '../number.ts';
import { withClient } from '../postgres/client.ts';
import { embeddedStatus } from '../embedded/server.ts';
import { warehouseIdentity } from '../postgres/identity.ts';
import { withWarehouse } from '../postgres/warehouse.ts';
import type { StageContext } from '../progress.ts';
import { fail, ok, warn, type Check, type Finding } from './finding.ts';

const TOPIC = 'Kafka topic';
const GROUP = 'Kafka group';

/** Looks only where Kafka is configured; else the log is a landing folder, which lies in the home. */
export const kafkaCheck: Check = {
  title: 'Kafka',
  limitMs: 20_000,
  run: async (config, context) => {
    const logs = logsOf(config.log).filter((log) => log.kind === 'kafka');
    if (logs.length === 0) {
      return [];
    }
    const [warehouse, looks] = await Promise.all([
      identityOf(config, context),
      Promise.all(
        logs.map(async (log) => ({ log, ...(await inspectTopic(log, log.topic, context.signal)) })),
      ),
    ]);
    const brokers = looks[0]?.brokers ?? [];
    const findings = [ok('Kafka', `${counted(brokers.length, 'broker')}: ${brokers.join(', ')}`)];
    for (const { log, found } of looks) {
      findings.push(
        found === undefined
          ? warn(
              TOPIC,
              `there is no topic "${log.topic}"`,
              'To create it: medallion generate. To use another topic: --topic or KAFKA_TOPIC.',
            )
          : ok(TOPIC, `${log.topic}: ${counted(found.ranges.size, 'partition')}`),
        await lookAtGroup(log, warehouse, context).catch((error: unknown) => fail(GROUP, error)),
      );
    }
    return findings;
  },
};

/** Whether ingest may join its consumer group, and nobody else is in it. */
async function lookAtGroup(
  log: KafkaConfig & { readonly topic: string },
  warehouse: string | undefined,
  { signal }: StageContext,
): Promise<Finding> {
  if (warehouse === undefined && log.group === undefined) {
    return ok(GROUP, 'a group of the warehouse; its name is known when the warehouse answers');
  }
  const config = { ...log, group: groupOf(log, warehouse ?? '') };
  // kafkajs takes longer to load than all the rest: only who asks waits for it.
  const { inspectGroup } = await import('../log/kafka/group.ts');
  const { members, isForeign } = await inspectGroup(config, signal);
  const others = members.filter(
    (member) => isForeign || (warehouse !== undefined && member.warehouse !== warehouse),
  );
  if (others.length > 0) {
    const names = others.map(({ name }) => name);
    return fail(GROUP, groupTaken(config, names));
  }
  return ok(GROUP, `${config.group}: ${counted(members.length, 'reader')} at present`);
}

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
