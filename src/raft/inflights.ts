/**
 * The `append` messages with entries that are under way to one follower: a window limited in messages and in payload
 * bytes. Acknowledging an index frees every message up to it, so a lost acknowledgement costs nothing.
 */
import { assert } from '../base/assert.js';

export class Inflights {
  private readonly maxMessages: number;
  private readonly maxBytes: number;
  /** Last index and payload of each message, in the order of sending; those before `head` are freed. */
  private window: { readonly lastIndex: number; readonly bytes: number }[] = [];
  private head = 0;
  private totalBytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  get count(): number {
    return this.window.length - this.head;
  }

  /** Bytes may overshoot by the one message that crossed the limit, so that a large entry can be sent at all. */
  get full(): boolean {
    return this.count >= this.maxMessages || this.totalBytes >= this.maxBytes;
  }

  /** A message that ends at `lastIndex` is sent. Only when not {@link full}. */
  add(lastIndex: number, bytes: number): void {
    assert(!this.full, 'a message is sent only while the window is open');
    this.window.push({ lastIndex, bytes });
    this.totalBytes += bytes;
  }

  /** Frees the messages that end at or before `index`. */
  freeUpTo(index: number): void {
    for (let oldest = this.window[this.head]; oldest && oldest.lastIndex <= index; oldest = this.window[this.head]) {
      this.totalBytes -= oldest.bytes;
      this.head++;
    }
    if (this.head === this.window.length) this.reset();
    else if (this.head > 64 && this.head * 2 > this.window.length) {
      this.window = this.window.slice(this.head);
      this.head = 0;
    }
  }

  reset(): void {
    this.window = [];
    this.head = 0;
    this.totalBytes = 0;
  }
}
