/**
 * Chooses the XOR kernel of this process: the native addon where it is installed and works, else the loop in TypeScript.
 * The addon is CommonJS and an optional dependency, hence createRequire; it loads in worker threads too.
 */
import { createRequire } from 'node:module';
import { blockOf, loopKernel, type XorKernel } from '../../erasure/xor-kernel.js';

/** What this program uses of @ronomon/reed-solomon. */
interface XorAddon {
  XOR(source: Uint8Array, sourceOffset: number, target: Uint8Array, targetOffset: number, size: number): void;
}

export interface KernelChoice {
  readonly kernel: XorKernel;
  /** Why the loop was taken, for the one line that the node logs at start; null with the addon. */
  readonly addonProblem: string | null;
}

/** A call into the addon costs some 85 ns, in which the loop does 256 bytes (measured, Node 20, x64). */
const ADDON_MIN_BYTES = 256;

/**
 * Never throws: a missing or broken addon is a reason to take the loop.
 * @param loadAddon for tests, which have the addon installed and want to be without.
 */
export function chooseKernel(loadAddon: () => unknown = requireAddon): KernelChoice {
  try {
    const addon = loadAddon();
    if (!isXorAddon(addon)) return { kernel: loopKernel, addonProblem: 'the addon has no XOR function' };
    const kernel = addonKernel(addon);
    if (!agreesWithLoop(kernel)) return { kernel: loopKernel, addonProblem: 'the addon XORs wrongly' };
    return { kernel, addonProblem: null };
  } catch (error) {
    return { kernel: loopKernel, addonProblem: error instanceof Error ? error.message : String(error) };
  }
}

function requireAddon(): unknown {
  return createRequire(import.meta.url)('@ronomon/reed-solomon');
}

/**
 * The addon aborts the process on equal source and target and on empty memory; ErasureCodec refuses both, and what is
 * short goes to the loop anyway.
 */
function addonKernel(addon: XorAddon): XorKernel {
  return {
    name: 'addon',
    callOverheadBytes: 1024,
    bytesPerMicrosecond: 14_000,
    xor(source, sourceOffset, target, targetOffset, sizeBytes) {
      if (sizeBytes < ADDON_MIN_BYTES) loopKernel.xor(source, sourceOffset, target, targetOffset, sizeBytes);
      else addon.XOR(source.bytes, sourceOffset, target.bytes, targetOffset, sizeBytes);
    },
    copy(source, sourceOffset, target, targetOffset, sizeBytes) {
      loopKernel.copy(source, sourceOffset, target, targetOffset, sizeBytes);
    },
  };
}

function isXorAddon(value: unknown): value is XorAddon {
  return typeof value === 'object' && value !== null && 'XOR' in value && typeof value.XOR === 'function';
}

/** One XOR of each kind that a codec makes: long, aligned and not. */
function agreesWithLoop(kernel: XorKernel): boolean {
  const results = [kernel, loopKernel].map((candidate) => {
    const source = blockOf(Uint8Array.from({ length: 1024 }, (_, i) => i * 7));
    const target = blockOf(Uint8Array.from({ length: 1024 }, (_, i) => i * 13 + 1));
    candidate.xor(source, 0, target, 0, 512);
    candidate.xor(source, 3, target, 514, 509);
    return target.bytes.join();
  });
  return results[0] === results[1];
}
