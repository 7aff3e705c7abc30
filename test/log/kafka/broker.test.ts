import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type Broker } from '../../../scripts/kafka-broker/broker.ts';
import type { KafkaConfig, SaslConfig } from '../../../src/config/kafka.ts';
import { withAdmin } from '../../../src/log/kafka/client.ts';
import { openKafkaReader } from '../../../src/log/kafka/reader.ts';
import { ensureTopic, inspectTopic, topicIdOf } from '../../../src/log/kafka/topic.ts';
import { openKafkaWriter } from '../../../src/log/kafka/writer.ts';
import { createBrokerCertificate } from '../../support/certificates.ts';
import { kafkaConfig, quietContext, uniqueTopic, until } from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { Proxy } from '../../support/proxy.ts';

const USER = { username: 'ana', password: 'correct-horse' };

/** A broker of this file's own: it is stopped, killed, and asked for passwords and certificates. */
let broker: Broker;
let folder: string;
let certificate: string;
let proxy: Proxy;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-broker-'));
  const own = await createBrokerCertificate(folder);
  ({ certificate } = own);
  proxy = await Proxy.open(() => broker.proxiedPort ?? 0);
  broker = await startBroker({
    isBrief: true,
    dir: path.join(folder, 'broker'),
    sasl: USER,
    tls: { keystoreFile: own.keystoreFile },
    proxyPort: proxy.port,
    // A killed broker is let back in after this, not after 9 s.
    properties: { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' },
  });
});

afterAll(async () => {
  await proxy.close();
  await broker.kill();
  await rm(folder, { recursive: true, force: true });
});

async function config(overrides: Partial<KafkaConfig> & { topic?: string } = {}) {
  return { topic: 'sales', ...(await kafkaConfig({ brokers: [broker.brokers], ...overrides })) };
}

describe('a broker that goes away', () => {
  test('is waited for, with a warning: the reader goes on where it stood, the writer writes nothing twice', async () => {
    const own = { ...(await config()), topic: 'restarted' };
    await ensureTopic(own, own.topic, 2);
    const context = quietContext();
    const writer = await openKafkaWriter(own, context);
    const reader = await openKafkaReader(own, context);
    const sink = new MemorySink();
    const abort = new AbortController();
    const reading = reader.read(sink, { signal: abort.signal, follow: true });
    const send = (from: number) =>
      writer.append(
        Array.from({ length: 100 }, (_, index) => ({
          key: `key-${index}`,
          value: Buffer.from(String(from + index)),
        })),
      );
    await send(0);
    await until(() => sink.records.length === 100);

    await broker.kill();
    const whileDown = send(100);
    const lost = expect.stringMatching(
      /^lost Kafka at 127\.0\.0\.1:\d+ \(.+\); trying again for up to 5 min$/,
    );
    const warnings = () => context.events.filter(({ type }) => type === 'warning');
    await until(() => warnings().length === 2);
    // One of the reader, one of the writer.
    expect(warnings()).toEqual(Array(2).fill({ type: 'warning', message: lost }));
    await broker.restart();
    await whileDown;
    await send(200);
    await until(() => sink.records.length >= 300, 60_000);
    abort.abort();
    expect(await reading).toBe('interrupted');
    await writer.close();
    expect(sink.values.map(Number).sort((a, b) => a - b)).toEqual([...Array(300).keys()]);
    expect(context.events).toContainEqual({ type: 'note', message: expect.stringMatching(/back/) });
  }, 180_000);

  test('is given up when it stays away', async () => {
    const own = { ...(await config()), topic: 'given-up' };
    await ensureTopic(own, own.topic, 1);
    const context = quietContext();
    const retryPolicy = { forMs: 3_000, atStart: false };
    const reader = await openKafkaReader(own, context, { retryPolicy });
    const reading = reader.read(new MemorySink(), { signal: context.signal, follow: true });
    const outcome = reading.catch((error: unknown) => error);
    await broker.kill();
    expect(await outcome).toMatchObject({ code: 'unreachable', retriable: true });
    await broker.restart();
  });
});

