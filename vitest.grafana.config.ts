import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/grafana-server/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Grafana migrates a database of its own first, and evaluates its rules each minute.
    hookTimeout: 360_000,
    testTimeout: 180_000,
  },
});
