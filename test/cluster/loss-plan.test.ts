import { describe, expect, test } from 'vitest';
import { applyMapCommand } from '../../src/cluster/apply-map-command.js';
import { previewLosses, troublesOf } from '../../src/cluster/loss-plan.js';
import { planMapChange } from '../../src/cluster/map-planner.js';
import { groupOf, life, lives, newMap, node, nodes } from './some-maps.js';
import { NOW, observe, TIMINGS } from './some-observations.js';

/** Group 0: data on n1, n2, n3, parity on n4, n5. */
const MAP = { ...newMap(3, 2), groups: newMap(3, 2).groups.slice(0, 1) };
const SILENT = { heardMsAgo: TIMINGS.heartbeatTimeoutMs, leased: false };
const ANEW = { incarnation: 2, leased: false };
const accepted = { acceptedLosses: [{ group: 0, epoch: 1 }] };

describe('a group', () => {
  test('is in no trouble while k of its members are up', () => {
    expect(troublesOf(MAP, observe(MAP, 5, { 1: SILENT, 2: ANEW }))).toEqual([]);
  });

  test('is in trouble, and not lost, while enough of those who do not answer may return', () => {
    expect(troublesOf(MAP, observe(MAP, 5, { 1: SILENT, 2: SILENT, 4: ANEW }))).toEqual([
      { group: 0, epoch: 1, over: [node(4)], silent: [node(1), node(2)], isLost: false },
    ]);
  });

  test('is lost once too few are up or may return', () => {
    const [trouble] = troublesOf(MAP, observe(MAP, 5, { 1: ANEW, 2: ANEW, 4: ANEW }));
    expect(trouble).toEqual({ group: 0, epoch: 1, over: [node(1), node(2), node(4)], silent: [], isLost: true });
  });

  test('is lost as well when those who do not answer were removed from the cluster', () => {
    const changes = { 1: SILENT, 2: SILENT, 4: SILENT };
    expect(troublesOf(MAP, observe(MAP, 5, changes))[0]?.isLost).toBe(false);
    const members = nodes(5).filter((id) => id === node(3) || id === node(5));
    expect(troublesOf(MAP, observe(MAP, 5, changes, { members }))[0]?.isLost).toBe(true);
  });

  test('needs no more members than a declared loss has left', () => {
    const survivors = [life(3), life(5)];
    const after = applyMapCommand(MAP, { type: 'accept-loss', group: 0, epoch: 1, survivors, beginners: [] }, 9);
    expect(troublesOf(after, observe(after, 5, { 1: ANEW, 2: ANEW, 4: ANEW }))).toEqual([]);
    expect(troublesOf(after, observe(after, 5, { 3: ANEW }))[0]?.isLost).toBe(true);
  });
});

