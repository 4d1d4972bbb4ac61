import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One a core, tests of real processes too: they wait more than they work, and bear a busy machine.
    maxWorkers: 2,
    reporters: ['default'],
  },
});
