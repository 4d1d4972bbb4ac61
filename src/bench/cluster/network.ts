/** What lies between the nodes of a cluster that is started here, when links between them are to be disturbed. */
import type { LinkCondition } from './link-flow.js';
import type { NodePlace } from './node-place.js';

export interface ClusterNetwork {
  /** Where node `number`, from 1, listens, and by which address the others reach it. */
  hostsOf(number: number): Pick<NodePlace, 'host' | 'advertisedHost'>;
  /** Called once, before the first node is started. @param pids of the nodes that run, by node id */
  open(places: readonly NodePlace[], pids: () => ReadonlyMap<string, number>): Promise<void>;
  /** The command line by which a node is started at its place in the network. */
  commandAt(nodeId: string, command: readonly string[]): readonly string[];
  /** What happens to what `from` sends to `to` from now on, whoever has opened the connection. */
  set(from: string, to: string, condition: LinkCondition): Promise<void>;
  /** Ends all connections between two nodes, as a firewall does that forgets them. They may be opened anew. @returns how many there were. */
  reset(one: string, other: string): number;
  /** After the last node has ended. */
  close(): Promise<void>;
}
