import { describe, expect, test } from 'vitest';
import { Ledger, valueOf } from './ledger.js';

/** A ledger in which write 1 of the key was acknowledged. */
function withOneWrite(): Ledger {
  const ledger = new Ledger();
  ledger.send('key');
  ledger.onAcknowledged('key', 1);
  return ledger;
}

function violationsOfReading(ledger: Ledger, value: string | undefined): readonly string[] {
  ledger.read('key')(value);
  return ledger.violations;
}

describe('a read is refused', () => {
  test('when an acknowledged write is missing', () => {
    expect(violationsOfReading(withOneWrite(), undefined)).toHaveLength(1);
  });

  test('when it is older than an earlier read', () => {
    const ledger = withOneWrite();
    ledger.send('key');
    ledger.read('key')(valueOf('key', 2));
    expect(violationsOfReading(ledger, valueOf('key', 1))).toHaveLength(1);
  });

  test('when it finds a write that was definitely not done', () => {
    const ledger = withOneWrite();
    ledger.send('key');
    ledger.onRefused('key', 2);
    expect(violationsOfReading(ledger, valueOf('key', 2))).toHaveLength(1);
  });

  test('when it finds what was never written, or not to this key', () => {
    expect(violationsOfReading(withOneWrite(), valueOf('key', 2))).toHaveLength(1);
    expect(violationsOfReading(withOneWrite(), valueOf('other', 1))).toHaveLength(1);
  });
});

describe('a read is believed', () => {
  test('when it finds the write before, or the one under way', () => {
    for (const number of [1, 2]) {
      const ledger = withOneWrite();
      ledger.send('key');
      expect(violationsOfReading(ledger, valueOf('key', number))).toEqual([]);
    }
  });

  test('when a write was acknowledged after it had begun', () => {
    const ledger = withOneWrite();
    const onValue = ledger.read('key');
    ledger.send('key');
    ledger.onAcknowledged('key', 2);
    onValue(valueOf('key', 1));
    expect(ledger.violations).toEqual([]);
  });
});

test('a key whose last outcome is unknown is not written any more', () => {
  const ledger = withOneWrite();
  expect(ledger.send('key')).toBe(2);
  ledger.onUnknown('key');
  expect(ledger.send('key')).toBeUndefined();
});
