/** Takes requests to the node that leads: one Session a node, kept as long as it is used. */
import type { Forwarder } from '../../actors/data/router.js';
import type { KvReply, KvRequest } from '../../store/requests.js';
import { SessionClient } from './session-client.js';

export class SessionForwarder implements Forwarder {
  private session: SessionClient | undefined;

  forward(clientAddress: string, request: KvRequest, timeoutMs: number): Promise<KvReply> {
    if (this.session?.address !== clientAddress) {
      this.retire(this.session);
      this.session = new SessionClient(clientAddress);
    }
    return this.session.execute(request, timeoutMs, true);
  }

  close(): void {
    this.session?.close();
  }

  /** Leadership has moved on: what is under way there may still be answered. */
  private retire(session: SessionClient | undefined): void {
    if (session === undefined) return;
    const closeWhenIdle = (): void => {
      if (session.pending === 0) session.close();
      else setTimeout(closeWhenIdle, 1_000).unref();
    };
    closeWhenIdle();
  }
}
