/** Writes grafana/dashboards and grafana/provisioning/alerting from grafana/src. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { files } from '../grafana/src/files.ts';

const FOLDER = new URL('../grafana/', import.meta.url);

for (const [name, text] of files()) {
  const file = new URL(name, FOLDER);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, text);
  console.log(`grafana/${name}`);
}
