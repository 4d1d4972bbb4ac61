import { startProcesses } from './processes.js';
import { describeKv } from './suite.js';

describeKv('a raft cluster of three nodes', () => startProcesses({ mode: 'raft', nodes: 3 }), { losses: 1 });
describeKv('a single raft node', () => startProcesses({ mode: 'raft', nodes: 1 }));
