/**
 * The failures of one request at each of the nodes that a client knows: what they mean together. One node that is down says
 * nothing about the others, and what the others say tells a caller more than that nobody listens at some address.
 */
import { DcacheError } from '../base/errors.js';

interface Failure {
  readonly address: string;
  readonly error: DcacheError;
}

export class Round {
  private readonly failures: Failure[] = [];

  /** Nodes asked in this round. */
  get asked(): number {
    return this.failures.length;
  }

  add(address: string, error: DcacheError): void {
    this.failures.push({ address, error });
  }

  /** Whether waiting will not help soon: every node said that too few nodes are up, or did not answer. */
  get isFinal(): boolean {
    return this.failures.every(({ error }) => error.code === 'NOT_ENOUGH_NODES' || error.code === 'UNREACHABLE');
  }

  /** What to tell the caller: the word of the last node that answered, or that nobody did. */
  verdict(): DcacheError {
    const answer = this.failures.findLast(({ error }) => error.code !== 'UNREACHABLE');
    if (answer !== undefined) return answer.error;
    const [only, ...others] = this.failures;
    if (only !== undefined && others.length === 0) return only.error;
    const addresses = this.failures.map(({ address }) => address).join(', ');
    return new DcacheError('UNREACHABLE', `none of ${this.failures.length} nodes answers: ${addresses}`);
  }
}
