import { describe, expect, test } from 'vitest';
import { LeaseLedger, type GrantContext } from '../../src/cluster/lease-ledger.js';
import { applyAll, life, newMap, nodes } from './some-maps.js';
import { heartbeatOf, NOW, TIMINGS } from './some-observations.js';

const MAP = newMap(3, 2);
const at = (nowMs: number, changed: Partial<GrantContext> = {}): GrantContext => ({
  nowMs,
  quorumContactMs: nowMs - 50,
  lastLogIndex: 42,
  aliveNodes: new Set(nodes(5)),
  map: MAP,
  ...changed,
});
const letGoOf = (number: number) => ({ member: life(number), group: 0, epoch: 1 });

describe('granting', () => {
  test('answers that heartbeat with a lease that names the last entry of the log', () => {
    expect(new LeaseLedger(TIMINGS).answer(heartbeatOf(life(1), {}, 9), at(NOW))).toEqual({
      incarnation: life(1).incarnation,
      sequence: 9,
      leaseMs: 500,
      mapIndex: 42,
      letGo: [],
    });
  });

  test('counts a lease from the answer, with drift', () => {
    const ledger = new LeaseLedger(TIMINGS);
    ledger.answer(heartbeatOf(life(1)), at(NOW));
    expect(ledger.leases(NOW + 549)).toEqual([{ member: life(1), endMs: NOW + 550 }]);
    expect(ledger.leases(NOW + 550)).toEqual([]);
  });

  test('keeps the leases of two lives of one node apart', () => {
    const ledger = new LeaseLedger(TIMINGS);
    ledger.answer(heartbeatOf(life(1)), at(NOW));
    ledger.answer(heartbeatOf(life(1, 2)), at(NOW + 300));
    expect(ledger.leases(NOW + 400)).toHaveLength(2);
    expect(ledger.leases(NOW + 600)).toEqual([{ member: life(1, 2), endMs: NOW + 850 }]);
  });

  test.each<[string, Partial<GrantContext>]>([
    ['the quorum contact is as old as the minimum election timeout', { quorumContactMs: NOW - 300 }],
    ['fewer than k holders heartbeat', { aliveNodes: new Set(nodes(2)) }],
    ['only spares make up the number', { aliveNodes: new Set([...nodes(2), life(6).nodeId]) }],
    ['there are no groups', { map: { ...MAP, groups: [] } }],
  ])('is refused when %s', (_, changed) => {
    const ledger = new LeaseLedger(TIMINGS);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW, changed)).leaseMs).toBe(0);
    expect(ledger.leases(NOW)).toEqual([]);
  });

  test('is not for nodes that hold nothing', () => {
    expect(new LeaseLedger(TIMINGS).answer(heartbeatOf(life(6)), at(NOW)).leaseMs).toBe(0);
  });

  test('goes on with contact one millisecond younger, and with k holders', () => {
    const changed = { quorumContactMs: NOW - 299, aliveNodes: new Set(nodes(3)) };
    expect(new LeaseLedger(TIMINGS).answer(heartbeatOf(life(1)), at(NOW, changed)).leaseMs).toBe(500);
  });
});

describe('asking a primary to let go', () => {
  const asking = (): LeaseLedger => {
    const ledger = new LeaseLedger(TIMINGS);
    ledger.ask([letGoOf(1)], MAP, NOW);
    return ledger;
  };

  test('goes with the answers to that member alone, which still has its leases', () => {
    const ledger = asking();
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW))).toMatchObject({
      letGo: [{ group: 0, epoch: 1 }],
      leaseMs: 500,
    });
    expect(ledger.answer(heartbeatOf(life(2)), at(NOW)).letGo).toEqual([]);
    expect(ledger.answer(heartbeatOf(life(1, 2)), at(NOW)).letGo).toEqual([]);
  });

  test('in vain for one lease time ends its leases, also when it is not asked for any more', () => {
    const ledger = asking();
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 499)).leaseMs).toBe(500);
    expect(ledger.overdue).toEqual([]);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 500)).leaseMs).toBe(0);
    expect(ledger.overdue).toEqual([letGoOf(1)]);
    ledger.ask([], MAP, NOW + 600);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 700)).leaseMs).toBe(0);
  });

  test('does not end the leases of a member that has let go', () => {
    const ledger = asking();
    const heartbeat = heartbeatOf(life(1), { letGo: [{ group: 0, epoch: 1 }] });
    expect(ledger.answer(heartbeat, at(NOW + 500)).leaseMs).toBe(500);
    expect(ledger.overdue).toEqual([]);
  });

  test('counts from the first time without a break', () => {
    const ledger = asking();
    ledger.ask([], MAP, NOW + 300);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 300)).letGo).toEqual([]);
    ledger.ask([letGoOf(1)], MAP, NOW + 400);
    ledger.ask([letGoOf(1)], MAP, NOW + 600);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 899)).leaseMs).toBe(500);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 900)).leaseMs).toBe(0);
  });

  test('is settled by a new epoch, after which leases are granted again', () => {
    const ledger = asking();
    ledger.answer(heartbeatOf(life(1)), at(NOW + 500));
    const renewed = applyAll(MAP, [{ type: 'renew', group: 0, epoch: 1 }]);
    ledger.ask([], renewed, NOW + 600);
    expect(ledger.overdue).toEqual([]);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW + 600, { map: renewed })).leaseMs).toBe(500);
  });

  test('of an epoch that is over is not passed on', () => {
    const ledger = new LeaseLedger(TIMINGS);
    ledger.ask([{ ...letGoOf(1), epoch: 2 }], MAP, NOW);
    expect(ledger.answer(heartbeatOf(life(1)), at(NOW)).letGo).toEqual([]);
  });
});
