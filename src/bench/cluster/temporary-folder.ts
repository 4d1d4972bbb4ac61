/** A folder for what a benchmark starts, removed when the process ends, whatever way it does but `kill -9`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) removeTemporaryFolder(folder);
});

export function makeTemporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `dcache-${name}-`));
  folders.add(folder);
  return folder;
}

export function removeTemporaryFolder(folder: string): void {
  // A process that was killed a moment ago may still have the system write its last pages there.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  folders.delete(folder);
}
