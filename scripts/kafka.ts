import path from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from './kafka-broker/broker.ts';

// A Kafka broker to play with: npm run kafka [-- --port 9092]. Its topics live in .kafka/ and survive a restart.
const { values } = parseArgs({ options: { port: { type: 'string', default: '9092' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  process.stderr.write(`--port ${values.port} is not a port number\n`);
  process.exit(2);
}

const stopAsked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      resolve();
    });
  }
});

try {
  const dir = path.join(import.meta.dirname, '../.kafka');
  process.stderr.write('starting a Kafka broker (the first time fetches it with Maven)\n');
  const broker = await startBroker({ dir, port });
  process.stdout.write(`export KAFKA_BROKERS=${broker.brokers}\n`);
  process.stderr.write(`data and log in ${dir}; Ctrl-C stops it\n`);
  const keepAlive = setInterval(() => undefined, 60_000);
  await stopAsked;
  clearInterval(keepAlive);
  await broker.stop();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
