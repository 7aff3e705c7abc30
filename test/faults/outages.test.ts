import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startBroker, type Broker } from '../../scripts/kafka-broker/broker.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import type { CliProcess } from '../support/cli.ts';
import { until } from '../support/kafka.ts';
import { urlOf } from '../support/postgres.ts';
import { rowOf } from '../support/promotion.ts';
import { Proxy } from '../support/proxy.ts';
import { moment, PATIENCE_MS, Scenario, seededMoments, type Places } from './scenario.ts';
import { startServer, type Server } from './server.ts';

let folder: string;
let broker: Broker;
let server: Server;
let toBroker: Proxy;
let toServer: Proxy;
let databases = 0;
let settings: ConnectionSettings;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-outages-'));
  toBroker = await Proxy.open(() => broker.proxiedPort ?? 0);
  toServer = await Proxy.open(() => server.settings.port);
  [broker, server] = await Promise.all([
    startBroker({
      isBrief: true,
      dir: path.join(folder, 'broker'),
      proxyPort: toBroker.port,
      // A killed broker is let back in after this, not after 9 s.
      properties: { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' },
    }),
    startServer(),
  ]);
});

afterAll(async () => {
  await Promise.all([toBroker.close(), toServer.close()]);
  await broker.kill();
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A new database on the server that may crash, which is up again whatever came of the last scenario. */
beforeEach(async () => {
  await server.restart();
  toServer.mend();
  toBroker.mend();
  databases += 1;
  const database = `faults_${String(databases)}`;
  await withClient(server.settings, (client) => client.query(`create database ${database}`));
  settings = { ...server.settings, database };
});

const places = (): Places => ({ settings, brokers: broker.brokers, partitions: 4 });

const ONCE = ['lost', 'is back'];
const RUNS_OF_INGEST = `select count(*) as n from medallion.runs where command = 'ingest'`;

/** Each command says once that the server went, and once that it came back, for each time that it went. */
function expectLines(commands: readonly CliProcess[], name: RegExp, said: readonly string[]): void {
  for (const { child, stderr } of commands) {
    const lines = stderr()
      .split('\n')
      .filter((line) => name.test(line));
    const words = lines.map((line) => /(cannot reach|lost|is back)/.exec(line)?.[1] ?? line);
    expect(words, `${String(child.spawnargs[2])}:\n${stderr()}`).toEqual(said);
  }
}

function saysTimes(command: CliProcess, words: RegExp, times: number): boolean {
  return (command.stderr().match(new RegExp(words, 'g')) ?? []).length >= times;
}

test('the broker is killed, and started again with the same data', async () => {
  const random = seededMoments(3);
  await Scenario.run(places(), async (scenario) => {
    scenario.followAndWatch();
    await scenario.flows();
    await moment(random, 1000);
    await broker.kill();
    await moment(random, 2000);
    await broker.restart();
    await scenario.flows();
  });
});

test('PostgreSQL is not there yet, comes, is killed, and is started again', async () => {
  const random = seededMoments(4);
  await server.crash();
  await Scenario.run(places(), async (scenario) => {
    const commands = scenario.followAndWatch({}, ['--retry-for', '2m']);
    const hasty = scenario.start(['promote', '--retry-for', '500ms']).result;
    const unsaid = scenario.start(['promote']).result;
    await until(
      () => commands.every((one) => saysTimes(one, /cannot reach PostgreSQL/, 1)),
      60_000,
    );
    expect(await unsaid).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^error: cannot reach PostgreSQL/),
    });
    expect(await hasty).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^error: .*; gave up after 0\.5 s$/m),
    });
    await server.restart();
    await until(() => commands.every((one) => saysTimes(one, /is back after/, 1)), PATIENCE_MS);
    await scenario.flows();

    const follower = scenario.start(['ingest', '--follow', '--retry-for', '500ms']).result;
    await until(async () => (await rowOf(settings, RUNS_OF_INGEST))['n'] === '2', PATIENCE_MS);
    await moment(random, 1000);
    await server.crash();
    await until(() => commands.every((one) => saysTimes(one, /lost PostgreSQL/, 1)), PATIENCE_MS);
    expect(await follower).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^error: .*; gave up after 0\.5 s\n.* events of this run are committed/m,
      ),
    });
    await server.restart();
    await until(() => commands.every((one) => saysTimes(one, /is back after/, 2)), PATIENCE_MS);
    await scenario.flows();
    expectLines(commands, /PostgreSQL at/, ['cannot reach', 'is back', 'lost', 'is back']);
  });
});

test('the embedded PostgreSQL is killed: the commands that use it start it again', async () => {
  const random = seededMoments(5);
  const embedded = { DATABASE_URL: undefined, MEDALLION_HOME: server.home };
  const own = { ...places(), settings: { ...settings, database: 'medallion' } };
  await Scenario.run(own, async (scenario) => {
    const commands = scenario.followAndWatch(embedded);
    for (let times = 1; times <= 2; times += 1) {
      await scenario.flows();
      await moment(random, 1000);
      await server.crash();
      await until(
        () => commands.every((one) => saysTimes(one, /is back after/, times)),
        PATIENCE_MS,
      );
    }
    await scenario.flows();
    expectLines(commands, /PostgreSQL at/, [...ONCE, ...ONCE]);
  });
});

test('the network is cut, to PostgreSQL and to Kafka, and mended', async () => {
  const random = seededMoments(6);
  await Scenario.run(places(), async (scenario) => {
    const commands = scenario.followAndWatch({
      DATABASE_URL: urlOf({ ...settings, port: toServer.port }),
      KAFKA_BROKERS: `127.0.0.1:${String(toBroker.port)}`,
    });
    for (let times = 1; times <= 2; times += 1) {
      await scenario.flows();
      await moment(random, 500);
      await toServer.cut(random.below(300));
      await until(
        () => commands.every((one) => saysTimes(one, /lost PostgreSQL/, times)),
        PATIENCE_MS,
      );
      toServer.mend();
    }
    await scenario.flows();
    expectLines(commands, /PostgreSQL at/, [...ONCE, ...ONCE]);

    await toBroker.cut(random.below(300));
    await until(() => commands.some((one) => saysTimes(one, /lost Kafka/, 1)), PATIENCE_MS);
    toBroker.mend();
    await scenario.flows();
    expectLines(commands.slice(0, 1), /Kafka at/, ONCE);
  });
});
