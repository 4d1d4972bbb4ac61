/**
 * How a node with an empty data folder finds its place. Pure: answers of the peers in, decision out.
 *
 * A node that lost its disk must never come back under its old raft id: it would vote and acknowledge as if it had
 * never promised anything. From inside, an empty folder looks the same whether the node is new or has lost its disk, so:
 *
 * - If any peer belongs to a cluster, the node asks that cluster for a new raft id ('join').
 * - Only if no peer does, and a majority of the first members (itself included) are at the same point, the node takes the
 *   raft id that its place in the list gives it and helps to found the cluster ('found'). First members that were not
 *   there join later like everybody else.
 *
 * A majority that has lost its disks together founds a new cluster; that is the loss which DESIGN.md section 1 allows.
 */
import type { RaftId } from '../base/ids.js';
import type { Founder, Speaker } from './speaker.js';
import { refuseSpeaker, type SpeakerRefusal } from './speaker.js';
import { majorityOf } from './view.js';

export type Admission =
  | { readonly type: 'found'; readonly raftId: RaftId }
  /** Addresses to ask, in order. */
  | { readonly type: 'join'; readonly via: readonly string[] }
  | { readonly type: 'wait'; readonly up: number; readonly needed: number; readonly missing: readonly string[] }
  | { readonly type: 'refused'; readonly refusal: SpeakerRefusal };

export interface PeerAnswer {
  /** The control address that was asked. */
  readonly address: string;
  readonly speaker: Speaker;
}

/** @param founders the first members, the same list on all of them; need not contain `self` (a node that is added). */
export function decideAdmission(
  self: Speaker,
  founders: readonly Founder[],
  answers: readonly PeerAnswer[],
): Admission {
  const others = answers.filter(({ speaker }) => speaker.incarnation !== self.incarnation);
  for (const { address, speaker } of others) {
    if (speaker.nodeId === self.nodeId) {
      const message = `a node called ${self.nodeId} runs at ${address} already: stop it, or give this one another --id`;
      return { type: 'refused', refusal: { code: 'NODE_ID_IN_USE', message } };
    }
    const refusal = refuseSpeaker(self, speaker);
    if (refusal !== undefined) return { type: 'refused', refusal };
  }
  const members = others.filter(({ speaker }) => speaker.clusterId !== '');
  if (members.length > 0) return { type: 'join', via: members.map(({ address }) => address) };

  const names = founders.map((founder) => founder.nodeId as string).sort();
  const present = new Set<string>([self.nodeId, ...others.map(({ speaker }) => speaker.nodeId)]);
  const missing = names.filter((name) => !present.has(name));
  const up = names.length - missing.length;
  const needed = majorityOf(names.length);
  const place = names.indexOf(self.nodeId);
  if (place < 0 || up < needed) return { type: 'wait', up, needed, missing };
  return { type: 'found', raftId: (place + 1) as RaftId };
}
