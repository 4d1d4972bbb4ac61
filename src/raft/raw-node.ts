import type { ConfChangeV2, ConfChange } from './conf-change.js';
import type { RaftConfig } from './config.js';
import type { DropReason, PeerMessage, Refusal, StorageResponse } from './messages.js';
import type { Ready } from './ready.js';
import type { ConfState } from './types.js';
import type { NodeStatus } from './status.js';

export type ProposalResult =
  | { readonly type: 'appended'; readonly term: number; readonly index: number }
  | { readonly type: 'forwarded'; readonly leader: number }
  | { readonly type: 'dropped'; readonly reason: DropReason };

export declare class RawNode {
  constructor(config: RaftConfig);
  tick(): void;
  step(message: PeerMessage): Refusal | undefined;
  stored(response: StorageResponse | PeerMessage): void;
  propose(data: Uint8Array): ProposalResult;
  campaign(): void;
  proposeConfChange(change: ConfChangeV2): ProposalResult;
  proposeSingleConfChange(change: ConfChange, context?: Uint8Array): ProposalResult;
  applyConfChange(change: ConfChangeV2): ConfState;
  readIndex(context: Uint8Array): Refusal | undefined;
  transferLeader(transferee: number): Refusal | undefined;
  forgetLeader(): void;
  reportUnreachable(id: number): void;
  reportSnapshot(id: number, succeeded: boolean): void;
  hasReady(): boolean;
  ready(): Ready;
  advance(): void;
  status(): NodeStatus;
}
