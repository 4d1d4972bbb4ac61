/** The benchmark tool needs them as well. */
export { freePorts, isFree } from '../../src/bench/cluster/free-ports.js';
