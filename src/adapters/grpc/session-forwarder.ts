/** Takes requests to the nodes that lead: one Session a node, kept as long as it is used. */
import type { Forwarder } from '../../actors/data/router.js';
import { LIMITS } from '../../base/limits.js';
import type { KvReply, KvRequest } from '../../store/requests.js';
import { ByteBudget } from './byte-budget.js';
import { SessionClient } from './session-client.js';

/** A session that nothing was sent on for so long is closed when another one is opened: that node does not lead any more. */
const UNUSED_MS = 30_000;

interface UsedSession {
  readonly session: SessionClient;
  usedAtMs: number;
}

export class SessionForwarder implements Forwarder {
  /** By client address. */
  private readonly sessions = new Map<string, UsedSession>();
  /** Of large values in replies, until they have been sent on. */
  private readonly budget = new ByteBudget(LIMITS.maxLargeBytesInFlight);

  forward(clientAddress: string, request: KvRequest, timeoutMs: number): Promise<KvReply> {
    const used = this.sessions.get(clientAddress) ?? this.open(clientAddress);
    used.usedAtMs = performance.now();
    return used.session.execute(request, timeoutMs, true);
  }

  prepare(clientAddress: string): void {
    const used = this.sessions.get(clientAddress) ?? this.open(clientAddress);
    used.usedAtMs = performance.now();
    void used.session.prepare();
  }

  close(): void {
    for (const { session } of this.sessions.values()) session.close();
  }

  private open(clientAddress: string): UsedSession {
    const unusedSinceMs = performance.now() - UNUSED_MS;
    for (const [address, { session, usedAtMs }] of [...this.sessions]) {
      if (usedAtMs > unusedSinceMs || session.pending > 0) continue;
      this.sessions.delete(address);
      session.close();
    }
    const opened = { session: new SessionClient(clientAddress, () => undefined, this.budget), usedAtMs: 0 };
    this.sessions.set(clientAddress, opened);
    return opened;
  }
}
