/**
 * Worker threads cannot load TypeScript on Node 20, so tests that start threads hand them the built file. The code on
 * this side of the thread boundary is the source as everywhere. `npm test` builds first.
 */
import { existsSync } from 'node:fs';

/** @param path below dist/, for example `adapters/codec-pool/worker.js`. */
export function builtFile(path: string): URL {
  const url = new URL(`../dist/${path}`, import.meta.url);
  if (!existsSync(url)) throw new Error(`dist/${path} is not built; run npm run build`);
  return url;
}
