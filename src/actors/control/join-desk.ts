/**
 * Where nodes ask for a place while this node leads. What makes that more than a call of the registrar: a request may be under way
 * for long, and its sender may have died and been started again meanwhile. If the late request of the earlier life were admitted
 * after that of the later one, the place of the living node would be taken back, of which it would never hear.
 *
 * So the desk asks back, at the address that the request names, whether the process that asked is there and has no place yet. It
 * deals with one request of a node id at a time, and admits only in the term in which it asked. Then the log has the places of a
 * node id in the order of its lives: say that a later life were admitted first. In the same term, the desk had its request in hand
 * before it asked back for the earlier one; in an older term, its admission was in the log of whoever leads now, who asked back
 * after that was applied. Either way the earlier life was over when it was asked for, and could not answer.
 */
import { DcacheError } from '../../base/errors.js';
import type { NodeId } from '../../base/ids.js';
import { LIMITS } from '../../base/limits.js';
import type { Speaker } from '../../cluster/speaker.js';
import type { JoinAnswer, PeerTransport } from './ports.js';
import type { Registrar } from './registrar.js';

const HELLO_TIMEOUT_MS = 1_000;

/** Of the leader that this node is. */
export interface Leading {
  readonly term: number;
  readonly registrar: Pick<Registrar, 'admit'>;
}

export interface JoinDeskParts {
  readonly transport: Pick<PeerTransport, 'hello'>;
  /** Throws NO_LEADER unless this node leads and has applied an entry of its term. */
  readonly leading: () => Leading;
}

interface InHand {
  readonly incarnation: Speaker['incarnation'];
  readonly replaces: boolean;
  readonly answer: Promise<JoinAnswer>;
}

export class JoinDesk {
  private readonly parts: JoinDeskParts;
  private readonly inHand = new Map<NodeId, InHand>();

  constructor(parts: JoinDeskParts) {
    this.parts = parts;
  }

  /**
   * Rejects with UNREACHABLE when nobody answers at the address that the speaker gives as its own, with NODE_ID_IN_USE when it is
   * another process that answers, or one that has its place already, with OVERLOADED while a request of another process of that
   * name is dealt with, with NO_LEADER when leadership moves on meanwhile, and as Registrar.admit does.
   *
   * @param replaces as PeerHandler.onJoinRequest has it
   */
  async ask(asking: Speaker, replaces: boolean): Promise<JoinAnswer> {
    const { nodeId, incarnation } = asking;
    const before = this.inHand.get(nodeId);
    if (before?.incarnation === incarnation && before.replaces === replaces) return before.answer;
    if (before !== undefined || this.inHand.size >= LIMITS.maxNodes) {
      const whose = before === undefined ? 'requests of other nodes' : `another request of a node called ${nodeId}`;
      throw new DcacheError('OVERLOADED', `the leader deals with ${whose} to join; try again in a moment`);
    }
    const answer = this.deal(asking, replaces);
    this.inHand.set(nodeId, { incarnation, replaces, answer });
    try {
      return await answer;
    } finally {
      this.inHand.delete(nodeId);
    }
  }

  private async deal(asking: Speaker, replaces: boolean): Promise<JoinAnswer> {
    const { term } = this.parts.leading();
    await this.confirm(asking);
    const leading = this.parts.leading();
    if (leading.term === term) return leading.registrar.admit(asking, replaces);
    throw new DcacheError('NO_LEADER', 'leadership has moved on; try again');
  }

  private async confirm(asking: Speaker): Promise<void> {
    const { nodeId, controlAddress } = asking;
    const there = await this.whoIsThere(asking);
    if (there.nodeId !== nodeId) {
      throw new DcacheError(
        'NODE_ID_IN_USE',
        `${nodeId} gives ${controlAddress} as its control address, where ${there.nodeId} answers: give each node an address of its own`,
      );
    }
    if (there.incarnation === asking.incarnation && there.raftId === 0) return;
    throw new DcacheError(
      'NODE_ID_IN_USE',
      `this request to join is late: ${nodeId} at ${controlAddress} has been started again or admitted since`,
    );
  }

  private async whoIsThere({ nodeId, controlAddress }: Speaker): Promise<Speaker> {
    try {
      return await this.parts.transport.hello(controlAddress, HELLO_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof DcacheError)) throw error;
      throw new DcacheError(
        'UNREACHABLE',
        `the leader does not reach ${nodeId} at its control address ${controlAddress} (${error.message}); check --control-listen and --advertise-host there`,
      );
    }
  }
}
