/**
 * A few named numbers that one thread publishes as a group and others read without a hop: lease end, map index, commit
 * index. A reader sees all values of one `publish` or none of them.
 *
 * Two slots take turns, so that a reader is never held up by a writer that was paused half-way: publication s lies in slot
 * s mod 2, and the writer touches that slot again only after publication s + 1 is out. A reader that still finds s after it
 * has read the slot has therefore read s. All accesses are Atomics, which are sequentially consistent; a double travels as
 * two 32-bit halves, since there are no Atomics on doubles and a BigInt would be an object per read. An overtaken reader starts
 * again, so this is for numbers that are published every few microseconds at most.
 */
import { assert } from '../../base/assert.js';

const HALVES = 2;
const SLOTS = 2;
/** The number of the latest publication, modulo 2^32, lies before the slots. */
const SEQUENCE = 0;
const SLOTS_START = 1;

export type Numbers<Name extends string> = Readonly<Record<Name, number>>;

/** Memory for one group, all values 0. Share it with the writer and the readers; `names` must be equal everywhere. */
export function newPublishedNumbers(names: readonly string[]): SharedArrayBuffer {
  assert(names.length > 0 && new Set(names).size === names.length, 'published numbers have names of their own');
  return new SharedArrayBuffer(bytesFor(names));
}

function bytesFor(names: readonly string[]): number {
  return (SLOTS_START + SLOTS * names.length * HALVES) * Int32Array.BYTES_PER_ELEMENT;
}

function slotStart(sequence: number, names: readonly string[]): number {
  return SLOTS_START + (sequence & 1) * names.length * HALVES;
}

/** The only writer of a group. */
export class NumbersWriter<Name extends string> {
  private readonly names: readonly Name[];
  private readonly cells: Int32Array;
  private readonly double = new Float64Array(1);
  private readonly halves = new Int32Array(this.double.buffer);

  constructor(memory: SharedArrayBuffer, names: readonly Name[]) {
    assert(memory.byteLength === bytesFor(names), 'published numbers and their memory belong together');
    this.names = names;
    this.cells = new Int32Array(memory);
  }

  /** Replaces the whole group. Any double may be published; integers are exact to 2^53. */
  publish(numbers: Numbers<Name>): void {
    const next = (Atomics.load(this.cells, SEQUENCE) + 1) | 0;
    let cell = slotStart(next, this.names);
    for (const name of this.names) {
      this.double[0] = numbers[name];
      for (const half of this.halves) Atomics.store(this.cells, cell++, half);
    }
    Atomics.store(this.cells, SEQUENCE, next);
  }
}

/** One of any number of readers. */
export class NumbersReader<Name extends string> {
  private readonly names: readonly Name[];
  private readonly cells: Int32Array;
  private readonly double = new Float64Array(1);
  private readonly halves = new Int32Array(this.double.buffer);
  /** What was read last, and the publication that it was. */
  private latest: { readonly sequence: number; readonly numbers: Numbers<Name> } | undefined;

  constructor(memory: SharedArrayBuffer, names: readonly Name[]) {
    assert(memory.byteLength === bytesFor(names), 'published numbers and their memory belong together');
    this.names = names;
    this.cells = new Int32Array(memory);
  }

  /** The latest group. The same object as long as nothing new is published, so asking often costs one atomic load. */
  read(): Numbers<Name> {
    for (;;) {
      const sequence = Atomics.load(this.cells, SEQUENCE);
      if (this.latest?.sequence === sequence) return this.latest.numbers;
      this.latest = { sequence, numbers: this.readSlot(sequence) }; // whole only if the sequence is found unchanged
    }
  }

  private readSlot(sequence: number): Numbers<Name> {
    let cell = slotStart(sequence, this.names);
    const numbers: Partial<Record<Name, number>> = {};
    for (const name of this.names) {
      for (let half = 0; half < HALVES; half++) this.halves[half] = Atomics.load(this.cells, cell++);
      numbers[name] = this.double[0] ?? 0;
    }
    return numbers as Numbers<Name>; // every name was set
  }
}
