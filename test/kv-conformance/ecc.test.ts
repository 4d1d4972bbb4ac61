import { ProcessCluster } from '../support/process-cluster.js';
import { describeKv } from './suite.js';

describeKv('an ecc cluster of five nodes, RS(3,2)', () =>
  ProcessCluster.start({ mode: 'ecc', nodes: 5, code: { k: 3, m: 2 } }),
);
describeKv('an ecc cluster of three nodes, RS(2,1)', () =>
  ProcessCluster.start({ mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } }),
);
describeKv('a single ecc node, RS(1,0)', () => ProcessCluster.start({ mode: 'ecc', nodes: 1 }));
