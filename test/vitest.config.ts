import { defineConfig } from 'vitest/config';
import { LongestFirst } from './support/longest-first.js';

export default defineConfig({
  test: {
    pool: 'forks',
    // A worker goes through many files: to load the sources anew for each would take longer than most of the tests.
    isolate: false,
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than there are cores on a small machine: tests of real processes wait a good part of their time.
    maxWorkers: 3,
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
  },
});
