import { describe, expect, it } from 'vitest';
import type { KvInput, KvResult } from './kv-model.js';
import { HistoryRecorder, type HistoryEvent } from './recorder.js';

const GET: KvInput = { type: 'get' };

describe('the recorder', () => {
  it('places events in the order in which they are recorded', () => {
    const recorder = new HistoryRecorder<KvInput, KvResult>();
    const first = recorder.invoke('c1', { key: 'a', input: GET }, 10);
    const second = recorder.invoke('c2', { key: 'b', input: GET }, 10);
    second.done({ type: 'get', value: null }, 10);
    first.notDone(11);
    expect(recorder.operations()).toEqual([
      { ...operation(0, 'c1', 'a'), outcome: { type: 'not-done' }, invokedAt: 0, returnedAt: 3, returnedMs: 11 },
      {
        ...operation(1, 'c2', 'b'),
        outcome: { type: 'done', result: { type: 'get', value: null } },
        invokedAt: 1,
        returnedAt: 2,
        returnedMs: 10,
      },
    ]);
  });

  it('keeps an operation open that was given up, or has not returned', () => {
    const recorder = new HistoryRecorder<KvInput, KvResult>();
    recorder.invoke('c1', { key: 'a', input: GET }, 1).unknown(6);
    recorder.invoke('c1', { key: 'a', input: GET }, 7);
    expect(recorder.operations()).toMatchObject([
      { outcome: { type: 'unknown' }, returnedAt: Infinity, returnedMs: 6 },
      { outcome: { type: 'unknown' }, returnedAt: Infinity },
    ]);
  });

  it('refuses a second return', () => {
    const handle = new HistoryRecorder<KvInput, KvResult>().invoke('c1', { key: 'a', input: GET }, 1);
    handle.unknown(2);
    expect(() => handle.done({ type: 'get', value: null }, 3)).toThrow('an operation returns once');
  });

  it('hands out each event as it happens', () => {
    const events: HistoryEvent<KvInput, KvResult>[] = [];
    const recorder = new HistoryRecorder<KvInput, KvResult>((event) => events.push(event));
    recorder.invoke('c1', { key: 'a', input: GET }, 1).unknown(2);
    expect(events.map(({ type }) => type)).toEqual(['invoke', 'unknown']);
    expect(recorder.events()).toEqual(events);
  });
});

function operation(id: number, client: string, key: string): object {
  return { id, client, key, input: GET, invokedMs: 10 };
}
