import { defineConfig } from 'vitest/config';

/**
 * The tests of engines with a real Spark in the place of Sail: a master and two workers on loopback, of the jars of PyPI's
 * pyspark, which Java 17 runs.
 */
export default defineConfig({
  test: {
    include: ['test/spark/*.test.ts', 'test/engine/source.test.ts', 'test/models/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    env: { TEST_SPARK: 'cluster' },
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    maxWorkers: 1,
  },
});
