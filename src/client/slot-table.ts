/** Who leads which slots of a cluster of ecc mode, as far as its nodes have told. Empty in raft mode. */
import type { Topology } from '../adapters/grpc/backend.js';
import { parseAddress } from '../base/address.js';
import { partitionOfSlot, slotOf } from '../cluster/slots.js';
import type { KvRequest } from '../store/requests.js';

export class SlotTable {
  private k = 0;
  /** Client address of the primary of each partition, k for each group; empty while it is not known. */
  private primaries: string[] = [];
  /** Index of the map that says so. */
  private mapIndex = 0;

  /** Undefined when no address is known, or when the request is not about one key: then any node is as good as another. */
  primaryFor(request: KvRequest): string | undefined {
    if (this.k === 0 || !('key' in request)) return undefined;
    const { group, position } = partitionOfSlot(slotOf(request.key), this.primaries.length / this.k, this.k);
    const primary = this.primaries[group * this.k + position];
    return primary === '' ? undefined : primary;
  }

  /** Takes the word of a node unless a newer one is known. @returns whether it was taken. */
  learn({ k, primaries, mapIndex }: Topology): boolean {
    if (k === 0 || primaries.length % k !== 0 || mapIndex < this.mapIndex) return false;
    this.k = k;
    this.primaries = primaries.map((address) => (parseAddress(address) === undefined ? '' : address));
    this.mapIndex = mapIndex;
    return true;
  }

  /** Nothing is known any more of the slots of that node. The next word about them is taken, whatever map it goes by. */
  forget(address: string): void {
    this.primaries = this.primaries.map((known) => (known === address ? '' : known));
    this.mapIndex = 0;
  }

  names(address: string): boolean {
    return this.primaries.includes(address);
  }
}
