import { requireBuild } from '../support/dist.js';
import { ProcessCluster } from '../support/process-cluster.js';
import { describeKv } from './suite.js';

requireBuild();

describeKv('an ecc cluster of three nodes, RS(2,1)', () => ProcessCluster.start({ mode: 'ecc', nodes: 3 }));
