import { expect, test } from 'vitest';
import { LinkRecord } from '../../../src/adapters/data-link/link-record.js';
import { LIMITS } from '../../../src/base/limits.js';
import { NULL_METRICS } from '../../../src/base/metrics.js';
import { recordingLogger } from '../../support/recording-logger.js';

function recordAt(clock: { nowMs: number }) {
  const logger = recordingLogger();
  return { logger, record: new LinkRecord(logger, NULL_METRICS, () => clock.nowMs) };
}

test('a subject is warned of once a minute, and the next line tells how many were withheld', () => {
  const clock = { nowMs: 0 };
  const { logger, record } = recordAt(clock);
  for (const nowMs of [0, 10, 59_999, 60_000, 60_001, 200_000]) {
    clock.nowMs = nowMs;
    record.warn('n1', { nowMs }, 'bad');
  }
  expect(logger.records.map(({ fields }) => fields)).toEqual([
    { nowMs: 0, withheld: undefined },
    { nowMs: 60_000, withheld: 2 },
    { nowMs: 200_000, withheld: 1 },
  ]);
});

test('one subject does not silence another', () => {
  const { logger, record } = recordAt({ nowMs: 0 });
  for (const subject of ['n1', 'n2', 'n1']) record.warn(subject, { subject }, 'bad');
  expect(logger.records.map(({ fields }) => fields['subject'])).toEqual(['n1', 'n2']);
});

test('ever new subjects cost a bounded number of lines', () => {
  const { logger, record } = recordAt({ nowMs: 0 });
  for (let i = 0; i < 10_000; i++) record.warn(`stranger ${i}`, {}, 'bad');
  expect(logger.records.length).toBeLessThanOrEqual(2 * LIMITS.maxNodes + 1);
});
