/**
 * Commands that change the cluster map, planned by the Raft leader (map-planner.ts) and carried by Raft.
 *
 * I3: every command carries the epochs, incarnations and join indexes that it was planned from; they are checked again when it is
 * applied, and if any differs it has no effect.
 */
import type { NodeId } from '../base/ids.js';
import type { GroupMember } from './cluster-map.js';

/** `by`, primary of `position` in `epoch`, holds a learner to be complete (DESIGN.md, I6). */
export interface Declaration {
  readonly group: number;
  readonly position: number;
  readonly epoch: number;
  readonly learner: GroupMember;
  readonly joinIndex: number;
}

export interface AttributedDeclaration extends Declaration {
  readonly by: GroupMember;
}

export type MapCommand =
  /** The first of a cluster: all members in sync, epoch 1. Without effect when there are groups. */
  | {
      readonly type: 'create-groups';
      readonly k: number;
      readonly m: number;
      /** Holders of each group, n of them. */
      readonly groups: readonly (readonly NodeId[])[];
      /** The process life of every holder. */
      readonly members: readonly GroupMember[];
    }
  /** `member` leaves the in-sync set: a new epoch. Never leaves fewer than k in sync. */
  | { readonly type: 'remove'; readonly group: number; readonly epoch: number; readonly member: GroupMember }
  /** A new epoch with the same members: the answer to letting go when none may leave. */
  | { readonly type: 'renew'; readonly group: number; readonly epoch: number }
  /** `member` begins to learn, in place of an earlier attempt of its node. No new epoch. */
  | {
      readonly type: 'join';
      readonly group: number;
      readonly epoch: number;
      readonly member: GroupMember;
      /** joinIndex of the attempt of that node that it replaces; 0: there is none. */
      readonly replaces: number;
    }
  /** A learner is given up. No new epoch. */
  | {
      readonly type: 'stop-joining';
      readonly group: number;
      readonly member: GroupMember;
      readonly joinIndex: number;
    }
  /** A learner that all primaries concerned have declared complete in this epoch comes in sync: a new epoch. */
  | {
      readonly type: 'promote';
      readonly group: number;
      readonly epoch: number;
      readonly member: GroupMember;
      readonly joinIndex: number;
      readonly declarations: readonly AttributedDeclaration[];
    }
  | { readonly type: 'raise-floor'; readonly group: number; readonly versionFloor: number }
  /**
   * Every in-sync incarnation of every group has been succeeded by a newer one of its node: all groups begin empty, all
   * members in sync, under a new epoch, with lossGeneration + 1, behind the version floor.
   */
  | {
      readonly type: 'cold-start';
      /** By group. */
      readonly epochs: readonly number[];
      readonly members: readonly GroupMember[];
    }
  /**
   * A loss is declared: too few of those in sync can come back for anything to be rebuilt from them, or, with all of them among the
   * `survivors`, something that they hold is damaged beyond that. A new epoch with
   * lossGeneration + 1, in which `survivors` stay with what they hold. The others are out, and whoever was learning begins again. A
   * data position whose holder is lost gets an acting primary among the surviving parity holders, who know its index; where there
   * is none it begins empty at `beginners`, the living process of its holder, behind the version floor.
   */
  | {
      readonly type: 'accept-loss';
      readonly group: number;
      readonly epoch: number;
      readonly survivors: readonly GroupMember[];
      readonly beginners: readonly GroupMember[];
    }
  /**
   * `by`, a spare, gets the place of `holder`, which was taken out of the cluster for good. Only while that one is neither in sync nor
   * joining: nobody leads or backs anything by that place then, so no configuration changes, and there is no new epoch. `by` then joins
   * like a holder that comes back with nothing.
   */
  | {
      readonly type: 'replace-holder';
      readonly group: number;
      readonly epoch: number;
      readonly holder: NodeId;
      readonly by: NodeId;
    }
  /** Somebody has taken note of the losses of a group up to this generation. No new epoch. */
  | { readonly type: 'acknowledge-loss'; readonly group: number; readonly lossGeneration: number };
