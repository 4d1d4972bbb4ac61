/** Large values as the simulator has them: small ones, cut as the largest are in a node, so that few bytes make many pieces. */
import type { PieceSizes } from '../../src/actors/data/upload-queue.js';

export const SIM_PIECES: PieceSizes = { largeValueBytes: 300, pieceBytes: 2_000, maxUnderWayBytes: 6_000 };
