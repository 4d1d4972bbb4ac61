/**
 * Large values of replies on their way to this end of a Session: announced with their replies, granted as far as the budget allows,
 * put together from pieces. The client library has no budget, since its caller has asked for the values and gets all of them;
 * a node that forwards has one, from which a value is taken until it has been sent on.
 */
import { DcacheError } from '../../base/errors.js';
import { LIMITS } from '../../base/limits.js';
import type { KvReply, KvRequest } from '../../store/requests.js';
import type { ByteBudget } from './byte-budget.js';
import type { WholeReply } from './kv-replies.js';
import { joinReply } from './large-replies.js';
import { IncomingValues } from './value-pieces.js';

interface Download {
  readonly reply: WholeReply;
  readonly request: KvRequest;
  giveBack: () => void;
}

export class SessionDownloads {
  private readonly budget: ByteBudget | undefined;
  private readonly onGrant: (id: number) => void;
  private readonly incoming = new IncomingValues();
  private readonly downloads = new Map<number, Download>();

  /** @param onGrant the value of that reply may be sent. */
  constructor(budget: ByteBudget | undefined, onGrant: (id: number) => void) {
    this.budget = budget;
    this.onGrant = onGrant;
  }

  has(id: number): boolean {
    return this.downloads.has(id);
  }

  /** `reply` to `request` is there but for its value. Throws OUTCOME_UNKNOWN for a value that cannot be. */
  announce(id: number, reply: WholeReply, valueBytes: number, request: KvRequest): void {
    if (valueBytes > LIMITS.maxValueBytes) {
      throw new DcacheError(
        'OUTCOME_UNKNOWN',
        `the node answers with a value of ${valueBytes} bytes, above all limits`,
      );
    }
    const download: Download = { reply, request, giveBack: () => undefined };
    this.downloads.set(id, download);
    const grant = (): void => {
      this.incoming.expect(id, valueBytes);
      this.onGrant(id);
    };
    if (this.budget === undefined) grant();
    else download.giveBack = this.budget.take(valueBytes, grant);
  }

  /** @returns the reply with its last piece. Throws as IncomingValues does, and OUTCOME_UNKNOWN for a reply without a place for it. */
  onPiece(id: number, data: Uint8Array): KvReply | undefined {
    const value = this.incoming.add(id, data);
    const download = this.downloads.get(id);
    if (value === undefined || download === undefined) return undefined;
    this.downloads.delete(id);
    const { reply, request, giveBack } = download;
    if (reply.type === 'get' && request.type === 'get' && request.pin === true) {
      // Whoever sends it on says when the memory is free again.
      return {
        type: 'pinned',
        value: { parts: [value], bytes: value.length, release: giveBack },
        version: reply.version,
      };
    }
    giveBack();
    const joined = joinReply(reply, value);
    if (joined === undefined) throw new DcacheError('OUTCOME_UNKNOWN', `a reply to ${request.type} has no large value`);
    return joined;
  }

  drop(id: number): void {
    const download = this.downloads.get(id);
    if (download === undefined) return;
    this.downloads.delete(id);
    this.incoming.drop(id);
    download.giveBack();
  }
}
