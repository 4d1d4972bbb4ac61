/** Where a node that a benchmark starts listens. */
export interface NodePlace {
  readonly nodeId: string;
  /** Where it listens. */
  readonly host: string;
  /** By which others reach it: the same, or its proxy's. */
  readonly advertisedHost: string;
  readonly clientPort: number;
  readonly controlPort: number;
  readonly dataPort: number;
}
