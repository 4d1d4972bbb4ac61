/**
 * Writes lines to a file descriptor without ever holding up the node: lines wait in memory, one write is under way at a
 * time. When a reader hangs or the disk is full, lines beyond a bound are lost, and the next line that gets through is
 * preceded by one that says how many. (sonic-boom, pino's own writer, retries a full disk for ever when it flushes.)
 */
import { write, writeSync } from 'node:fs';

const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 10;
/** How long flushSync tries while the reader does not read. */
const MAX_SYNC_RETRIES = 50;

const isBusy = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN';

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export class LineWriter {
  /** Lines that no write has taken yet. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** Lines dropped since the last notice. */
  private lost = 0;
  private writing = false;
  private onIdle: (() => void)[] = [];

  private readonly fd: number;
  private readonly maxWaitingBytes: number;

  /** @param maxWaitingBytes lines beyond it are lost */
  constructor(fd: number, maxWaitingBytes = MAX_WAITING_BYTES) {
    this.fd = fd;
    this.maxWaitingBytes = maxWaitingBytes;
  }

  /** @param line ends in a newline */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.waitingBytes + bytes.length > this.maxWaitingBytes) {
      this.lost++;
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (!this.writing) this.writeNext();
  }

  /** Resolves when nothing waits any more, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.writing) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.onIdle.push(resolve);
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
  }

  /** Writes what waits before it returns; gives up after half a second without progress. A write under way ends by itself. */
  flushSync(): void {
    const { bytes, lines } = this.takeWaiting();
    let rest = bytes;
    let retries = 0;
    while (rest.length > 0 && retries < MAX_SYNC_RETRIES) {
      try {
        rest = rest.subarray(writeSync(this.fd, rest));
        retries = 0;
      } catch (error) {
        if (!isBusy(error)) break;
        retries++;
        sleepSync(RETRY_MS);
      }
    }
    // Nobody reads, or nothing can be written. There is no other place to say so; the next line may get through.
    if (rest.length > 0) this.lost += lines;
  }

  /** What waits, after a notice of what has been lost. `lines` counts both: so many are lost if this is. */
  private takeWaiting(): { readonly bytes: Buffer; readonly lines: number } {
    const lines = this.waiting.length + this.lost;
    if (this.lost > 0) {
      const notice = {
        level: 'warn',
        time: new Date().toISOString(),
        lostLines: this.lost,
        msg: 'log lines were lost',
      };
      this.waiting.unshift(Buffer.from(`${JSON.stringify(notice)}\n`));
      this.lost = 0;
    }
    const bytes = Buffer.concat(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    return { bytes, lines };
  }

  private writeNext(): void {
    this.writing = this.waiting.length > 0;
    if (this.writing) {
      const { bytes, lines } = this.takeWaiting();
      this.writeRest(bytes, lines);
      return;
    }
    for (const resolve of this.onIdle.splice(0)) resolve();
  }

  private writeRest(rest: Buffer, lines: number): void {
    write(this.fd, rest, 0, rest.length, null, (error, written) => {
      if (error && isBusy(error)) {
        setTimeout(() => this.writeRest(rest, lines), RETRY_MS);
        return;
      }
      if (error) this.lost += lines;
      else if (written < rest.length) return this.writeRest(rest.subarray(written), lines);
      this.writeNext();
    });
  }
}
