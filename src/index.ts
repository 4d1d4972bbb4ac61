/** What `import ... from 'dcache'` gives. */
export { DcacheClient, type DcacheClientOptions } from './client/client.js';
export { DcacheError, ERRORS, type ErrorCode, type Outcome } from './base/errors.js';
export { startNode, type StartedNode } from './node/start-node.js';
export type { NodeOptions } from './node/config.js';
export type { NodeListener } from './node/node.js';
export type * from './store/requests.js';