describe('a loss', () => {
  const three = { 1: ANEW, 2: ANEW, 4: ANEW };

  test('is not declared before somebody has said so', () => {
    expect(planMapChange(MAP, observe(MAP, 5, three))?.type).not.toBe('accept-loss');
  });

  test('is declared for the epoch that was accepted, with all who are up as survivors', () => {
    expect(planMapChange(MAP, observe(MAP, 5, three, accepted))).toEqual({
      type: 'accept-loss',
      group: 0,
      epoch: 1,
      survivors: [life(3), life(5)],
      beginners: [],
    });
    const other = { acceptedLosses: [{ group: 0, epoch: 2 }] };
    expect(planMapChange(MAP, observe(MAP, 5, three, other))?.type).not.toBe('accept-loss');
  });

  test('is not declared while enough may return, whoever has said what', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 1: SILENT, 2: SILENT, 4: SILENT }, accepted))).toBeUndefined();
  });

  test('waits for the leases of all who leave, and for a new leader to know them', () => {
    const leased = { ...three, 1: { incarnation: 2 } };
    expect(planMapChange(MAP, observe(MAP, 5, leased, accepted))?.type).not.toBe('accept-loss');
    const fresh = { ...accepted, leadsSinceMs: NOW - 100 };
    expect(planMapChange(MAP, observe(MAP, 5, three, fresh))?.type).not.toBe('accept-loss');
  });

  test('waits for a survivor that a new leader has not heard yet', () => {
    const changes = { ...three, 3: { incarnation: 0 } };
    const fresh = { ...accepted, leadsSinceMs: NOW - 690, leases: [], timings: { ...TIMINGS, leaseMs: 300 } };
    expect(planMapChange(MAP, observe(MAP, 5, changes, fresh))?.type).not.toBe('accept-loss');
  });

  test('lets a position that nobody knows begin empty, once its holder is up', () => {
    const changes = { 1: ANEW, 2: SILENT, 4: ANEW, 5: ANEW };
    const waiting = observe(MAP, 5, changes, accepted);
    expect(previewLosses(MAP, waiting)).toMatchObject([{ fates: ['emptied', 'emptied', 'kept'], missing: [node(2)] }]);
    expect(planMapChange(MAP, waiting)?.type).not.toBe('accept-loss');
    expect(planMapChange(MAP, observe(MAP, 5, { ...changes, 2: ANEW }, accepted))).toEqual({
      type: 'accept-loss',
      group: 0,
      epoch: 1,
      survivors: [life(3)],
      beginners: [life(1, 2), life(2, 2)],
    });
  });

  test('gives up a silent member as well, since nobody could leave the group before', () => {
    const observed = observe(MAP, 5, { ...three, 3: SILENT }, accepted);
    expect(planMapChange(MAP, observed)).toMatchObject({ survivors: [life(5)] });
  });

  test('is declared by itself under --on-loss reset, after silent members have been waited for', () => {
    const reset = { lossPolicy: 'reset' } as const;
    expect(planMapChange(MAP, observe(MAP, 5, three, reset))?.type).toBe('accept-loss');
    const waited = (heardMsAgo: number) => ({ ...three, 3: { heardMsAgo, leased: false } });
    expect(planMapChange(MAP, observe(MAP, 5, waited(5_000), reset))?.type).not.toBe('accept-loss');
    expect(planMapChange(MAP, observe(MAP, 5, waited(7_000), reset))?.type).toBe('accept-loss');
  });

  test('of everything is a cold start, not a declared loss', () => {
    const all = { 1: ANEW, 2: ANEW, 3: ANEW, 4: ANEW, 5: ANEW };
    expect(planMapChange(MAP, observe(MAP, 5, all, { lossPolicy: 'reset' }))?.type).toBe('cold-start');
  });

  test('is acknowledged when somebody has taken note of it', () => {
    const lost = applyMapCommand(MAP, { type: 'cold-start', epochs: [1], members: lives(5, 2) }, 9);
    const all = { 1: ANEW, 2: ANEW, 3: ANEW, 4: ANEW, 5: ANEW };
    const noted = { acknowledgedLosses: [{ group: 0, lossGeneration: 1 }] };
    expect(planMapChange(lost, observe(lost, 5, all))).toBeUndefined();
    const command = planMapChange(lost, observe(lost, 5, all, noted));
    expect(command).toEqual({ type: 'acknowledge-loss', group: 0, lossGeneration: 1 });
    expect(command && groupOf(applyMapCommand(lost, command, 10)).loss).toBe('none');
  });
});

describe('a group that is damaged', () => {
  const told = (epoch = 1): object => ({ report: { damaged: [{ group: 0, epoch }] } });

  test('counts as lost while all its members are up, though it is in no trouble; nobody would leave', () => {
    const observed = observe(MAP, 5, { 4: told() });
    expect(troublesOf(MAP, observed)).toEqual([]);
    expect(previewLosses(MAP, observed)).toEqual([
      {
        ...{ group: 0, epoch: 1, over: [], silent: [], isLost: true, missing: [] },
        ...{ survivors: [1, 2, 3, 4, 5].map((number) => life(number)), fates: ['decoded', 'decoded', 'decoded'] },
      },
    ]);
  });

  test('has its loss declared when somebody has accepted it, with all members as survivors', () => {
    expect(planMapChange(MAP, observe(MAP, 5, { 4: told() }))).toBeUndefined();
    const command = planMapChange(MAP, observe(MAP, 5, { 4: told() }, accepted));
    expect(command).toMatchObject({ type: 'accept-loss', group: 0, epoch: 1, beginners: [] });
    if (command === undefined) throw new Error('something is planned');
    const after = applyMapCommand(MAP, command, 9);
    expect(groupOf(after)).toMatchObject({
      epoch: 2,
      lossGeneration: 1,
      loss: 'declared',
      inSync: groupOf(MAP).inSync,
    });
    // What was told is of an epoch that is over.
    expect(previewLosses(after, observe(after, 5, { 4: told() }))).toEqual([]);
  });

  test('is left alone while a member is down: that is to be settled first', () => {
    const observed = observe(MAP, 5, { 1: SILENT, 4: told() }, accepted);
    expect(previewLosses(MAP, observed)).toEqual([]);
    expect(planMapChange(MAP, observed)?.type).toBe('remove');
  });

  test('is not when a node tells of another epoch', () => {
    expect(previewLosses(MAP, observe(MAP, 5, { 4: told(2) }))).toEqual([]);
  });
});
