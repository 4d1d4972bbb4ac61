import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateEvents } from './generated-history.js';
import { kvCodec, registerCodec } from './history-codec.js';
import { historyHeader, readHistory, writeHistory } from './history-file.js';
import { kvModel } from './kv-model.js';
import { operationsOf } from './recorder.js';
import { searchLinearization } from './search.js';

const INVOKE = '{"type":"invoke","id":0,"client":"c1","key":"k","input":{"type":"get"},"timeMs":3}';
const kvFile = (...lines: readonly string[]): string => [historyHeader('kv'), ...lines, ''].join('\n');

describe('a history file', () => {
  it('gives back the operations that were written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 300 }), (seed, lostPerMille) => {
        const events = generateEvents({ seed, operations: 30, keys: 2, clients: 3, lostPerMille });
        expect(readHistory(kvCodec, writeHistory(kvCodec, events))).toEqual(operationsOf(events));
      }),
    );
  });

  it('of a register is read as one', () => {
    const text = [
      historyHeader('register'),
      '{"type":"invoke","id":1,"client":"0","key":"r","input":{"type":"cas","from":null,"to":4},"timeMs":0}',
      '{"type":"done","id":1,"result":{"type":"cas","matched":true},"timeMs":1}',
    ].join('\n');
    expect(readHistory(registerCodec, text)).toMatchObject([
      { input: { type: 'cas', from: null, to: 4 }, outcome: { type: 'done', result: { matched: true } } },
    ]);
  });

  it('that ends early leaves operations of unknown outcome', () => {
    const [operation] = readHistory(kvCodec, kvFile(INVOKE));
    expect(operation).toMatchObject({ outcome: { type: 'unknown' }, returnedAt: Infinity });
  });

  it('keeps the order of events that share a time', () => {
    const text = kvFile(
      '{"type":"invoke","id":0,"client":"c1","key":"k","input":{"type":"set","value":"a"},"timeMs":3}',
      '{"type":"done","id":0,"result":{"type":"set","applied":true},"timeMs":3}',
      '{"type":"invoke","id":1,"client":"c1","key":"k","input":{"type":"get"},"timeMs":3}',
      '{"type":"done","id":1,"result":{"type":"get","value":null},"timeMs":3}',
    );
    expect(searchLinearization(kvModel, readHistory(kvCodec, text), 100).verdict).toBe('violation');
  });

  it.each([
    ['without a header', INVOKE, 'line 1: expected "format": "dcache-history"'],
    ['of another model', historyHeader('queue'), 'line 1: expected "model": "kv", not "queue"'],
    ['with a line that is no JSON', kvFile(INVOKE, '{"type":'), 'line 3: expected one JSON object'],
    ['with a line that is no object', kvFile('7'), 'line 2: expected the line: an object'],
    ['with an unknown event', kvFile('{"type":"retry","id":0,"timeMs":1}'), 'line 2: expected "type": invoke, done'],
    ['with an unknown operation', kvFile(INVOKE.replace('"get"', '"lpush"')), 'line 2: expected "type": one of get, '],
    ['with an id taken', kvFile(INVOKE, INVOKE), 'line 3: expected "id": one that is not taken'],
    [
      'with a return of nothing',
      kvFile('{"type":"unknown","id":4,"timeMs":1}'),
      'one that is invoked above (4 is not)',
    ],
    [
      'with two returns',
      kvFile(INVOKE, '{"type":"unknown","id":0,"timeMs":1}', '{"type":"unknown","id":0,"timeMs":2}'),
      'line 4: expected "id": one that has not returned yet',
    ],
    [
      'with the result of another operation',
      kvFile(INVOKE, '{"type":"done","id":0,"result":{"type":"delete","deleted":true},"timeMs":1}'),
      'line 3: expected "type": one of get',
    ],
    ['without a client', kvFile(INVOKE.replace('"c1"', '1')), 'line 2: expected "client": a text'],
    ['without a time', kvFile(INVOKE.replace('3', 'null')), 'line 2: expected "timeMs": a number'],
  ])('%s is refused by line, with what is expected', (_what, text, message) => {
    expect(() => readHistory(kvCodec, text)).toThrow(message);
  });
});
