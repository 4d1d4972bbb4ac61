/** The object behind an ActorRef: whatever is asked of it becomes a message. */
import type { ActorRef } from './actor.js';

type Call = (method: string, args: readonly unknown[]) => Promise<unknown>;

/**
 * Any string names a message; what the actor does not have, it refuses. `then` is left out so that a ref can be the result
 * of an async function.
 */
export function makeRef<A>(call: Call): ActorRef<A> {
  const methods = new Map<string, (...args: readonly unknown[]) => Promise<unknown>>();
  const target: object = {};
  return new Proxy(target, {
    get: (_target, name) => {
      if (typeof name !== 'string' || name === 'then') return undefined;
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args) => call(name, args);
        methods.set(name, method);
      }
      return method;
    },
  }) as ActorRef<A>; // the one place where names meet types: the compiler checks every use of the ref instead
}
