/**
 * The worker threads of the codec pool: a Piscina that is loaded with the first batch, and ends its threads when idle.
 * It only carries batches; order, bounds and priorities are the pool's.
 */
import type { Piscina } from 'piscina';
import type { BatchOutcome, WireBatch, WorkerSetup } from './wire.js';

export interface WorkerThreadsOptions {
  readonly setup: WorkerSetup;
  readonly threads: number;
  /** Batches that one worker holds at a time. */
  readonly batchesPerWorker: number;
  /** A thread without work ends after this. */
  readonly idleTimeoutMs: number;
  /** The worker's file; another one than the default is for tests. */
  readonly workerFile?: URL | undefined;
}

/**
 * Codec threads give way a little to the threads that answer clients and heartbeats. Two interleaved runs with more to run
 * than cores: event-loop delay of the main thread p99 12.5 and 4.8 ms at nice 0, 4.1 and 3.3 ms at 5, the same throughput.
 * Not more than that: where other nodes on the machine fill its cores, the codec still gets a third of a thread's share.
 * Linux only, where niceness is a thread's own; without the optional @napi-rs/nice it stays at 0.
 */
const NICE_INCREMENT = 5;

type BatchPiscina = Piscina<WireBatch, BatchOutcome>;

export class WorkerThreads {
  private readonly options: WorkerThreadsOptions;
  private piscina: Promise<BatchPiscina> | null = null;

  constructor(options: WorkerThreadsOptions) {
    this.options = options;
  }

  /** Rejects when the worker dies before it has answered. */
  async run(batch: WireBatch): Promise<BatchOutcome> {
    this.piscina ??= this.start();
    return (await this.piscina).run(batch);
  }

  async threadCount(): Promise<number> {
    return this.piscina === null ? 0 : (await this.piscina).threads.length;
  }

  /** Ends all threads. Batches under way are rejected; a later batch starts new threads. */
  async close(): Promise<void> {
    const piscina = this.piscina;
    this.piscina = null;
    await (await piscina)?.destroy();
  }

  private async start(): Promise<BatchPiscina> {
    const { Piscina } = await import('piscina');
    const { setup, threads, batchesPerWorker, idleTimeoutMs, workerFile } = this.options;
    const piscina: BatchPiscina = new Piscina<WireBatch, BatchOutcome>({
      filename: (workerFile ?? new URL('./worker.js', import.meta.url)).href,
      workerData: setup,
      minThreads: 0,
      maxThreads: threads,
      concurrentTasksPerWorker: batchesPerWorker,
      idleTimeout: idleTimeoutMs,
      niceIncrement: process.platform === 'linux' ? NICE_INCREMENT : 0,
      // Piscina keeps these two off the hot path: our own timing is per job.
      recordTiming: false,
      workerHistogram: false,
    });
    // A worker that dies while starting has no batch yet, and Piscina would leave what it queued for that worker
    // waiting for ever. It reports the two ways to die by different events.
    const onDeath = (): void => queueMicrotask(() => void this.discardIfStuck(piscina));
    piscina.on('error', onDeath);
    piscina.on('workerDestroy', onDeath);
    return piscina;
  }

  private async discardIfStuck(piscina: BatchPiscina): Promise<void> {
    if (piscina.threads.length > 0 || piscina.queueSize === 0) return;
    if ((await this.piscina) === piscina) this.piscina = null;
    await piscina.destroy();
  }
}
