import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from './spark/cluster.ts';
import { startSail } from './spark/sail.ts';

// Spark to play with: npm run spark [-- --port 15002 --workers 2], or the same protocol without Java: npm run spark -- --sail.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '15002' },
    workers: { type: 'string', default: '2' },
    sail: { type: 'boolean', default: false },
  },
});
const port = Number(values.port);
const workers = Number(values.workers);
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  process.stderr.write(`--port ${values.port} is not a port number\n`);
  process.exit(2);
}
if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
  process.stderr.write(`--workers ${values.workers} is not a number from 1 to 64\n`);
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
  const dir = path.join(import.meta.dirname, '../.spark');
  process.stderr.write(
    `starting ${values.sail ? 'Sail' : 'Spark'} (the first time fetches it with pip)\n`,
  );
  const server = await (values.sail
    ? startSail({ dir, port })
    : startCluster({ dir, port, workers }));
  process.stdout.write(
    `export SPARK_REMOTE=${server.remote} MEDALLION_SPARK_STAGING=${path.join(dir, 'staging')}\n`,
  );
  process.stderr.write(`logs in ${dir}; Ctrl-C stops it\n`);
  const keepAlive = setInterval(() => undefined, 60_000);
  await stopAsked;
  clearInterval(keepAlive);
  await server.stop();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
