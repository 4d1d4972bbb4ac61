/** A data plane as the node owns it, with what has to be opened for it and closed again: raft-plane.ts, ecc-plane.ts. */
import type { DataPlane } from '../actors/data-plane.js';

export interface NodePlane {
  readonly data: DataPlane;
  /** Once, before the control thread starts. Rejects with a DcacheError. */
  open(): Promise<void>;
  /** Ends whatever is under way and releases everything. */
  close(): Promise<void>;
}
