/** How far the nodes are that refill, put together from what those that feed them tell: one line or bar a node. Pure. */

/** What is read of the report of a node. */
export interface FeederReport {
  readonly nodeId: string;
  readonly ecc:
    | {
        readonly incarnation: number;
        readonly transfers: readonly {
          readonly group: number;
          readonly position: number;
          readonly nodeId: string;
          readonly incarnation: number;
          readonly totalBytes: number;
          readonly doneBytes: number;
          readonly keptBytes: number;
          readonly bytesPerSecond: number;
        }[];
      }
    | undefined;
}

export interface NodeRecovery {
  readonly nodeId: string;
  /** Bytes of sealed segments that it has by now, of those that it is to have: done <= total. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Part of `doneBytes`: what it had from before, and was not sent. */
  readonly keptBytes: number;
  readonly bytesPerSecond: number;
  /** Undefined while it cannot be told: nothing has come lately. */
  readonly leftMs: number | undefined;
}

export type Transfer = NonNullable<FeederReport['ecc']>['transfers'][number];

/** @param reports as transfersUnderWay has them */
export function recoveryProgress(reports: readonly FeederReport[]): readonly NodeRecovery[] {
  const streams = transfersUnderWay(reports);
  const nodeIds = [...new Set(streams.map(({ nodeId }) => nodeId))].sort();
  return nodeIds.map((nodeId) =>
    sumOf(
      nodeId,
      streams.filter((stream) => stream.nodeId === nodeId),
    ),
  );
}

/**
 * Each stream of segments once.
 *
 * @param reports of all nodes that answer. What is told of a process life that is over does not count, and of two nodes that tell of
 * the same stream, one of which leads no more, the one counts that is further.
 */
export function transfersUnderWay(reports: readonly FeederReport[]): readonly Transfer[] {
  const lives = new Map(reports.map(({ nodeId, ecc }) => [nodeId, ecc?.incarnation]));
  const streams = new Map<string, Transfer>();
  for (const transfer of reports.flatMap(({ ecc }) => ecc?.transfers ?? [])) {
    const { group, position, nodeId, incarnation } = transfer;
    const life = lives.get(nodeId);
    if (life !== undefined && life !== incarnation) continue;
    const name = `${group} ${position} ${nodeId}`;
    const known = streams.get(name);
    if (known === undefined || known.doneBytes < transfer.doneBytes) streams.set(name, transfer);
  }
  return [...streams.values()];
}

/** Undefined while nothing comes. */
export function leftMsOf(leftBytes: number, bytesPerSecond: number): number | undefined {
  if (leftBytes === 0) return 0;
  return bytesPerSecond === 0 ? undefined : Math.round((leftBytes * 1000) / bytesPerSecond);
}

function sumOf(nodeId: string, streams: readonly Transfer[]): NodeRecovery {
  const sum = (of: (stream: Transfer) => number): number => streams.reduce((total, stream) => total + of(stream), 0);
  const doneBytes = sum((stream) => stream.doneBytes);
  const totalBytes = sum((stream) => stream.totalBytes);
  const keptBytes = sum((stream) => stream.keptBytes);
  const bytesPerSecond = sum((stream) => stream.bytesPerSecond);
  const leftMs = leftMsOf(totalBytes - doneBytes, bytesPerSecond);
  return { nodeId, doneBytes, totalBytes, keptBytes, bytesPerSecond, leftMs };
}
