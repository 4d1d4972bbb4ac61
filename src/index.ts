/** What `import ... from 'dcache'` gives. */
export { DcacheClient, type KeyState, type SetResult, type Versioned } from './client/client.js';
export { bufferCodec, jsonCodec, jsonCodecOf, stringCodec, type Codec, type JsonValue } from './client/codec.js';
export { DcacheBatchError, type KeyFailure } from './client/multi-key.js';
export type { CallOptions, DcacheClientOptions, DeleteOptions, Key, SetOptions } from './client/options.js';
export type { LossEvent } from './client/loss-watch.js';
export type { BytesKeys, ScanItem, ScanOptions } from './client/scan.js';
export { DcacheError, ERRORS, type ErrorCode, type Outcome } from './base/errors.js';
export { startNode, type StartedNode } from './node/start-node.js';
export type { NodeOptions } from './node/node-options.js';
export type { NodeListener } from './node/node.js';