describe('a connection that breaks within a question', () => {
  test('is a loss of Kafka, which may come back', async () => {
    const own = await config({ brokers: [`127.0.0.1:${proxy.port}`] });
    await ensureTopic(own, 'cut', 1);
    const asked = withAdmin(own, 'cut', quietContext().signal, async (admin) => {
      // kafkajs looks around first, then asks; that it found somebody is what it relies on.
      const cut = proxy.cutAfterAnswer(300);
      return await topicIdOf(admin, 'cut').finally(() => cut);
    });
    await expect(asked).rejects.toMatchObject({ code: 'unreachable', retriable: true });
    proxy.mend();
  });
});

describe('a broker that is not there', () => {
  test.each([
    ['refuses connections', '127.0.0.1:1'],
    ['cannot be resolved', 'no-such-host.invalid:9092'],
  ])('%s: unreachable, within 15 s', async (_, address) => {
    const own = { ...(await config({ brokers: [address] })), topic: 'sales' };
    for (const attempt of [
      () => openKafkaReader(own, quietContext()),
      () => openKafkaWriter(own, quietContext()),
    ]) {
      const started = Date.now();
      await expect(attempt()).rejects.toMatchObject({
        code: 'unreachable',
        exitCode: 3,
        message: expect.stringContaining(address),
      });
      expect(Date.now() - started).toBeLessThan(15_000);
    }
  });

  test('says nothing: unreachable, within 15 s', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const own = await config({ brokers: [`127.0.0.1:${port}`] });
    const started = Date.now();
    await expect(openKafkaReader(own, quietContext())).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(Date.now() - started).toBeLessThan(15_000);
    silent.close();
  });

  test('does not keep an interrupted command', async () => {
    const own = await config({ brokers: ['10.255.255.1:9092'] });
    const abort = new AbortController();
    const context = { ...quietContext(), signal: abort.signal };
    setTimeout(() => abort.abort(), 200);
    const started = Date.now();
    await expect(openKafkaReader(own, context)).rejects.toMatchObject({ code: 'interrupted' });
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});

describe('who may come in', () => {
  const withPassword = (mechanism: SaslConfig['mechanism'], password: string) =>
    config({
      brokers: [broker.saslBrokers ?? ''],
      sasl: { mechanism, username: USER.username, password },
    });

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'a user by SASL %s',
    async (mechanism) => {
      const { clusterId } = await inspectTopic(
        await withPassword(mechanism, USER.password),
        'whatever',
      );
      expect(clusterId).toHaveLength(22);
    },
  );

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'no user with a wrong password by %s, which no message repeats',
    async (mechanism) => {
      const own = await withPassword(mechanism, 'wrong-horse');
      const failure: unknown = await inspectTopic(own, 'whatever').catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'denied',
        message: expect.stringContaining('refused user "ana"'),
      });
      expect(String(failure)).not.toContain('wrong-horse');
    },
  );

  const withTls = (tls: KafkaConfig['tls']) => config({ brokers: [broker.tlsBrokers ?? ''], tls });

  test('a client that trusts the certificate, or was told not to check it', async () => {
    for (const tls of [{ verify: true, caFile: certificate }, { verify: false }]) {
      expect((await inspectTopic(await withTls(tls), 'whatever')).clusterId).toHaveLength(22);
    }
  });

  test('no client that does not trust the certificate', async () => {
    await expect(inspectTopic(await withTls({ verify: true }), 'whatever')).rejects.toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('KAFKA_SSL_CA'),
    });
  });

  test('nobody with a certificate file that is not there', async () => {
    const tls = { verify: true, caFile: path.join(folder, 'missing.pem') };
    await expect(inspectTopic(await withTls(tls), 'whatever')).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('missing.pem'),
    });
  });
});

test('the shared broker is another one', async () => {
  const topic = await uniqueTopic(1);
  const state = await inspectTopic(await config(), topic);
  expect(state.found).toBeUndefined();
});
