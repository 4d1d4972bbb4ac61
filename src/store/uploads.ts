/**
 * Large values on their way into a segment store through the log of raft mode, by the number of their uploads. Their pieces lie in the
 * store as fragments without a head, so the memory cap counts them and a snapshot has them; here is what else it takes to
 * go on with them. Part of the replicated state.
 *
 * An upload that cannot be stored is remembered as refused until it is finished or dropped, so that its finish is answered alike
 * everywhere.
 */
import type { Fnv32 } from '../base/fnv.js';
import { DcacheError } from '../base/errors.js';
import { isRejection, type KvDecisions } from './kv-decisions.js';
import { UPLOAD_GONE, type LoggedWrite } from './logged-writes.js';
import type { Rejection, WriteReply } from './requests.js';
import type { SegmentStore } from './segment-store.js';
import type { FragmentRun } from './values.js';
import { rejected } from './write-rules.js';

type Logged<Type extends LoggedWrite['type']> = Extract<LoggedWrite, { type: Type }>;

export type UploadState =
  { readonly upload: number; readonly run: FragmentRun } | { readonly upload: number; readonly refusal: Rejection };

export class Uploads {
  private readonly states = new Map<number, UploadState>();

  /** In the order in which they began. Borrowed. */
  list(): readonly UploadState[] {
    return [...this.states.values()];
  }

  restore(states: readonly UploadState[]): void {
    this.states.clear();
    for (const state of states) this.states.set(state.upload, state);
  }

  addTo(hash: Fnv32): void {
    for (const state of this.states.values()) {
      hash.number(state.upload);
      if ('refusal' in state) hash.text(state.refusal.code);
      else hash.bytes(state.run.key).number(state.run.version).number(state.run.valueBytes);
    }
  }

  /** Undefined when the piece is in the store, or does not follow the one before it. */
  add(store: SegmentStore, { upload, key, totalBytes, at, bytes }: Logged<'piece'>): Rejection | undefined {
    const known = this.states.get(upload);
    if (known !== undefined && 'refusal' in known) return known.refusal;
    let run = known?.run;
    if (at !== (run?.valueBytes ?? 0)) return undefined;
    try {
      if (run === undefined) {
        run = store.beginRun(key, totalBytes, store.clockMs);
        this.states.set(upload, { upload, run });
      }
      store.addToRun(run, bytes);
      return undefined;
    } catch (error) {
      if (!(error instanceof DcacheError && isRejection(error.code))) throw error;
      if (run !== undefined) store.dropRun(run);
      return this.refuse(upload, rejected(error.code, error.message));
    }
  }

  finish(store: SegmentStore, decisions: KvDecisions, { upload, totalBytes, write }: Logged<'finish'>): WriteReply {
    const state = this.states.get(upload);
    this.states.delete(upload);
    if (state === undefined) return UPLOAD_GONE;
    if ('refusal' in state) return state.refusal;
    if (state.run.valueBytes === totalBytes) return decisions.finish(state.run, write);
    store.dropRun(state.run);
    return UPLOAD_GONE;
  }

  drop(store: SegmentStore, upload: number): void {
    const state = this.states.get(upload);
    this.states.delete(upload);
    if (state !== undefined && 'run' in state) store.dropRun(state.run);
  }

  dropAll(store: SegmentStore): void {
    for (const upload of [...this.states.keys()]) this.drop(store, upload);
  }

  /** The store has been replaced by an empty one. */
  onEmptied(): void {
    for (const upload of this.states.keys()) this.refuse(upload, UPLOAD_GONE);
  }

  private refuse(upload: number, refusal: Rejection): Rejection {
    this.states.set(upload, { upload, refusal });
    return refusal;
  }
}
