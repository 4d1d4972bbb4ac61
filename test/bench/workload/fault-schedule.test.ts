import { describe, expect, it } from 'vitest';
import { planFaults, type FaultFlags } from '../../../src/bench/workload/fault-schedule.js';

const NONE: FaultFlags = { kill: [], restart: [], pause: [], cut: [] };
const NODES = ['n1', 'n2', 'n3'];
const plan = (flags: Partial<FaultFlags>): unknown => planFaults({ ...NONE, ...flags }, NODES, 30_000);

describe('a schedule of faults', () => {
  it('is carried out in the order of its times, pauses and cuts with their ends', () => {
    expect(plan({ kill: ['n2@10s'], restart: ['n2@20s'], pause: ['n3@5s+3s'], cut: ['n1-n2@1.5s+500ms'] })).toEqual([
      { type: 'cut', between: ['n1', 'n2'], atMs: 1500 },
      { type: 'mend', between: ['n1', 'n2'], atMs: 2000 },
      { type: 'pause', nodeId: 'n3', atMs: 5000 },
      { type: 'resume', nodeId: 'n3', atMs: 8000 },
      { type: 'kill', nodeId: 'n2', atMs: 10_000 },
      { type: 'restart', nodeId: 'n2', atMs: 20_000 },
    ]);
  });

  it('may kill the same node again after its restart', () => {
    expect(plan({ kill: ['n1@1s', 'n1@3s'], restart: ['n1@2s'] })).toHaveLength(3);
  });

  it.each<[Partial<FaultFlags>, RegExp]>([
    [{ kill: ['soon'] }, /--kill is "soon"; it must be NODE@TIME, like n2@10s/],
    [{ kill: ['n2@10'] }, /--kill is "n2@10"/],
    [{ restart: ['n2@-1s'] }, /--restart is "n2@-1s"/],
    [{ pause: ['n3@5s'] }, /--pause is "n3@5s"; it must be NODE@TIME\+LENGTH/],
    [{ cut: ['n1@5s+1s'] }, /--cut is "n1@5s\+1s"; it must be NODE-NODE@TIME\+LENGTH/],
    [{ cut: ['n1-n1@5s+1s'] }, /a node cannot be cut off from itself/],
    [{ kill: ['n9@1s'] }, /--kill names n9, which is not started here; the nodes are n1, n2, n3/],
    [{ kill: ['n1@31s'] }, /the run is over after 30000 ms; see --duration/],
    [{ pause: ['n1@29s+2s'] }, /--pause of n1 is for 31000 ms/],
    [{ restart: ['n1@5s'] }, /restart n1 at 5000 ms: n1 runs then; kill it first/],
    [{ kill: ['n1@5s', 'n1@6s'] }, /n1 has been killed already; restart it first/],
    [{ kill: ['n1@5s'], pause: ['n1@4s+3s'] }, /n1 is paused then/],
    [{ kill: ['n1@5s'], pause: ['n1@6s+3s'] }, /n1 is down then/],
    [{ cut: ['n1-n2@5s+5s', 'n2-n1@6s+1s'] }, /n2-n1 is cut already/],
  ])('that makes no sense is refused with the reason: %j', (flags, reason) => {
    expect(() => plan(flags)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
    expect(() => plan(flags)).toThrow(reason);
  });
});
