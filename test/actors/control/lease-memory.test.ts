import { expect, test } from 'vitest';
import { leasePublisher, leaseReader, newLeaseMemory } from '../../../src/actors/control/lease-memory.js';

test('there is no lease before one is published; then the latest is read, end and index together', () => {
  const memory = newLeaseMemory();
  const [publish, read] = [leasePublisher(memory), leaseReader(memory)];
  expect(read()).toEqual({ leaseEndMs: 0, leaseMapIndex: 0 });
  publish({ leaseEndMs: 1234.5, mapIndex: 17 });
  publish({ leaseEndMs: 1334.5, mapIndex: 18 });
  expect(read()).toEqual({ leaseEndMs: 1334.5, leaseMapIndex: 18 });
});
