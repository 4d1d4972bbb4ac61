/**
 * Membership changes as they are proposed, and their bytes in the log. What they do to a configuration is in
 * configuration.ts.
 *
 * Bytes: one byte for the transition, a varint for the number of changes, then for each one byte for its type and a
 * varint for the id; the rest is the caller's context. No bytes at all is the change that leaves a joint configuration.
 */
import { concatBytes, EMPTY_BYTES } from '../base/bytes.js';

export interface ConfChange {
  readonly type: 'add-voter' | 'add-learner' | 'remove' | 'update';
  /** Raft id. `update` changes nothing in the core; it tells the shell of a new address. */
  readonly id: number;
}

/**
 * `auto`: a joint configuration only if more than one voter changes, left by itself. `joint-implicit`: always joint, left
 * by itself. `joint-explicit`: always joint, left when the shell proposes {@link LEAVE_JOINT}.
 */
export type Transition = 'auto' | 'joint-implicit' | 'joint-explicit';

/** A membership change (Raft thesis, 4.3). All `changes` take effect together. */
export interface ConfChangeV2 {
  readonly transition: Transition;
  readonly changes: readonly ConfChange[];
  /** The shell's own words about the change, e.g. an address; opaque to the core. */
  readonly context: Uint8Array;
}

/** Leaves a joint configuration. */
export const LEAVE_JOINT: ConfChangeV2 = { transition: 'auto', changes: [], context: EMPTY_BYTES };

/** Whether the change has to go through a joint configuration, and how that is left. */
export function entersJoint(change: ConfChangeV2): { readonly autoLeave: boolean } | undefined {
  switch (change.transition) {
    case 'auto':
      return change.changes.length > 1 ? { autoLeave: true } : undefined;
    case 'joint-implicit':
      return { autoLeave: true };
    case 'joint-explicit':
      return { autoLeave: false };
  }
}

/** Whether the change leaves a joint configuration: that is what a change of nobody means. */
export function leavesJoint(change: ConfChangeV2): boolean {
  return change.changes.length === 0;
}

const TRANSITIONS: readonly Transition[] = ['auto', 'joint-implicit', 'joint-explicit'];
const CHANGE_TYPES: readonly ConfChange['type'][] = ['add-voter', 'add-learner', 'remove', 'update'];

/** More than a group can have members; a longer list is damaged. */
const MAX_CHANGES = 1024;

function encodeVarint(value: number, into: number[]): void {
  let rest = value;
  while (rest >= 128) {
    into.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  into.push(rest);
}

/** Fresh bytes for the `data` of an entry. {@link LEAVE_JOINT} is no bytes, so that no size limit can refuse it. */
export function encodeConfChange(change: ConfChangeV2): Uint8Array {
  if (leavesJoint(change) && change.context.length === 0) return EMPTY_BYTES;
  const head: number[] = [TRANSITIONS.indexOf(change.transition)];
  encodeVarint(change.changes.length, head);
  for (const { type, id } of change.changes) {
    head.push(CHANGE_TYPES.indexOf(type));
    encodeVarint(id, head);
  }
  return concatBytes([Uint8Array.from(head), change.context]);
}

/** Reads bytes one after the other; running past the end is remembered instead of thrown. */
class Reader {
  private position = 0;
  private readonly bytes: Uint8Array;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) this.failed = true;
    return byte ?? 0;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte % 128) * scale;
      if (byte < 128) break;
      scale *= 128;
      if (scale > 2 ** 49) {
        this.failed = true;
        break;
      }
    }
    if (!Number.isSafeInteger(value)) this.failed = true;
    return value;
  }

  rest(): Uint8Array {
    return this.bytes.slice(this.position);
  }
}

/** The change in the `data` of an entry of either conf-change type, or undefined when the bytes are not one. */
export function decodeConfChange(data: Uint8Array): ConfChangeV2 | undefined {
  if (data.length === 0) return LEAVE_JOINT;
  const reader = new Reader(data);
  const transition = TRANSITIONS[reader.byte()];
  const count = reader.varint();
  if (transition === undefined || reader.failed || count > MAX_CHANGES) return undefined;
  const changes: ConfChange[] = [];
  for (let i = 0; i < count; i++) {
    const type = CHANGE_TYPES[reader.byte()];
    const id = reader.varint();
    if (type === undefined || reader.failed || id === 0) return undefined;
    changes.push({ type, id });
  }
  return { transition, changes, context: reader.rest() };
}
