/**
 * Assertions stay on in production: a broken invariant must stop the node before it can spread to the others.
 */

/** Something that cannot happen has happened. It is a defect of dcache, never the fault of its input. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws {@link InvariantViolation} unless `condition` holds. `message` names the invariant, not the values. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** The last branch of a switch over a closed union. Compiles only when every case is handled. */
export function assertNever(value: never, what = 'case'): never {
  throw new InvariantViolation(`unhandled ${what}: ${JSON.stringify(value)}`);
}
