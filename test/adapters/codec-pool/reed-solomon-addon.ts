/** The whole of @ronomon/reed-solomon, typed, for comparisons. The program itself uses only its XOR. */
import { createRequire } from 'node:module';

interface ReedSolomonAddon {
  create(k: number, m: number): Buffer;
  encode(
    context: Buffer,
    sources: number,
    targets: number,
    buffer: Buffer,
    bufferOffset: number,
    bufferSize: number,
    parity: Buffer,
    parityOffset: number,
    paritySize: number,
    done: (error?: Error) => void,
  ): void;
}

function isAddon(value: unknown): value is ReedSolomonAddon {
  return typeof value === 'object' && value !== null && 'create' in value && 'encode' in value;
}

export function loadAddon(): ReedSolomonAddon {
  const addon: unknown = createRequire(import.meta.url)('@ronomon/reed-solomon');
  if (!isAddon(addon)) throw new Error('@ronomon/reed-solomon is not what it was');
  return addon;
}

/** The addon's parity of data shards that lie one after the other. */
export function encodeByAddon(k: number, m: number, data: Buffer): Promise<Buffer> {
  const addon = loadAddon();
  const parity = Buffer.alloc((data.length / k) * m);
  const sources = 2 ** k - 1;
  const targets = (2 ** m - 1) * 2 ** k;
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => (error ? reject(error) : resolve(parity));
    addon.encode(addon.create(k, m), sources, targets, data, 0, data.length, parity, 0, parity.length, done);
  });
}
