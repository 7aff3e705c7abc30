import { randomInt } from 'node:crypto';
import { defineConfig } from 'vitest/config';
import { keepTemporaryFilesInMemory } from './test/support/scratch.ts';

keepTemporaryFilesInMemory();

/** Decides the moments of the faults: a run is repeated with the seed that it printed. */
const seed = process.env['FAULTS_SEED'] ?? String(randomInt(2 ** 32));
process.stderr.write(`faults by FAULTS_SEED=${seed}\n`);

export default defineConfig({
  test: {
    include: ['test/faults/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    env: { FAULTS_SEED: seed },
    testTimeout: 600_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
