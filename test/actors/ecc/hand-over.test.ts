import { beforeEach, expect, test } from 'vitest';
import { HandOver } from '../../../src/actors/ecc/hand-over.js';
import { NULL_LOGGER } from '../../../src/base/log.js';

class Service {
  draining = false;
  isDrained = false;
  drain(): void {
    this.draining = true;
  }
  resume(): void {
    this.draining = false;
  }
}

let replica: { epoch: number; letGo(epoch: number): void };
let letGo: number[];
let services: Service[];
let handOver: HandOver;

beforeEach(() => {
  letGo = [];
  replica = { epoch: 3, letGo: (epoch) => letGo.push(epoch) };
  services = [new Service(), new Service()];
  handOver = new HandOver({ group: 0, replica, logger: NULL_LOGGER, services: () => services });
});

test('the group is let go of, once, when all that is led there is drained', () => {
  handOver.begin(3, 0);
  expect(services.map(({ draining }) => draining)).toEqual([true, true]);
  for (const service of services) {
    expect(handOver.step(1)).toBe(false);
    service.isDrained = true;
  }
  expect(handOver.step(2)).toBe(true);
  handOver.begin(3, 3);
  expect(handOver.step(4)).toBe(false);
  expect(letGo).toEqual([3]);
});

test('a request for another epoch is of a plan that is over', () => {
  handOver.begin(2, 0);
  expect(services.some(({ draining }) => draining)).toBe(false);
});

test('a new epoch makes an end of it: whoever still leads serves again', () => {
  handOver.begin(3, 0);
  replica.epoch = 4;
  expect(handOver.step(1)).toBe(false);
  expect(services.map(({ draining }) => draining)).toEqual([false, false]);
});

test('what cannot be drained in reasonable time is served again until it is asked for anew', () => {
  handOver.begin(3, 0);
  expect(handOver.step(499)).toBe(false);
  expect(services[0]?.draining).toBe(true);
  handOver.step(500);
  expect(services[0]?.draining).toBe(false);
  handOver.begin(3, 600);
  for (const service of services) service.isDrained = true;
  expect(handOver.step(601)).toBe(true);
});
