/**
 * Which node a client talks to. It stays with one that answers and moves on to the next when that one does not, so that
 * the requests of a client share one connection.
 */
import { SessionClient } from '../adapters/grpc/session-client.js';

export class Endpoints {
  private readonly addresses: readonly string[];
  private position = 0;
  private session: SessionClient | undefined;

  /** @param addresses at least one host:port of a client port; tried in this order. */
  constructor(addresses: readonly string[]) {
    this.addresses = addresses;
  }

  get count(): number {
    return this.addresses.length;
  }

  /** The session in use. */
  current(): SessionClient {
    this.session ??= new SessionClient(this.addresses[this.position] ?? '');
    return this.session;
  }

  /** `failed` does not answer: from now on the next one is used. What is under way on it ends by itself. */
  moveOn(failed: SessionClient): void {
    if (this.session !== failed) return; // somebody else has moved on already
    this.position = (this.position + 1) % this.addresses.length;
    this.session = undefined;
    if (failed.pending === 0) failed.close();
    else this.closeWhenIdle(failed);
  }

  close(): void {
    this.session?.close();
  }

  private closeWhenIdle(session: SessionClient): void {
    setTimeout(() => {
      if (session.pending === 0) session.close();
      else this.closeWhenIdle(session);
    }, 500).unref();
  }
}
