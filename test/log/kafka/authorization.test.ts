import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import kafkajs, { AclOperationTypes, AclResourceTypes, type Admin } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type Broker } from '../../../scripts/kafka-broker/broker.ts';
import { openKafkaReader } from '../../../src/log/kafka/reader.ts';
import { ensureTopic } from '../../../src/log/kafka/topic.ts';
import { openKafkaWriter } from '../../../src/log/kafka/writer.ts';
import { runCommand } from '../../support/cli.ts';
import { kafkaConfig, quietContext } from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { createTestDatabase } from '../../support/postgres.ts';

const USER = { username: 'ana', password: 'correct-horse' };
const PRINCIPAL = `User:${USER.username}`;
const TOPIC = 'guarded';
const GROUP = 'readers';
/** A denial is no retry: nothing is tried again. */
const AT_ONCE_MS = 8_000;

let broker: Broker;
let folder: string;
let admin: Admin;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-authorizer-'));
  broker = await startBroker({
    isBrief: true,
    dir: path.join(folder, 'broker'),
    sasl: USER,
    properties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  });
  const kafka = new kafkajs.Kafka({
    brokers: [broker.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  admin = kafka.admin();
  await admin.connect();
  await ensureTopic(await kafkaConfig({ brokers: [broker.brokers] }), TOPIC, 1);
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: TOPIC, messages: [{ value: 'one' }] });
  await producer.disconnect();
});

afterAll(async () => {
  await admin.disconnect();
  await broker.kill();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  const everything = {
    ...{ resourceType: AclResourceTypes.ANY, operation: AclOperationTypes.ANY },
    resourcePatternType: kafkajs.ResourcePatternTypes.ANY,
    permissionType: kafkajs.AclPermissionTypes.ANY,
  };
  await admin.deleteAcls({ filters: [everything] });
});

async function grant(
  resourceType: AclResourceTypes,
  resourceName: string,
  operation: AclOperationTypes,
): Promise<void> {
  const acl = {
    ...{ resourceType, resourceName, operation, principal: PRINCIPAL, host: '*' },
    resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
    permissionType: kafkajs.AclPermissionTypes.ALLOW,
  };
  await admin.createAcls({ acl: [acl] });
}

const grantTopic = (operation: AclOperationTypes) =>
  grant(AclResourceTypes.TOPIC, TOPIC, operation);
const grantGroup = (operation: AclOperationTypes) =>
  grant(AclResourceTypes.GROUP, GROUP, operation);

async function config() {
  const sasl = { mechanism: 'plain', ...USER } as const;
  const brokers = [broker.saslBrokers ?? ''];
  return { ...(await kafkaConfig({ brokers, sasl, group: GROUP })), topic: TOPIC };
}

async function read(): Promise<MemorySink> {
  const context = quietContext();
  const sink = new MemorySink();
  const reader = await openKafkaReader(await config(), context);
  await reader.read(sink, { signal: context.signal, follow: false });
  return sink;
}

const denial = (right: string, on: string, grant: string) => ({
  ...{ code: 'denied', exitCode: 3, retriable: false },
  message: expect.stringMatching(
    `^Kafka at 127\\.0\\.0\\.1:\\d+ denies ${PRINCIPAL} the right ${right} on ${on}$`,
  ) as string,
  hint: expect.stringContaining(`--allow-principal "${PRINCIPAL}" ${grant}`) as string,
});

describe('a reader', () => {
  test.each([
    ['no right at all', []],
    ['only the right to look at the topic', [AclOperationTypes.DESCRIBE]],
  ])(
    'with %s is told at once that it needs READ on the topic',
    async (_, rights) => {
      await grantGroup(AclOperationTypes.READ);
      for (const right of rights) {
        await grantTopic(right);
      }
      await expect(read()).rejects.toMatchObject(
        denial('READ', `topic "${TOPIC}"`, `--operation READ --topic "${TOPIC}"`),
      );
    },
    AT_ONCE_MS,
  );

  test.each([
    ['no right on the group', []],
    ['only the right to look at the group', [AclOperationTypes.DESCRIBE]],
  ])(
    'with %s is told at once that it needs READ on the group',
    async (_, rights) => {
      await grantTopic(AclOperationTypes.READ);
      for (const right of rights) {
        await grantGroup(right);
      }
      await expect(read()).rejects.toMatchObject(
        denial('READ', `group "${GROUP}"`, `--operation READ --group "${GROUP}"`),
      );
    },
    AT_ONCE_MS,
  );

  test('needs no more than that', async () => {
    await grantTopic(AclOperationTypes.READ);
    await grantGroup(AclOperationTypes.READ);
    expect((await read()).values).toEqual(['one']);
  });
});

describe('a writer', () => {
  test(
    'is told at once that it needs WRITE on the topic, and no more',
    async () => {
      await grantTopic(AclOperationTypes.DESCRIBE);
      const open = async () => openKafkaWriter(await config(), quietContext());
      const records = [{ key: 'a', value: Buffer.from('two') }];
      const denied = denial('WRITE', `topic "${TOPIC}"`, `--operation WRITE --topic "${TOPIC}"`);
      await expect(open()).rejects.toMatchObject(denied);
      // Who may write to another topic is told with the first event.
      await grant(AclResourceTypes.TOPIC, 'other', AclOperationTypes.WRITE);
      const writer = await open();
      await expect(writer.append(records)).rejects.toMatchObject(denied);
      await writer.close();
      await grantTopic(AclOperationTypes.WRITE);
      const allowed = await open();
      await allowed.append(records);
      await allowed.close();
    },
    AT_ONCE_MS,
  );

  test(
    'is told at once that it needs CREATE to make a topic',
    async () => {
      await grant(AclResourceTypes.TOPIC, 'new', AclOperationTypes.DESCRIBE);
      await expect(ensureTopic(await config(), 'new', 1)).rejects.toMatchObject(
        denial('CREATE and WRITE', 'topic "new"', '--operation CREATE --operation WRITE'),
      );
    },
    AT_ONCE_MS,
  );
});

test('doctor finds that the group is denied, and ingest ends with exit code 3', async () => {
  await grantTopic(AclOperationTypes.READ);
  const env = {
    ...{ KAFKA_BROKERS: broker.saslBrokers, KAFKA_TOPIC: TOPIC, KAFKA_GROUP: GROUP },
    ...{ KAFKA_SASL_USERNAME: USER.username, KAFKA_SASL_PASSWORD: USER.password },
  };
  const database = await createTestDatabase();
  try {
    const options = { cwd: folder, env: { ...env, DATABASE_URL: database.url } };
    const denied = `denies ${PRINCIPAL} the right READ on group "${GROUP}"`;
    const doctor = await runCommand(['doctor', '--output', 'json'], options);
    expect(doctor.stdout).toContain(JSON.stringify(denied).slice(1, -1));
    expect(doctor.code).toBe(3);
    const ingest = await runCommand(['ingest', '--follow'], options);
    expect(ingest).toMatchObject({ code: 3 });
    expect(ingest.stderr).toContain(denied);
    expect(ingest.stderr).not.toContain('trying again');
  } finally {
    await database.drop();
  }
});
