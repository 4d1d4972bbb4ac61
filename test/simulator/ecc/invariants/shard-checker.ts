/** "Learners' shards never count": what a node gives to a degraded read, it gives as a member in sync of the epoch that it names. */
import { sameMember, type Group, type GroupMember } from '../../../../src/cluster/cluster-map.js';
import type { DataMessage } from '../../../../src/replication/messages.js';

export interface ShardCheckerParts {
  /** The group as it was in an epoch. */
  inEpoch(group: number, epoch: number): Group | undefined;
  fail(invariant: string, details: string): void;
}

export class ShardChecker {
  private readonly parts: ShardCheckerParts;
  private count = 0;

  constructor(parts: ShardCheckerParts) {
    this.parts = parts;
  }

  /** Answers to degraded reads that gave something. */
  get replies(): number {
    return this.count;
  }

  onDelivery(from: GroupMember, messages: readonly DataMessage[]): void {
    for (const message of messages) {
      if (message.type !== 'shard-reply' || (message.parity === null && message.data.length === 0)) continue;
      this.count++;
      const { group, epoch } = message;
      if (this.parts.inEpoch(group, epoch)?.inSync.some((member) => sameMember(member, from)) === true) continue;
      this.parts.fail("learners' shards never count", `${from.nodeId} gave what it has of group ${group} in ${epoch}`);
    }
  }
}
