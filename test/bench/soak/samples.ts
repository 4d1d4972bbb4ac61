/** What every node of a soak takes from the machine, over time. */
import { readdirSync } from 'node:fs';
import { residentBytesOf } from '../../../src/bench/measure/proc.js';

export interface NodeSample {
  readonly nodeId: string;
  /** Since its process was started. */
  readonly ageMs: number;
  readonly residentBytes: number;
  /** Open file descriptors: sockets, files, pipes. */
  readonly handles: number;
  readonly threads: number;
}

/** Undefined when the process is gone. */
export function sampleNode(nodeId: string, pid: number, ageMs: number): NodeSample | undefined {
  try {
    const handles = readdirSync(`/proc/${pid}/fd`).length;
    const threads = readdirSync(`/proc/${pid}/task`).length;
    return { nodeId, ageMs, residentBytes: residentBytesOf([pid]), handles, threads };
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
