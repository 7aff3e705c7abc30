import { configDefaults, defineConfig } from 'vitest/config';
import { keepTemporaryFilesInMemory } from './test/support/scratch.ts';

keepTemporaryFilesInMemory();

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // npm run test:faults, npm run test:airflow, npm run test:spark, npm run test:grafana
    exclude: [
      ...configDefaults.exclude,
      'test/faults/**',
      'test/airflow/**',
      'test/spark/**',
      'test/grafana-server/**',
    ],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // More than there are cores on a small machine: many a test waits for a server.
    maxWorkers: 3,
  },
});
