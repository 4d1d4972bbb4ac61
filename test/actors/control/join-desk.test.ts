import { beforeEach, describe, expect, test } from 'vitest';
import { JoinDesk } from '../../../src/actors/control/join-desk.js';
import type { JoinAnswer } from '../../../src/actors/control/ports.js';
import { DcacheError } from '../../../src/base/errors.js';
import type { RaftId } from '../../../src/base/ids.js';
import { LIMITS } from '../../../src/base/limits.js';
import type { Speaker } from '../../../src/cluster/speaker.js';
import { CLUSTER, speaker } from '../../cluster/some-members.js';

const asking = speaker('n4', { controlAddress: '10.0.0.4:7204', raftId: 0 });
const later = { ...asking, incarnation: asking.incarnation + 1 };

/** A leader whose hellos are answered by hand, and which admits everybody. */
let term: number | undefined;
let hellos: { readonly address: string; answer(there: Speaker): void; fail(error: Error): void }[];
let admitted: Speaker[];
let desk: JoinDesk;

beforeEach(() => {
  term = 3;
  hellos = [];
  admitted = [];
  desk = new JoinDesk({
    transport: {
      hello: (address) =>
        new Promise((resolve, reject) => void hellos.push({ address, answer: resolve, fail: reject })),
    },
    leading: () => {
      if (term === undefined) throw new DcacheError('NO_LEADER', 'another node leads');
      return { term, registrar: { admit: (one) => Promise.resolve(place(admitted.push(one))) } };
    },
  });
});

const place = (raftId: number): JoinAnswer => ({
  type: 'admitted',
  raftId: raftId as RaftId,
  clusterId: CLUSTER,
  founders: [1],
});

describe('who asks for a place', () => {
  test('is asked back at the address that it names, and admitted', async () => {
    const answer = desk.ask(asking, false);
    expect(hellos.map(({ address }) => address)).toEqual(['10.0.0.4:7204']);
    expect(admitted).toEqual([]);
    hellos[0]?.answer(asking);
    expect(await answer).toEqual(place(1));
    expect(admitted).toEqual([asking]);
  });

  test('is turned away when it has been started again since', async () => {
    const answer = desk.ask(asking, false);
    hellos[0]?.answer(later);
    await expect(answer).rejects.toMatchObject({
      code: 'NODE_ID_IN_USE',
      message: expect.stringContaining('is late') as string,
    });
    expect(admitted).toEqual([]);
  });

  test('is turned away when it has its place already', async () => {
    const answer = desk.ask(asking, false);
    hellos[0]?.answer({ ...asking, raftId: 6 });
    await expect(answer).rejects.toMatchObject({ code: 'NODE_ID_IN_USE' });
    expect(admitted).toEqual([]);
  });

  test('is told whose address it gives as its own', async () => {
    const answer = desk.ask(asking, false);
    hellos[0]?.answer(speaker('n2', { controlAddress: asking.controlAddress, raftId: 2 }));
    await expect(answer).rejects.toMatchObject({
      code: 'NODE_ID_IN_USE',
      message: 'n4 gives 10.0.0.4:7204 as its control address, where n2 answers: give each node an address of its own',
    });
  });

  test('is told what to look at when it cannot be reached', async () => {
    const answer = desk.ask(asking, false);
    hellos[0]?.fail(new DcacheError('DEADLINE_EXCEEDED', '10.0.0.4:7204 did not answer within 1000 ms'));
    await expect(answer).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/leader does not reach n4 .* did not answer .* --advertise-host/) as string,
    });
  });
});

describe('requests that meet', () => {
  test('the request of a later life waits for that of an earlier one, whose answer may be long under way', async () => {
    const first = desk.ask(asking, false);
    await expect(desk.ask(later, false)).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: 'the leader deals with another request of a node called n4 to join; try again in a moment',
    });
    hellos[0]?.answer(asking);
    await first;
    const second = desk.ask(later, false);
    hellos[1]?.answer(later);
    await second;
    expect(admitted).toEqual([asking, later]);
  });

  test('a process that asks twice is asked back once', async () => {
    const answers = [desk.ask(asking, false), desk.ask(asking, false)];
    expect(hellos).toHaveLength(1);
    hellos[0]?.answer(asking);
    expect(await Promise.all(answers)).toEqual([place(1), place(1)]);
    expect(admitted).toHaveLength(1);
  });

  test('nodes of different names do not wait for each other, unless they are more than a cluster has', async () => {
    const answers = Array.from({ length: LIMITS.maxNodes }, (_, i) => desk.ask(speaker(`a${i}`), false));
    await expect(desk.ask(asking, false)).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringContaining('requests of other nodes') as string,
    });
    for (const hello of hellos) hello.fail(new DcacheError('UNREACHABLE', 'nobody there'));
    await Promise.allSettled(answers);
    const answer = desk.ask(asking, false);
    hellos.at(-1)?.answer(asking);
    expect(await answer).toEqual(place(1));
  });
});

describe('leadership', () => {
  test('without it nobody is asked back', async () => {
    term = undefined;
    await expect(desk.ask(asking, false)).rejects.toMatchObject({ code: 'NO_LEADER' });
    expect(hellos).toEqual([]);
  });

  test('lost meanwhile, or lost and won again, admits nobody: another leader may have admitted a later life', async () => {
    for (const [i, now] of [undefined, 5].entries()) {
      term = 3;
      const answer = desk.ask(asking, false);
      term = now;
      hellos[i]?.answer(asking);
      await expect(answer).rejects.toMatchObject({ code: 'NO_LEADER' });
    }
    expect(admitted).toEqual([]);
  });
});
