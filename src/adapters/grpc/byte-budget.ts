/** So many bytes may be in use at a time. Who asks first is served first, so that a large request is not overtaken for ever. */
import { assert } from '../../base/assert.js';

interface Waiting {
  readonly bytes: number;
  readonly onGranted: () => void;
}

export class ByteBudget {
  private readonly limitBytes: number;
  private readonly waiting = new Set<Waiting>();
  private used = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.used;
  }

  /**
   * Calls `onGranted` when `bytes` (at most the limit) are free, perhaps at once. @returns gives them back, or ends the wait;
   * idempotent.
   */
  take(bytes: number, onGranted: () => void): () => void {
    assert(bytes <= this.limitBytes, 'nobody asks for more than there is');
    const request: Waiting = { bytes, onGranted };
    this.waiting.add(request);
    let isGivenBack = false;
    const giveBack = (): void => {
      if (isGivenBack) return;
      isGivenBack = true;
      if (!this.waiting.delete(request)) this.used -= bytes;
      this.grant();
    };
    this.grant();
    return giveBack;
  }

  private grant(): void {
    for (const request of this.waiting) {
      if (this.used + request.bytes > this.limitBytes) return;
      this.waiting.delete(request);
      this.used += request.bytes;
      request.onGranted();
    }
  }
}
