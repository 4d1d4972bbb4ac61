/** The systems that can be compared. */
import { DcacheError } from '../../base/errors.js';

/** In the order in which they are started and take turns; `redis-wait` is Redis with m replicas and WAIT m. */
export const SYSTEMS = ['ecc', 'raft', 'redis', 'redis-wait', 'memcached', 'etcd'] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** Throws INVALID_ARGUMENT. @param text names with commas between them */
export function parseSystems(text: string): SystemName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !SYSTEMS.some((system) => system === name));
  if (unknown !== undefined)
    throw new DcacheError(
      'INVALID_ARGUMENT',
      `--only names "${unknown}"; it takes ${SYSTEMS.join(', ')}, with commas between them`,
    );
  const wanted = SYSTEMS.filter((system) => names.includes(system));
  if (wanted.length < 2) throw new DcacheError('INVALID_ARGUMENT', '--only names one system; it takes two to compare');
  return wanted;
}
