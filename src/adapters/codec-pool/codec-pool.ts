/**
 * Coding off the main thread: jobs go to worker threads that fold, rebuild, encode and checksum in place on shared memory.
 *
 * Short jobs run at once in the caller's thread, since handing them over costs the main thread more than doing them.
 * The others wait in a bounded queue, urgent before background, and go to the workers in batches, so that one message
 * carries several small jobs. Threads start with the first job and end when they have had none for a while. A worker
 * that dies fails the jobs that it had, and no others.
 */
import { assert } from '../../base/assert.js';
import { asDcacheError, DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import { blocksOf, runJob, workOf, type CodecJob, type CodecJobType } from '../../erasure/codec-job.js';
import type { ErasureCode } from '../../erasure/erasure-code.js';
import { ErasureCodec } from '../../erasure/erasure-codec.js';
import type { XorKernel } from '../../erasure/xor-kernel.js';
import { TaskQueue, type Priority, type TaskQueueBounds } from './task-queue.js';
import { encodeBatch, type BatchOutcome } from './wire.js';
import { WorkerThreads } from './worker-threads.js';

/** One finished job, done or failed, for metrics. */
export interface CodecTiming {
  readonly type: CodecJobType;
  readonly place: 'inline' | 'pool';
  /** Bytes XORed and checksummed, about. */
  readonly bytes: number;
  /** From the call until the job was sent to a worker; 0 inline. */
  readonly waitMs: number;
  readonly runMs: number;
}

export interface CodecPoolOptions {
  readonly code: ErasureCode;
  /** As chosen at start; the workers take the one of the same name. */
  readonly kernel: XorKernel;
  /** Worker threads at most, 1 to LIMITS.maxCodecThreads. */
  readonly threads: number;
  readonly onTiming?: (timing: CodecTiming) => void;
  readonly bounds?: TaskQueueBounds;
  readonly idleTimeoutMs?: number;
  /** Jobs estimated to take at most this long run inline. 0 sends everything to the workers. */
  readonly inlineMicroseconds?: number;
  /** The worker's file; another one than the default is for tests. */
  readonly workerFile?: URL;
}

interface Task {
  readonly job: CodecJob;
  readonly microseconds: number;
  readonly submittedMs: number;
  readonly resolve: (checksum: number | null) => void;
  readonly reject: (error: DcacheError) => void;
}

/**
 * Up to here a job runs inline: two workers together do not finish more of them in the same time than the caller alone. A job handed
 * over alone costs the main thread 20 to 30 us, one of a batch of sixteen 4 to 5 us, and two threads wake up for it. With the addon
 * 40 us are a fold (without checksum) at 256 KiB or RS(3,2) encoded at 64 KiB; `npm run bench -- codec` has the table.
 */
const INLINE_MICROSECONDS = 40;

/** What checksum.ts does on one core. */
const CHECKSUM_BYTES_PER_MICROSECOND = 3_500;

/**
 * Batches that a worker has at a time: one under way, two at its door, so that it does not wait for the main thread. With one at its
 * door workers slept for 14% of the time at 256 KiB on a machine that others kept busy, with two for 7%.
 */
const BATCHES_PER_WORKER = 3;
const MAX_BATCH_JOBS = 32;
/** A batch takes no more jobs when it is estimated to run this long: an urgent job may have to wait for three of them. */
const MAX_BATCH_MICROSECONDS = 350;

export class CodecPool {
  private readonly options: CodecPoolOptions;
  private readonly codec: ErasureCodec;
  private readonly workers: WorkerThreads;
  private readonly queue: TaskQueue<Task>;
  private readonly batches = new Set<Promise<void>>();
  private roomWaiters: (() => void)[] = [];
  private isPumpPlanned = false;
  private isClosed = false;

  constructor(options: CodecPoolOptions) {
    const { code, threads } = options;
    assert(threads >= 1 && threads <= LIMITS.maxCodecThreads, 'the codec pool has a thread and no more than its limit');
    this.options = options;
    this.codec = new ErasureCodec(code, options.kernel);
    this.queue = new TaskQueue(options.bounds);
    this.workers = new WorkerThreads({
      setup: { k: code.k, m: code.m, kernel: options.kernel.name },
      threads,
      batchesPerWorker: BATCHES_PER_WORKER,
      idleTimeoutMs: options.idleTimeoutMs ?? LIMITS.codecThreadIdleMs,
      workerFile: options.workerFile,
    });
  }

  /**
   * Runs a job, inline or in a worker. All its memory is shared (SharedArrayBuffer), is borrowed until the promise
   * settles, and its inputs do not change meanwhile. After a failure the bytes of its targets are undefined.
   * @returns the checksum for a checksum job, else null.
   * @throws what runJob throws; INVALID_ARGUMENT on memory that is not shared; OVERLOADED when the queue is full (see
   *   `whenRoom`); CODEC_WORKER_LOST when the worker died; SHUTTING_DOWN.
   */
  async run(job: CodecJob, priority: Priority): Promise<number | null> {
    if (this.isClosed) throw closedError();
    requireSharedMemory(job);
    const microseconds = this.estimateMicroseconds(job);
    if (microseconds <= (this.options.inlineMicroseconds ?? INLINE_MICROSECONDS)) return this.runInline(job);
    return new Promise((resolve, reject) => {
      const submittedMs = performance.now();
      if (this.queue.push({ job, microseconds, submittedMs, resolve, reject }, priority)) this.planPump();
      else reject(new DcacheError('OVERLOADED', `${this.queue.length} codec tasks wait already; wait for room`));
    });
  }

  /** The checksum of shared memory, under the conditions of `run`. */
  async checksum(bytes: Uint8Array, priority: Priority): Promise<number> {
    const value = await this.run({ type: 'checksum', bytes }, priority);
    assert(value !== null, 'a checksum job yields a checksum');
    return value;
  }

  /**
   * Resolves when a job of this priority would be accepted: back-pressure for background work.
   * @throws SHUTTING_DOWN.
   */
  async whenRoom(priority: Priority): Promise<void> {
    while (!this.isClosed && !this.queue.hasRoom(priority)) {
      await new Promise<void>((resolve) => this.roomWaiters.push(resolve));
    }
    if (this.isClosed) throw closedError();
  }

  /** Jobs that wait for a worker. */
  get queuedJobs(): number {
    return this.queue.length;
  }

  /** Live worker threads: none before the first job and after an idle time. */
  async threadCount(): Promise<number> {
    return this.workers.threadCount();
  }

  /** Refuses what waits, lets the workers finish what they have, ends them. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (let task = this.queue.shift(); task !== undefined; task = this.queue.shift()) task.reject(closedError());
    this.wakeRoomWaiters();
    await Promise.all(this.batches);
    await this.workers.close();
  }

  private runInline(job: CodecJob): number | null {
    const startMs = performance.now();
    try {
      return runJob(this.codec, job);
    } finally {
      this.reportTiming(job, 'inline', 0, performance.now() - startMs);
    }
  }

  private estimateMicroseconds(job: CodecJob): number {
    const { xorBytes, checksumBytes } = workOf(job);
    return xorBytes / this.options.kernel.bytesPerMicrosecond + checksumBytes / CHECKSUM_BYTES_PER_MICROSECOND;
  }

  /** What is submitted in one turn is sent off together at its end. */
  private planPump(): void {
    if (this.isPumpPlanned) return;
    this.isPumpPlanned = true;
    queueMicrotask(() => {
      this.isPumpPlanned = false;
      this.pump();
    });
  }

  private pump(): void {
    const slots = this.options.threads * BATCHES_PER_WORKER;
    while (this.queue.length > 0 && this.batches.size < slots) {
      const tasks = this.takeBatch(Math.ceil(this.queue.length / (slots - this.batches.size)));
      const batch = this.runBatch(tasks).then(() => {
        this.batches.delete(batch);
        this.pump();
      });
      this.batches.add(batch);
    }
    this.wakeRoomWaiters();
  }

  /** @param share what each free place gets when the waiting jobs are spread evenly. */
  private takeBatch(share: number): Task[] {
    const tasks: Task[] = [];
    let microseconds = 0;
    while (tasks.length < Math.min(share, MAX_BATCH_JOBS) && microseconds < MAX_BATCH_MICROSECONDS) {
      const task = this.queue.shift();
      if (task === undefined) break;
      tasks.push(task);
      microseconds += task.microseconds;
    }
    return tasks;
  }

  /** Settles every task of the batch; never rejects. */
  private async runBatch(tasks: readonly Task[]): Promise<void> {
    const sentMs = performance.now();
    const batch = encodeBatch(tasks.map(({ job }) => job));
    let outcome: BatchOutcome;
    try {
      outcome = await this.workers.run(batch);
    } catch (error) {
      const message = `a codec thread died with the job: ${asDcacheError(error).message}`;
      for (const task of tasks) task.reject(new DcacheError('CODEC_WORKER_LOST', message, { cause: error }));
      return;
    }
    this.settle(tasks, outcome, sentMs);
  }

  private settle(tasks: readonly Task[], { runMs, checksums, failures }: BatchOutcome, sentMs: number): void {
    assert(runMs.length === tasks.length, 'a worker answers every job of its batch');
    tasks.forEach(({ job, submittedMs }, index) => {
      this.reportTiming(job, 'pool', sentMs - submittedMs, runMs[index] ?? 0);
    });
    for (const { index, code, message } of failures) tasks[index]?.reject(new DcacheError(code, message));
    // A promise settles once: those that failed stay failed.
    tasks.forEach(({ resolve }, index) => resolve(checksums[index] ?? null));
  }

  private reportTiming(job: CodecJob, place: CodecTiming['place'], waitMs: number, runMs: number): void {
    if (this.options.onTiming === undefined) return;
    const { xorBytes, checksumBytes } = workOf(job);
    this.options.onTiming({ type: job.type, place, bytes: xorBytes + checksumBytes, waitMs, runMs });
  }

  /** They look for themselves whether there is room for them now. */
  private wakeRoomWaiters(): void {
    const waiters = this.roomWaiters;
    this.roomWaiters = [];
    for (const wake of waiters) wake();
  }
}

function closedError(): DcacheError {
  return new DcacheError('SHUTTING_DOWN', 'the codec pool is closed');
}

/** Other memory would be copied to the worker, the whole buffer behind the view, and its results lost there. */
function requireSharedMemory(job: CodecJob): void {
  for (const block of blocksOf(job)) {
    if (block.buffer instanceof SharedArrayBuffer) continue;
    throw new DcacheError('INVALID_ARGUMENT', `a ${job.type} job has memory that is not shared between threads`);
  }
}
