import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/airflow/*.test.ts'],
    // Airflow is installed first, 130 packages.
    hookTimeout: 1_200_000,
    testTimeout: 600_000,
  },
});
