import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../src/base/ids.js';
import { TransferPace } from '../../src/replication/transfer-pace.js';

const TO = 'n2' as NodeId;
const SEGMENT_BYTES = 256 * 1024;

describe('the pace of transfers', () => {
  it('is never above its rate, over any time, by more than the burst and one segment', () => {
    const moments = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: SEGMENT_BYTES })), { minLength: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 50_000_000 }), moments, (bytesPerSecond, list) => {
        const flow = new TransferPace({ bytesPerSecond, backlogBytes: () => 0 }).flowTo(TO);
        let nowMs = 0;
        const cuts: { readonly atMs: number; readonly bytes: number }[] = [];
        for (const [pauseMs, bytes] of list) {
          nowMs += pauseMs;
          if (!flow.mayCut(nowMs)) continue;
          flow.onCut(bytes);
          flow.onTaken(bytes, nowMs, nowMs);
          cuts.push({ atMs: nowMs, bytes });
        }
        cuts.forEach((first, i) => {
          let sum = 0;
          for (const { atMs, bytes } of cuts.slice(i)) {
            sum += bytes;
            const most = (bytesPerSecond * (atMs - first.atMs + 100)) / 1000 + SEGMENT_BYTES;
            expect(sum).toBeLessThanOrEqual(most + 1);
          }
        });
      }),
    );
  });

  it('reaches its rate when there is always something to send', () => {
    const flow = new TransferPace({ bytesPerSecond: 10_000_000, backlogBytes: () => 0 }).flowTo(TO);
    let sent = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      while (flow.mayCut(nowMs)) {
        flow.onCut(SEGMENT_BYTES);
        flow.onTaken(SEGMENT_BYTES, nowMs, nowMs);
        sent += SEGMENT_BYTES;
      }
    }
    expect(sent / 100_000_000).toBeGreaterThan(0.98);
  });

  it('leaves a link alone on which much waits', () => {
    let backlog = 0;
    const flow = new TransferPace({ bytesPerSecond: Infinity, backlogBytes: () => backlog }).flowTo(TO);
    expect(flow.mayCut(0)).toBe(true);
    backlog = 64 * 1024 * 1024;
    expect(flow.mayCut(1)).toBe(false);
  });

  it('is one window for all streams to a learner, and another for another learner', () => {
    const pace = new TransferPace();
    const [first, second, other] = [pace.flowTo(TO), pace.flowTo(TO), pace.flowTo('n3' as NodeId)];
    for (const flow of [second, other]) flow.onCut(1);
    while (first.mayCut(0)) first.onCut(SEGMENT_BYTES);
    expect(second.mayCut(0)).toBe(false);
    expect(other.mayCut(0)).toBe(true);
    first.onTaken(SEGMENT_BYTES, 0, 1);
    expect(second.mayCut(1)).toBe(true);
  });

  it('lets every stream have a segment under way, though others have filled the window', () => {
    const pace = new TransferPace();
    const [first, second] = [pace.flowTo(TO), pace.flowTo(TO)];
    while (first.mayCut(0)) first.onCut(SEGMENT_BYTES);
    expect(second.mayCut(0)).toBe(true);
    second.onCut(SEGMENT_BYTES);
    expect(second.mayCut(0)).toBe(false);
  });

  it('gives what a stream that ends had under way to the others, once', () => {
    const pace = new TransferPace();
    const first = pace.flowTo(TO);
    const second = pace.flowTo(TO);
    let sent = 0;
    for (; first.mayCut(0); sent++) first.onCut(SEGMENT_BYTES);
    first.end();
    first.end();
    let room = 0;
    for (; second.mayCut(0); room++) second.onCut(SEGMENT_BYTES);
    expect(room).toBe(sent);
  });
});
