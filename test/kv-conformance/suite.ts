/**
 * The Kv conformance suite: what every mode and every size of cluster answers, through the public client, with all nodes up and with
 * nodes down. A cluster goes through its states from health to the most nodes that it may lose; nodes do not come back here.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { DcacheClient } from '../../src/index.js';
import { badInput } from './bad-input.js';
import { ALL, clientsOf, LESS, type ClusterUnderTest, type Effort, type KvContext } from './context.js';
import { lifetimes } from './lifetimes.js';
import { manyKeys } from './many-keys.js';
import { numbersAndAppends } from './numbers-and-appends.js';
import { values } from './values.js';
import { WhatWasThere, whatWasThere } from './what-was-there.js';
import { wire } from './wire.js';

export interface Conformance {
  /** How many nodes are lost, one after the other. */
  readonly losses?: number;
  /** What is tried in health; with nodes down it is always LESS. */
  readonly effort?: Effort;
}

/** @param start starts the cluster under test; it serves when the promise resolves. */
export function describeKv(
  name: string,
  start: () => Promise<ClusterUnderTest>,
  { losses = 0, effort = ALL }: Conformance = {},
): void {
  describe(`Kv on ${name}`, () => {
    let cluster: ClusterUnderTest | undefined;
    let clients: { text: DcacheClient; bytes: DcacheClient<Buffer> } | undefined;
    let endpoints: readonly string[] = [];
    const started = <T>(part: T | undefined): T => {
      if (part === undefined) throw new Error('the cluster has not been started');
      return part;
    };

    beforeAll(async () => {
      cluster = await start();
      endpoints = cluster.endpoints;
      clients = clientsOf(endpoints);
    });

    afterAll(async () => {
      await clients?.text.close();
      await clients?.bytes.close();
      await cluster?.stop();
    });

    const contextOf = (tried: Effort): KvContext => ({
      endpoints: () => endpoints,
      client: () => started(clients).text,
      bytes: () => started(clients).bytes,
      ...tried,
    });
    describe('with all nodes up', () => {
      const context = contextOf(effort);
      requests(context);
      // What is refused is refused before it matters who is up.
      describe('bad input', () => badInput(context));
      describe('on the wire', () => wire(context));
    });
    for (let down = 1; down <= losses; down++) {
      describe(`with ${down} of its nodes down`, () => {
        const before = new WhatWasThere();
        beforeAll(async () => {
          const { text, bytes } = started(clients);
          await before.set(text, bytes);
          endpoints = await started(cluster).loseNode();
        });
        const context = contextOf(LESS);
        describe('what was there before', () => whatWasThere(context, before));
        requests(context);
      });
    }
  });
}

function requests(context: KvContext): void {
  describe('values', () => values(context));
  describe('lifetimes', () => lifetimes(context));
  describe('numbers and appends', () => numbersAndAppends(context));
  describe('many keys', () => manyKeys(context));
}
