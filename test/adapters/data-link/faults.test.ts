/** What is done about bytes that are wrong, peers that fall silent and peers that do not read. */
import { afterEach, describe, expect, test } from 'vitest';
import { emptyFrame } from '../../../src/adapters/data-link/frame.js';
import { greetingFrame } from '../../../src/adapters/data-link/greeting.js';
import { framesOf, sized } from '../../../src/adapters/data-link/message-frames.js';
import { LIMITS } from '../../../src/base/limits.js';
import type { DataMessage } from '../../../src/replication/messages.js';
import { waitFor } from '../../support/wait-for.js';
import { append, closeAll, FAST, HandEnd, HandServer, LinkPeer, linkSelf, nodeId } from './link-peer.js';

afterEach(closeAll);

const N1 = nodeId('n1');
const N2 = nodeId('n2');

function frameOf(...messages: readonly DataMessage[]): Uint8Array {
  const [frame, ...others] = framesOf(messages.map(sized));
  if (frame === undefined || others.length > 0) throw new Error('these messages are one frame');
  return frame;
}

function withFlippedBit(frame: Uint8Array, bit: number): Uint8Array {
  frame[bit >>> 3] = (frame[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return frame;
}

/** A peer played by hand that has greeted n1. */
async function greeted(a: LinkPeer): Promise<HandEnd> {
  const end = HandEnd.dial(a.address);
  end.socket.write(greetingFrame(linkSelf('n2', 22), N1));
  await waitFor('it is greeted back', () => end.types.includes('greeting'));
  return end;
}

describe('wrong bytes', () => {
  test.each<[string, Uint8Array | string, string]>([
    ['of a port scanner', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'garbage'],
    ['of a frame larger than a greeting', frameOf(append(1, new Uint8Array(5_000))), 'oversize'],
    ['of messages without a greeting', frameOf(append(1)), 'malformed'],
    ['with a flipped bit', withFlippedBit(greetingFrame(linkSelf('n2'), N1), 300), 'checksum'],
  ])('%s instead of a greeting end the connection', async (_, bytes, reason) => {
    const a = await LinkPeer.open(linkSelf('n1'));
    const end = HandEnd.dial(a.address);
    end.socket.write(bytes);
    await waitFor('the connection ends', () => end.closed);
    expect(a.counted('dataLinkFaults')).toEqual({ [reason]: 1 });
    expect(a.warnings).toHaveLength(1);
    expect(a.events).toEqual([]);
  });

  test('every flipped bit of a frame is noticed, and nothing of the frame is handed on', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    const bits = frameOf(append(1)).length * 8;
    for (let bit = 0; bit < bits; bit += 13) {
      const end = await greeted(a);
      end.socket.write(withFlippedBit(frameOf(append(1)), bit));
      await waitFor(`the connection ends for bit ${bit}`, () => end.closed);
    }
    expect(a.received).toEqual([]);
  });

  test('frames before the wrong one count, and the peer may come again', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    const end = await greeted(a);
    end.socket.write(frameOf(append(1)));
    await waitFor('it has arrived', () => a.received.length === 1);
    end.socket.write(withFlippedBit(frameOf(append(2)), 200));
    await waitFor('the connection ends', () => end.closed);
    const again = await greeted(a);
    again.socket.write(frameOf(append(3)));
    await waitFor('it has arrived', () => a.received.length === 2);
    expect(a.indexes).toEqual([1, 3]);
    expect(a.events).toEqual([
      'incoming n2/22',
      'messages n2/22',
      'incoming n2/22',
      'incoming n2/22',
      'messages n2/22',
    ]);
  });

  test('a second greeting, and a frame whose messages cannot be read, are faults', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    for (const frame of [greetingFrame(linkSelf('n2', 22), N1), emptyFrame('messages')]) {
      const end = await greeted(a);
      end.socket.write(frame);
      await waitFor('the connection ends', () => end.closed);
    }
    expect(a.counted('dataLinkFaults')).toEqual({ malformed: 2 });
  });

  test('they are counted each time and logged once a minute', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    for (let i = 0; i < 5; i++) {
      const end = HandEnd.dial(a.address);
      end.socket.write('not a frame, but long enough for one');
      await waitFor('the connection ends', () => end.closed);
    }
    expect(a.counted('dataLinkFaults')).toEqual({ garbage: 5 });
    expect(a.warnings).toEqual(['a data link was given up: what came is not a frame of a data link']);
  });
});

