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
        const pace = new TransferPace({ bytesPerSecond, backlogBytes: () => 0 });
        let nowMs = 0;
        const cuts: { readonly atMs: number; readonly bytes: number }[] = [];
        for (const [pauseMs, bytes] of list) {
          nowMs += pauseMs;
          if (!pace.allows(TO, nowMs)) continue;
          pace.onCut(bytes);
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
    const pace = new TransferPace({ bytesPerSecond: 10_000_000, backlogBytes: () => 0 });
    let sent = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      while (pace.allows(TO, nowMs)) {
        pace.onCut(SEGMENT_BYTES);
        sent += SEGMENT_BYTES;
      }
    }
    expect(sent / 100_000_000).toBeGreaterThan(0.98);
  });

  it('leaves a link alone on which much waits', () => {
    let backlog = 0;
    const pace = new TransferPace({ bytesPerSecond: Infinity, backlogBytes: () => backlog });
    expect(pace.allows(TO, 0)).toBe(true);
    backlog = 64 * 1024 * 1024;
    expect(pace.allows(TO, 1)).toBe(false);
  });
});
