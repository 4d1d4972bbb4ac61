import { beforeEach, expect, test } from 'vitest';
import type { Place } from '../../../src/actors/control/cluster-identity.js';
import { Founding } from '../../../src/actors/control/founding.js';
import type { JoinAnswer, PeerTransport } from '../../../src/actors/control/ports.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { RaftId } from '../../../src/base/ids.js';
import { Prng } from '../../../src/base/prng.js';
import type { Speaker } from '../../../src/cluster/speaker.js';
import { CLUSTER, speaker, THREE } from '../../cluster/some-members.js';
import { VirtualScheduler } from '../../support/virtual-scheduler.js';

const ADMITTED: JoinAnswer = { type: 'admitted', raftId: 4 as RaftId, clusterId: CLUSTER, founders: [1, 2, 3] };

/** Who answers what, by control address. */
class ScriptedPeers implements Pick<PeerTransport, 'hello' | 'join'> {
  readonly hellos = new Map<string, Speaker | DcacheError>();
  readonly joins = new Map<string, JoinAnswer | DcacheError>();
  readonly asked: string[] = [];

  hello(address: string): Promise<Speaker> {
    return answer(this.hellos.get(address));
  }

  join(address: string): Promise<JoinAnswer> {
    this.asked.push(address);
    return answer(this.joins.get(address));
  }
}

function answer<T>(scripted: T | DcacheError | undefined): Promise<T> {
  if (scripted instanceof DcacheError) return Promise.reject(scripted);
  if (scripted === undefined) return Promise.reject(new DcacheError('UNREACHABLE', 'nobody there'));
  return Promise.resolve(scripted);
}

const [N2, N3] = ['127.0.0.1:7202', '127.0.0.1:7203'];
const aMember = (nodeId: string): Speaker => speaker(nodeId, { raftId: 2, clusterId: CLUSTER });

let scheduler: VirtualScheduler;
let peers: ScriptedPeers;
let founding: Founding;
let places: Place[];
let progress: (string | undefined)[];

beforeEach(() => {
  scheduler = new VirtualScheduler();
  peers = new ScriptedPeers();
  places = [];
  progress = [];
  const self = speaker('n1');
  const unused = (): never => {
    throw new Error('a node without a place has nobody to send to');
  };
  founding = new Founding({
    speaker: () => self,
    founders: THREE,
    replaces: true,
    transport: {
      hello: (address) => peers.hello(address),
      join: (address) => peers.join(address),
      send: unused,
      setPeers: unused,
      connected: unused,
      sendControl: unused,
      sendSnapshot: unused,
    },
    scheduler,
    prng: new Prng(1),
    onPlace: (place) => places.push(place),
    onProgress: (obstacle) => progress.push(obstacle),
    onFailure: (error) => {
      throw error;
    },
  });
});

test('asks again, round after round, until a majority is there; then founds', async () => {
  founding.start();
  await scheduler.advance(1_000);
  expect(places).toEqual([]);
  expect(founding.present).toEqual(['n1']);
  expect(progress.length).toBeGreaterThanOrEqual(2);
  expect(new Set(progress)).toEqual(new Set([undefined]));

  peers.hellos.set(N2, speaker('n2'));
  await scheduler.advance(600);
  expect(places).toEqual([{ type: 'found', raftId: 1, founders: [1, 2, 3] }]);
  expect(founding.present).toEqual(['n1', 'n2']);
});

test('joins a cluster that one of the peers belongs to', async () => {
  peers.hellos.set(N3, aMember('n3'));
  peers.joins.set(N3, ADMITTED);
  founding.start();
  await scheduler.settle();
  expect(places).toEqual([{ type: 'joined', raftId: 4, clusterId: CLUSTER, founders: [1, 2, 3] }]);
});

test('follows the word about who leads, and does not ask in circles', async () => {
  peers.hellos.set(N2, aMember('n2'));
  peers.joins.set(N2, { type: 'ask-leader', controlAddress: 'leader:1' });
  peers.joins.set('leader:1', { type: 'ask-leader', controlAddress: N2 });
  founding.start();
  await scheduler.settle();
  expect(peers.asked).toEqual([N2, 'leader:1']);
  expect(progress).toEqual(['the cluster has no leader at the moment, so it cannot admit this node']);

  peers.joins.set('leader:1', ADMITTED);
  await scheduler.advance(600);
  expect(places).toHaveLength(1);
});

test('tells why it is not admitted, and goes on asking', async () => {
  peers.hellos.set(N2, aMember('n2'));
  peers.joins.set(N2, new DcacheError('NOT_A_MEMBER', 'nobody expects n1'));
  founding.start();
  await scheduler.settle();
  expect(progress).toEqual(['nobody expects n1']);
  expect(founding.joining).toBe(true);
  peers.joins.set(N2, ADMITTED);
  await scheduler.advance(600);
  expect(places).toHaveLength(1);
});

test('tells why a peer refuses its greeting', async () => {
  peers.hellos.set(N2, new DcacheError('CONFIG_INVALID', 'another mode'));
  founding.start();
  await scheduler.settle();
  expect(progress).toEqual(['another mode']);
  expect(places).toEqual([]);
});

test('an admission to a cluster without a proper name is not taken', async () => {
  peers.hellos.set(N2, aMember('n2'));
  peers.joins.set(N2, { ...ADMITTED, clusterId: 'x' });
  founding.start();
  await scheduler.settle();
  expect(progress).toEqual([`${N2} answered with a malformed cluster id`]);
});

test('once stopped it asks nobody and takes no place', async () => {
  founding.start();
  founding.stop();
  peers.hellos.set(N2, speaker('n2'));
  await scheduler.advance(2_000);
  expect([places, progress]).toEqual([[], []]);
});