describe('silence', () => {
  const QUICK = { ...FAST, pulseMs: 10, greetingMs: 60 };

  test('a stranger that says nothing is hung up on', async () => {
    const a = await LinkPeer.open(linkSelf('n1'), QUICK);
    const end = HandEnd.dial(a.address);
    await waitFor('the connection ends', () => end.closed);
    expect(a.counted('dataLinkFaults')).toEqual({ silent: 1 });
  });

  test('a peer that stops sending anything is given up where it is listened to', async () => {
    const a = await LinkPeer.open(linkSelf('n1'), QUICK);
    const end = await greeted(a);
    await waitFor('the connection ends', () => end.closed);
    expect(a.events).toEqual(['incoming n2/22', 'incoming n2/22']);
  });

  test('a peer that answers no pings is given up where it is spoken to', async () => {
    const a = await LinkPeer.open(linkSelf('n1'), QUICK);
    const b = await HandServer.open((end) => end.socket.write(greetingFrame(linkSelf('n2', 22), N1)));
    a.links.setPeers([b.peer('n2')]);
    await waitFor('it is given up', () => a.events.includes('disconnected n2/22'));
    expect(b.ends[0]?.types.slice(0, 2)).toEqual(['greeting', 'ping']);
    expect(a.counted('dataLinkFaults')['silent']).toBeGreaterThanOrEqual(1);
  });

  test('an idle link between two that live stays', async () => {
    const a = await LinkPeer.open(linkSelf('n1'), QUICK);
    const b = await LinkPeer.open(linkSelf('n2', 22), QUICK);
    a.links.setPeers([b.address]);
    await waitFor('they are linked', () => a.links.connectedTo(N2) === 22);
    const probe = await greetedProbe(b);
    await waitFor('a silent one was given up meanwhile, and another after it', () => probe.closed);
    const second = await greetedProbe(b);
    await waitFor('the second as well', () => second.closed);
    expect(a.events).toEqual(['connected n2/22']);
  });

  async function greetedProbe(b: LinkPeer): Promise<HandEnd> {
    const end = HandEnd.dial(b.address);
    end.socket.write(greetingFrame(linkSelf('n3', 3), N2));
    await waitFor('it is greeted back', () => end.types.includes('greeting'));
    return end;
  }
});

describe('a peer that does not read', () => {
  const PIECE = new Uint8Array(1024 * 1024);

  async function deafPeer(a: LinkPeer): Promise<HandServer> {
    const b = await HandServer.open((end) => {
      end.socket.pause();
      end.socket.write(greetingFrame(linkSelf('n2', 22), N1));
    });
    a.links.setPeers([b.peer('n2')]);
    await waitFor('n1 is connected', () => a.links.connectedTo(N2) === 22);
    return b;
  }

  /** Sends a megabyte a turn until the link has no more room. */
  async function sendUntilGone(a: LinkPeer): Promise<number> {
    let largest = 0;
    for (let index = 1; a.links.connectedTo(N2) !== undefined; index++) {
      a.links.send(N2, append(index, PIECE));
      largest = Math.max(largest, a.links.backlogBytes(N2));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return largest;
  }

  test('what waits for it is counted and bounded; then the connection is reset and made again', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    const b = await deafPeer(a);
    const largest = await sendUntilGone(a);
    expect(largest).toBeGreaterThan(LIMITS.maxLinkBacklogBytes - 4 * PIECE.length);
    expect(largest).toBeLessThanOrEqual(LIMITS.maxLinkBacklogBytes);
    expect(a.links.backlogBytes(N2)).toBe(0);
    await waitFor('it is connected to again', () => b.ends.length >= 2 && a.links.connectedTo(N2) === 22);
    expect(a.events).toEqual(['connected n2/22', 'disconnected n2/22', 'connected n2/22']);
    expect(a.counted('dataLinkFaults')).toEqual({ backlog: 1 });
  });

  test('it does not hold up other peers', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    const c = await LinkPeer.open(linkSelf('n3', 33));
    const b = await deafPeer(a);
    a.links.setPeers([b.peer('n2'), c.address]);
    await waitFor('n3 is connected', () => a.links.connectedTo(c.self.nodeId) === 33);
    for (let index = 1; index <= 30; index++) {
      a.links.send(N2, append(index, PIECE));
      a.links.send(c.self.nodeId, append(index));
    }
    await waitFor('all have arrived at n3', () => c.received.length === 30);
    expect(a.links.backlogBytes(N2)).toBeGreaterThan(0);
  });

  test('when it reads again, everything arrives in order', async () => {
    const a = await LinkPeer.open(linkSelf('n1'));
    const b = await deafPeer(a);
    for (let index = 1; index <= 30; index++) a.links.send(N2, append(index, PIECE));
    await waitFor('some waits', () => a.links.backlogBytes(N2) > 10 * PIECE.length);
    b.ends[0]?.socket.resume();
    await waitFor('nothing waits', () => a.links.backlogBytes(N2) === 0);
    const bytes = () => b.ends[0]?.frames.reduce((sum, { payload }) => sum + payload.length, 0) ?? 0;
    await waitFor('all has arrived', () => bytes() >= 30 * PIECE.length);
    expect(a.events).toEqual(['connected n2/22']);
  });
});
