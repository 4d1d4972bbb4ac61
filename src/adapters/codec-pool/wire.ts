/**
 * Batches of jobs as the pool sends them to its workers: the memories they lie in, once each, and plain numbers. A job as
 * it is would do too, but cloning its views and objects costs as much as coding 16 KiB; numbers are nearly free.
 * Views of shared memory are rebuilt on the other side over the same bytes; nothing is copied.
 */
import { assert, assertNever } from '../../base/assert.js';
import type { ErrorCode } from '../../base/errors.js';
import type { CodecJob, WantedBytes } from '../../erasure/codec-job.js';
import type { ParityShard } from '../../erasure/erasure-codec.js';
import type { XorKernel } from '../../erasure/xor-kernel.js';

/** What a worker runs, the same for its whole life. */
export interface WorkerSetup {
  readonly k: number;
  readonly m: number;
  /** The kernel of the node: a node that runs without the addon runs without it in every thread. */
  readonly kernel: XorKernel['name'];
}

export interface WireBatch {
  readonly memories: readonly SharedArrayBuffer[];
  readonly numbers: readonly number[];
}

/** Outcomes by index of the job in its batch. Errors travel as code and text, since a clone of an error loses its class. */
export interface BatchOutcome {
  readonly runMs: readonly number[];
  /** What runJob returned; null for a job that failed. */
  readonly checksums: readonly (number | null)[];
  readonly failures: readonly { readonly index: number; readonly code: ErrorCode; readonly message: string }[];
}

const JOB_CODES = { encode: 0, fold: 1, rebuild: 2, checksum: 3 } as const;
const SHARD_CODES = { data: 0, parity: 1 } as const;
/** In the place of a checksum (never negative) or of a memory's number: there is none. */
const NONE = -1;

/** @param jobs whose blocks all lie in shared memory. */
export function encodeBatch(jobs: readonly CodecJob[]): WireBatch {
  const writer = new BatchWriter();
  for (const job of jobs) writer.job(job);
  return writer;
}

/** Jobs over the same memory as those that were encoded. */
export function decodeBatch(batch: WireBatch): CodecJob[] {
  const reader = new BatchReader(batch);
  const jobs: CodecJob[] = [];
  while (!reader.isAtEnd) jobs.push(reader.job());
  return jobs;
}

class BatchWriter implements WireBatch {
  readonly memories: SharedArrayBuffer[] = [];
  readonly numbers: number[] = [];

  job(job: CodecJob): void {
    this.numbers.push(JOB_CODES[job.type]);
    switch (job.type) {
      case 'encode':
        this.list(job.data, (shard) => this.block(shard));
        this.list(job.parity, (shard) => this.block(shard));
        return;
      case 'fold':
        this.numbers.push(job.position, job.parityIndex, job.segmentChecksum ?? NONE);
        for (const block of [job.segment, job.shard, job.target]) this.block(block);
        return;
      case 'rebuild':
        this.list(job.data, (shard) => this.block(shard));
        this.list(job.parities, (parity) => this.parityShard(parity));
        this.list(job.wanted, (wanted) => this.wantedBytes(wanted));
        return;
      case 'checksum':
        this.block(job.bytes);
        return;
      default:
        assertNever(job, 'codec job');
    }
  }

  private list<Item>(items: readonly Item[], write: (item: Item) => void): void {
    this.numbers.push(items.length);
    items.forEach(write);
  }

  private parityShard({ index, contributions, bytes }: ParityShard): void {
    this.numbers.push(index, contributions);
    this.block(bytes);
  }

  private wantedBytes({ shard, target, checksum }: WantedBytes): void {
    if (shard.type === 'data') this.numbers.push(SHARD_CODES.data, shard.position, 0, checksum ?? NONE);
    else this.numbers.push(SHARD_CODES.parity, shard.index, shard.contributions, checksum ?? NONE);
    this.block(target);
  }

  private block(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.numbers.push(NONE, 0, 0);
      return;
    }
    const memory = bytes.buffer;
    assert(memory instanceof SharedArrayBuffer, 'blocks of a job lie in shared memory');
    let number = this.memories.indexOf(memory);
    if (number < 0) number = this.memories.push(memory) - 1;
    this.numbers.push(number, bytes.byteOffset, bytes.length);
  }
}

class BatchReader {
  private readonly batch: WireBatch;
  private next = 0;

  constructor(batch: WireBatch) {
    this.batch = batch;
  }

  get isAtEnd(): boolean {
    return this.next >= this.batch.numbers.length;
  }

  job(): CodecJob {
    const code = this.number();
    switch (code) {
      case JOB_CODES.encode:
        return { type: 'encode', data: this.list(() => this.block()), parity: this.list(() => this.block()) };
      case JOB_CODES.fold:
        return {
          type: 'fold',
          position: this.number(),
          parityIndex: this.number(),
          segmentChecksum: this.checksum(),
          segment: this.block(),
          shard: this.block(),
          target: this.block(),
        };
      case JOB_CODES.rebuild:
        return {
          type: 'rebuild',
          data: this.list(() => this.optionalBlock()),
          parities: this.list(() => this.parityShard()),
          wanted: this.list(() => this.wantedBytes()),
        };
      default:
        assert(code === JOB_CODES.checksum, 'a batch holds jobs of known types');
        return { type: 'checksum', bytes: this.block() };
    }
  }

  private list<Item>(read: () => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.number(); left > 0; left--) items.push(read());
    return items;
  }

  private parityShard(): ParityShard {
    return { index: this.number(), contributions: this.number(), bytes: this.block() };
  }

  private wantedBytes(): WantedBytes {
    const code = this.number();
    const position = this.number();
    const contributions = this.number();
    const checksum = this.checksum();
    const target = this.block();
    if (code === SHARD_CODES.data) return { shard: { type: 'data', position }, target, checksum };
    return { shard: { type: 'parity', index: position, contributions }, target, checksum };
  }

  private checksum(): number | null {
    const value = this.number();
    return value === NONE ? null : value;
  }

  private optionalBlock(): Uint8Array | null {
    const memory = this.number();
    const offset = this.number();
    const sizeBytes = this.number();
    if (memory === NONE) return null;
    const buffer = this.batch.memories[memory];
    assert(buffer !== undefined, 'a block lies in a memory of its batch');
    return new Uint8Array(buffer, offset, sizeBytes);
  }

  private block(): Uint8Array {
    const block = this.optionalBlock();
    assert(block !== null, 'only data shards of a rebuild may be missing');
    return block;
  }

  private number(): number {
    const value = this.batch.numbers[this.next++];
    assert(value !== undefined, 'a batch ends with a whole job');
    return value;
  }
}
