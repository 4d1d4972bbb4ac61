/** How long a node works on a request. */
import { LIMITS } from '../../base/limits.js';

/** @param askedMs what the client asked for, 0 for nothing. */
export function requestTimeout(askedMs: number): number {
  if (askedMs === 0) return LIMITS.defaultRequestTimeoutMs;
  return Math.min(Math.max(1, askedMs), LIMITS.maxRequestTimeoutMs);
}
