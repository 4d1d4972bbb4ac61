import { requireBuild } from '../support/dist.js';
import { ProcessCluster } from '../support/process-cluster.js';
import { describeKv } from './suite.js';

requireBuild();

describeKv('a raft cluster of three nodes', () => ProcessCluster.start({ mode: 'raft', nodes: 3 }));
describeKv('a single raft node', () => ProcessCluster.start({ mode: 'raft', nodes: 1 }));
