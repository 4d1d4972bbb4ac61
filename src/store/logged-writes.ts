/**
 * Writes as they stand in the log of raft mode. A large value is several of them: its pieces in order, one a log entry, which nobody
 * sees; then the write that it belongs to, which is decided, and makes the value visible, when it is applied. So no entry is
 * large, and small writes go on in between.
 *
 * A piece that does not follow the one before it is not taken: its proposer sends it again. A finish whose pieces are not all there
 * does nothing.
 *
 * An upload is named by a number that its proposer does not use twice. All of one are of one term: when an entry of a later term is
 * applied, what is unfinished is dropped, since nothing of it can follow. A leader that gives one up says so (`drop`).
 */
import type { Rejection, WriteRequest } from './requests.js';

/** Requests with a value. */
export type ValueWrite = Extract<WriteRequest, { type: 'set' | 'append' }>;

export type LoggedWrite =
  | WriteRequest
  | {
      readonly type: 'piece';
      readonly upload: number;
      readonly key: Uint8Array;
      /** Of the whole value, for which there has to be room. */
      readonly totalBytes: number;
      /** Where in the value the piece begins. */
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  /** `write` has an empty value; it takes that of the upload. */
  | { readonly type: 'finish'; readonly upload: number; readonly totalBytes: number; readonly write: ValueWrite }
  | { readonly type: 'drop'; readonly upload: number };

/** Bytes of key and value, as requestBytes has them. */
export function loggedKeyAndValueBytes(write: Exclude<LoggedWrite, WriteRequest>): number {
  switch (write.type) {
    case 'piece':
      return write.key.length + write.bytes.length;
    case 'finish':
      return write.write.key.length;
    case 'drop':
      return 0;
  }
}

/** A finish without its pieces: they were dropped before it was decided. */
export const UPLOAD_GONE: Rejection = {
  type: 'rejected',
  code: 'OVERLOADED',
  message: 'the value was dropped on its way, by a flush or because the leader changed; nothing is done, send it again',
};
