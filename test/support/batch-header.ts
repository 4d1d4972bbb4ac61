import type { BatchHeader } from '../../src/actors/data/write-path.js';

/** Of a batch that says nothing beside the time. */
export function headerAt(timeMs: number): BatchHeader {
  return { timeMs, memoryRules: undefined, readMarks: [] };
}
