/**
 * The codec pool's worker, with a death wish: a batch of checksum jobs of which one has bytes that begin with 0xdead ends
 * the thread, as a crash in the middle of the batch would.
 */
import runBatch from '../../../dist/adapters/codec-pool/worker.js';

export default function runUntilDeath(batch) {
  for (let job = 0; job < batch.numbers.length; job += 4) {
    const [, memory, offset] = batch.numbers.slice(job);
    const bytes = new Uint8Array(batch.memories[memory], offset, 2);
    if (bytes[0] === 0xde && bytes[1] === 0xad) process.exit(7);
  }
  return runBatch(batch);
}
