/**
 * Finds the place of a node with an empty data folder: asks all first members who they are, round after round, until
 * cluster/admission.ts has a decision, and carries that out.
 */
import { assertNever } from '../../base/assert.js';
import { DcacheError } from '../../base/errors.js';
import { isClusterId } from '../../base/ids.js';
import type { Prng } from '../../base/prng.js';
import { decideAdmission, type Admission, type PeerAnswer } from '../../cluster/admission.js';
import type { Founder, Speaker } from '../../cluster/speaker.js';
import type { Scheduler } from '../runtime/scheduler.js';
import type { Place } from './cluster-identity.js';
import type { PeerTransport } from './ports.js';

const ROUND_MS = 250;
const HELLO_TIMEOUT_MS = 1_000;
const JOIN_TIMEOUT_MS = 15_000;

export interface FoundingParts {
  readonly speaker: () => Speaker;
  readonly founders: readonly Founder[];
  /** Whether it is to take the place of the node of its name though that one was at another address. */
  readonly replaces: boolean;
  readonly transport: PeerTransport;
  readonly scheduler: Scheduler;
  /** Spreads the rounds of several nodes. */
  readonly prng: Prng;
  onPlace(place: Place): void;
  /** Called after each round that did not end the search; undefined when nothing but waiting is to be done. */
  onProgress(obstacle: string | undefined): void;
  /** A defect; the search has ended. */
  onFailure(error: unknown): void;
}

export class Founding {
  private readonly parts: FoundingParts;
  /** Names of the first members that answered in the last round, this node included. */
  present: readonly string[];
  joining = false;
  private stopped = false;

  constructor(parts: FoundingParts) {
    this.parts = parts;
    this.present = [parts.speaker().nodeId];
  }

  start(): void {
    this.round().catch((error: unknown) => this.parts.onFailure(error));
  }

  stop(): void {
    this.stopped = true;
  }

  /** What others answer, or that they do not, is an obstacle, told, and tried again. Rejects only for a defect. */
  private async round(): Promise<void> {
    let outcome: Place | string | undefined;
    try {
      outcome = await this.decideAndAsk(await this.askAll());
    } catch (error) {
      if (!(error instanceof DcacheError)) throw error;
      outcome = error.message;
    }
    if (this.stopped) return;
    if (typeof outcome === 'object') {
      this.stopped = true;
      this.parts.onPlace(outcome);
      return;
    }
    this.parts.onProgress(outcome);
    this.parts.scheduler.after(this.parts.prng.between(ROUND_MS, 2 * ROUND_MS), () => {
      if (!this.stopped) this.start();
    });
  }

  private async askAll(): Promise<readonly PeerAnswer[]> {
    const self = this.parts.speaker();
    const others = this.parts.founders.filter(({ nodeId }) => nodeId !== self.nodeId);
    const answers = await Promise.all(
      others.map(async ({ controlAddress }): Promise<PeerAnswer | DcacheError | undefined> => {
        try {
          return {
            address: controlAddress,
            speaker: await this.parts.transport.hello(controlAddress, HELLO_TIMEOUT_MS),
          };
        } catch (error) {
          if (!(error instanceof DcacheError)) throw error;
          return error.code === 'UNREACHABLE' || error.code === 'DEADLINE_EXCEEDED' ? undefined : error;
        }
      }),
    );
    const refusal = answers.find((answer) => answer instanceof DcacheError);
    if (refusal !== undefined) throw refusal;
    return answers.filter((answer): answer is PeerAnswer => answer !== undefined && 'speaker' in answer);
  }

  /** The place, if there is one, or the obstacle, if there is one. */
  private async decideAndAsk(answers: readonly PeerAnswer[]): Promise<Place | string | undefined> {
    if (this.stopped) return undefined;
    const self = this.parts.speaker();
    this.present = [self.nodeId, ...answers.map(({ speaker }) => speaker.nodeId)];
    const admission: Admission = decideAdmission(self, this.parts.founders, answers);
    this.joining = admission.type === 'join';
    switch (admission.type) {
      case 'found':
        return {
          type: 'found',
          raftId: admission.raftId,
          founders: this.parts.founders.map((_, place) => place + 1),
        };
      case 'join':
        return this.join(admission.via);
      case 'wait':
        return undefined;
      case 'refused':
        return admission.refusal.message;
      default:
        return assertNever(admission, 'admission');
    }
  }

  /** Follows the nodes' word about who leads, at most once around. */
  private async join(via: readonly string[]): Promise<Place | string> {
    const toAsk = [...via];
    const asked = new Set<string>();
    for (let address = toAsk.shift(); address !== undefined && !this.stopped; address = toAsk.shift()) {
      if (asked.has(address)) continue;
      asked.add(address);
      const answer = await this.parts.transport.join(address, this.parts.replaces, JOIN_TIMEOUT_MS);
      if (answer.type === 'ask-leader') {
        if (answer.controlAddress !== undefined) toAsk.unshift(answer.controlAddress);
        continue;
      }
      if (!isClusterId(answer.clusterId)) return `${address} answered with a malformed cluster id`;
      return { type: 'joined', raftId: answer.raftId, founders: answer.founders, clusterId: answer.clusterId };
    }
    return 'the cluster has no leader at the moment, so it cannot admit this node';
  }
}
