import { beforeEach, expect, test } from 'vitest';
import { EccLeadership } from '../../../src/actors/control/ecc-leadership.js';
import { encodeContactContext } from '../../../src/actors/control/read-context.js';
import { NULL_LOGGER } from '../../../src/base/log.js';
import { MapTable } from '../../../src/actors/control/map-table.js';
import { DEFAULT_ECC_TIMINGS } from '../../../src/cluster/ecc-timings.js';
import { EMPTY_REPORT, type Heartbeat, type HeartbeatReply } from '../../../src/cluster/heartbeat.js';
import { life, lives } from '../../cluster/some-maps.js';
import { LoneLeader } from './lone-leader.js';

const { heartbeatMs, leaseMs, minElectionTimeoutMs } = DEFAULT_ECC_TIMINGS;
const [K, M] = [2, 1];

/** A leadership whose quorum answers when the test lets it. */
class Fixture {
  readonly node = new LoneLeader();
  readonly table = new MapTable();
  leadership: EccLeadership;
  isCaughtUp = true;
  private sequence = 0;

  private constructor() {
    this.leadership = this.newLeadership();
  }

  static async leading(): Promise<Fixture> {
    const fixture = new Fixture();
    await fixture.node.lead();
    fixture.leadership = fixture.newLeadership();
    fixture.leadership.start();
    await fixture.settle();
    return fixture;
  }

  private newLeadership(): EccLeadership {
    return new EccLeadership({
      ecc: { k: K, m: M, timings: DEFAULT_ECC_TIMINGS },
      incarnation: 5,
      term: this.node.driver.raw.status().hardState.term,
      driver: this.node.driver,
      scheduler: this.node.scheduler,
      logger: NULL_LOGGER,
      map: () => this.table.current,
      members: () => [],
      isCaughtUp: () => this.isCaughtUp,
    });
  }

  heartbeat(number: number, changed: Partial<Heartbeat> = {}): HeartbeatReply | undefined {
    return this.leadership.onHeartbeat({
      ...EMPTY_REPORT,
      ...life(number),
      sequence: ++this.sequence,
      answeredIn: this.node.driver.raw.status().hardState.term,
      ...changed,
    });
  }

  /** Lets the quorum answer what has been asked, and applies what has been committed. */
  async settle(): Promise<void> {
    await this.node.scheduler.settle();
    for (const state of this.node.readStates.splice(0)) this.leadership.onReadState(state);
    await this.apply();
  }

  async apply(): Promise<void> {
    const entries = this.node.committed.splice(0);
    for (const entry of entries) this.table.onEntry(entry);
    const last = entries.at(-1);
    if (last !== undefined) this.leadership.onApplied(last.index);
    await this.node.scheduler.settle();
  }

  async createGroups(): Promise<void> {
    for (const number of [1, 2, 3]) this.heartbeat(number);
    await this.settle();
    expect(this.table.current.groups).toHaveLength(K + M);
  }
}

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.leading();
});

test('the groups are created as soon as enough nodes heartbeat', async () => {
  fixture.heartbeat(1);
  fixture.heartbeat(2);
  await fixture.settle();
  expect(fixture.table.current.groups).toEqual([]);
  fixture.heartbeat(3);
  await fixture.settle();
  expect(fixture.table.current.groups.map(({ inSync }) => inSync.length)).toEqual([3, 3, 3]);
  expect(fixture.table.current.groups[0]?.inSync).toEqual(lives(3));
});

test('nothing is proposed before everything committed has been applied', async () => {
  fixture.isCaughtUp = false;
  const entries = fixture.node.log.lastIndex();
  for (const number of [1, 2, 3]) fixture.heartbeat(number);
  await fixture.settle();
  expect(fixture.node.log.lastIndex()).toBe(entries);
});

test('one command of a group is under way at a time, the next follows when it has been applied', async () => {
  await fixture.createGroups();
  const before = fixture.node.log.lastIndex();
  // Its earlier life leaves the group in which it leads nothing, then the new one joins there.
  fixture.heartbeat(1, { ...life(1, 2) });
  await fixture.node.scheduler.advance(3 * heartbeatMs);
  expect(fixture.node.log.lastIndex()).toBe(before + 1);
  expect(fixture.table.current.groups.map(({ epoch }) => epoch)).toEqual([1, 1, 1]);
  await fixture.apply();
  expect(fixture.table.current.groups.map(({ epoch }) => epoch).sort()).toEqual([1, 1, 2]);
  expect(fixture.node.log.lastIndex()).toBe(before + 2);
});

test('commands of several groups are under way together', async () => {
  await fixture.createGroups();
  const before = fixture.node.log.lastIndex();
  const { groups } = fixture.table.current;
  for (const number of [2, 3])
    fixture.heartbeat(number, { letGo: groups.map(({ id: group, epoch }) => ({ group, epoch })) });
  await fixture.node.scheduler.advance(3 * heartbeatMs);
  expect(fixture.node.log.lastIndex()).toBe(before + groups.length);
  await fixture.apply();
  expect(fixture.table.current.groups.map(({ epoch }) => epoch)).toEqual([2, 2, 2]);
});

test('a grant names the last entry of the log, committed or not', async () => {
  await fixture.createGroups();
  const reply = fixture.heartbeat(1);
  expect(reply).toMatchObject({ leaseMs, mapIndex: fixture.node.driver.raw.status().lastIndex });
  fixture.node.driver.turn((raw) => raw.propose(Uint8Array.of(9)));
  expect(fixture.heartbeat(2)?.mapIndex).toBe((reply?.mapIndex ?? 0) + 1);
});

test('no lease is granted when the newest confirmed question to the quorum is older than an election takes', async () => {
  await fixture.createGroups();
  const confirm = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      await fixture.node.scheduler.advance(50);
      for (const number of [1, 2, 3]) fixture.heartbeat(number);
    }
  };
  // Questions are asked, and their answers are held back.
  await confirm(minElectionTimeoutMs + heartbeatMs);
  expect(fixture.heartbeat(1)?.leaseMs).toBe(0);
  await fixture.settle();
  expect(fixture.heartbeat(1)?.leaseMs).toBe(leaseMs);
});

test('an answer to the question of another life or leadership is no contact', async () => {
  await fixture.createGroups();
  await fixture.node.scheduler.advance(minElectionTimeoutMs + heartbeatMs);
  for (const number of [1, 2, 3]) fixture.heartbeat(number);
  const asked = fixture.node.readStates.length;
  const { term } = fixture.node.driver.raw.status().hardState;
  for (const context of [encodeContactContext(6, term, asked), encodeContactContext(5, term - 1, asked)]) {
    fixture.leadership.onReadState({ index: 1, context });
  }
  expect(fixture.heartbeat(1)?.leaseMs).toBe(0);
});

test('the heartbeat of a life that is over is not answered', async () => {
  await fixture.createGroups();
  fixture.heartbeat(1, { ...life(1, 2) });
  expect(fixture.heartbeat(1, { ...life(1, 1) })).toBeUndefined();
});
