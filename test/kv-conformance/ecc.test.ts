import { LESS } from './context.js';
import { startProcesses } from './processes.js';
import { describeKv } from './suite.js';

describeKv(
  'an ecc cluster of five nodes, RS(3,2)',
  () => startProcesses({ mode: 'ecc', nodes: 5, code: { k: 3, m: 2 } }),
  {
    losses: 2,
  },
);
describeKv(
  'an ecc cluster of six nodes, RS(4,2)',
  () => startProcesses({ mode: 'ecc', nodes: 6, code: { k: 4, m: 2 } }),
  {
    losses: 2,
    effort: LESS,
  },
);
describeKv(
  'an ecc cluster of three nodes, RS(2,1)',
  () => startProcesses({ mode: 'ecc', nodes: 3, code: { k: 2, m: 1 } }),
  {
    losses: 1,
    effort: LESS,
  },
);
describeKv('a single ecc node, RS(1,0)', () => startProcesses({ mode: 'ecc', nodes: 1 }));
