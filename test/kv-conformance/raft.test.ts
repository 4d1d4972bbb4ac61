import { requireBuild } from '../support/dist.js';
import { ProcessCluster } from '../support/process-cluster.js';
import { describeKv } from './suite.js';

requireBuild();

// One log entry holds one value, and on a slow machine three nodes take longer to flush the largest than a leader may be silent.
const LARGE_VALUE_BYTES = 8 * 1024 * 1024;

describeKv('a raft cluster of three nodes', () => ProcessCluster.start({ mode: 'raft', nodes: 3 }), LARGE_VALUE_BYTES);
describeKv('a single raft node', () => ProcessCluster.start({ mode: 'raft', nodes: 1 }));
