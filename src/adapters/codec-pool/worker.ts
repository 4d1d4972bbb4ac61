/** A thread of the codec pool: runs batches of jobs in place on shared memory. Started by Piscina, never imported. */
import { workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import { asDcacheError, type ErrorCode } from '../../base/errors.js';
import { runJob } from '../../erasure/codec-job.js';
import { erasureCode } from '../../erasure/erasure-code.js';
import { ErasureCodec } from '../../erasure/erasure-codec.js';
import { loopKernel } from '../../erasure/xor-kernel.js';
import { oneAtATime } from './one-at-a-time.js';
import { decodeBatch, type BatchOutcome, type WireBatch, type WorkerSetup } from './wire.js';
import { chooseKernel } from './xor-kernels.js';

const setup: unknown = workerData;
assert(isWorkerSetup(setup), 'the pool tells its workers which code to run');
const kernel = setup.kernel === 'loop' ? loopKernel : chooseKernel().kernel;
const codec = new ErasureCodec(erasureCode(setup.k, setup.m), kernel);

/** Each batch is answered before the next begins, so that the main thread has time to send another. */
export default oneAtATime(runBatch);

/** Never throws: a job that fails, fails alone. */
function runBatch(batch: WireBatch): BatchOutcome {
  const runMs: number[] = [];
  const checksums: (number | null)[] = [];
  const failures: { index: number; code: ErrorCode; message: string }[] = [];
  decodeBatch(batch).forEach((job, index) => {
    const startMs = performance.now();
    checksums[index] = null;
    try {
      checksums[index] = runJob(codec, job);
    } catch (error) {
      const { code, message } = asDcacheError(error);
      failures.push({ index, code, message });
    }
    runMs[index] = performance.now() - startMs;
  });
  return { runMs, checksums, failures };
}

function isWorkerSetup(value: unknown): value is WorkerSetup {
  return typeof value === 'object' && value !== null && 'k' in value && 'm' in value && 'kernel' in value;
}
