import { beforeEach, expect, test } from 'vitest';
import { LeaseReader, type PublishedGrant } from '../../../src/actors/ecc/lease-reader.js';

let nowMs: number;
let grant: PublishedGrant;
let lease: LeaseReader;

beforeEach(() => {
  nowMs = 1_000;
  grant = { leaseEndMs: 0, leaseMapIndex: 0 };
  lease = new LeaseReader({ readGrant: () => grant, nowMs: () => nowMs });
});

test('without a grant there is no lease', () => {
  expect(lease.isHeld).toBe(false);
  expect(lease.leftMs).toBe(0);
});

test('a grant holds up to its end', () => {
  grant = { leaseEndMs: 1_500, leaseMapIndex: 0 };
  expect(lease.leftMs).toBe(500);
  nowMs = 1_499;
  expect(lease.isHeld).toBe(true);
  nowMs = 1_500;
  expect(lease.isHeld).toBe(false);
});

test('a grant counts once the map is applied as far as it says', () => {
  grant = { leaseEndMs: 1_500, leaseMapIndex: 7 };
  lease.onMapApplied(6);
  expect(lease.isHeld).toBe(false);
  lease.onMapApplied(7);
  expect(lease.isHeld).toBe(true);
});

test('a grant that does not count yet does not end an earlier one', () => {
  grant = { leaseEndMs: 1_500, leaseMapIndex: 0 };
  expect(lease.isHeld).toBe(true);
  grant = { leaseEndMs: 1_900, leaseMapIndex: 3 };
  nowMs = 1_400;
  expect(lease.leftMs).toBe(100);
  nowMs = 1_600;
  expect(lease.isHeld).toBe(false);
});

test('a control thread that begins anew does not take a grant back', () => {
  grant = { leaseEndMs: 1_500, leaseMapIndex: 0 };
  expect(lease.isHeld).toBe(true);
  grant = { leaseEndMs: 0, leaseMapIndex: 0 };
  expect(lease.leftMs).toBe(500);
});

test('a grant that was looked at while it counted holds when a newer one does not count yet', () => {
  grant = { leaseEndMs: 1_500, leaseMapIndex: 3 };
  lease.onMapApplied(3);
  nowMs = 1_300;
  grant = { leaseEndMs: 1_800, leaseMapIndex: 3 };
  lease.look();
  grant = { leaseEndMs: 1_900, leaseMapIndex: 5 };
  nowMs = 1_600;
  lease.onMapApplied(4);
  expect(lease.leftMs).toBe(200);
});
