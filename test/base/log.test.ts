import { describe, expect, test } from 'vitest';
import { NULL_LOGGER, errorFields, isLogLevel } from '../../src/base/log.js';
import { DcacheError } from '../../src/base/errors.js';

describe('errorFields', () => {
  test('of an error are its message, code and stack', () => {
    const error = new DcacheError('PORT_IN_USE', 'port 7101 is taken');
    expect(errorFields(error)).toMatchObject({ error: 'port 7101 is taken', code: 'PORT_IN_USE', stack: error.stack });
  });

  test('name the causes, outermost first', () => {
    const root = new Error('EIO');
    const middle = new Error('read failed', { cause: root });
    expect(errorFields(new Error('no log', { cause: middle })).causes).toBe('read failed <- EIO');
  });

  test('end also when the causes go in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(errorFields(error).causes).toBe('a <- a <- a <- a <- a');
  });

  test('of something that is no error are its text', () => {
    expect(errorFields('gone')).toEqual({ error: 'gone' });
  });
});

test('isLogLevel knows the levels', () => {
  expect(['debug', 'info', 'warn', 'error', 'fatal'].every(isLogLevel)).toBe(true);
  expect(['trace', 'INFO', ''].some(isLogLevel)).toBe(false);
});

test('the null logger is its own child and enabled for nothing', () => {
  expect(NULL_LOGGER.child('raft')).toBe(NULL_LOGGER);
  expect(NULL_LOGGER.isEnabled('fatal')).toBe(false);
});
