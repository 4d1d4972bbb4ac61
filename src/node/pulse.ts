/** The main thread's sign of life, read by the control thread (actors/control/main-watch.ts). */
import { newPublishedNumbers, NumbersReader, NumbersWriter } from '../actors/runtime/published-numbers.js';

const NAMES = ['beats'] as const;
const BEAT_MS = 25;

/** Shared by the two threads; starts at 0. */
export function newPulseMemory(): SharedArrayBuffer {
  return newPublishedNumbers(NAMES);
}

/** Beats for as long as this thread's event loop turns. Returns what ends it. */
export function startPulse(memory: SharedArrayBuffer): () => void {
  const writer = new NumbersWriter(memory, NAMES);
  let beats = 0;
  const timer = setInterval(() => writer.publish({ beats: ++beats }), BEAT_MS);
  return () => clearInterval(timer);
}

/** How often it has beaten. */
export function pulseReader(memory: SharedArrayBuffer): () => number {
  const reader = new NumbersReader(memory, NAMES);
  return () => reader.read().beats;
}
