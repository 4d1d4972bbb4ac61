/**
 * Buffers that change owner instead of being copied. A mark on the value, because the value passes through code that
 * does not know what is inside; it costs nothing within one thread, where values are passed as they are.
 */

const buffersOf = new WeakMap<object, readonly ArrayBuffer[]>();

/**
 * Marks an argument, answer or event: on its way to another thread `buffers` are moved, and the sender's views of them
 * become empty. Returns `value` itself. The buffers must not belong to Node's buffer pool (`Buffer.alloc*Unsafe`, `from`).
 */
export function handOver<T extends object>(value: T, buffers: readonly ArrayBuffer[]): T {
  buffersOf.set(value, buffers);
  return value;
}

/** The buffers marked on the given values, each once. */
export function handedOver(values: readonly unknown[]): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    for (const buffer of buffersOf.get(value) ?? []) found.add(buffer);
  }
  return [...found];
}
