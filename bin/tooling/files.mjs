/** What the tools know about files: where the project is, what is in a folder, whether it has changed. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the top of the project. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The files under `folder`, as paths from the top of the project with forward slashes, sorted. None if there is no such folder. */
export function filesUnder(folder, matches = () => true) {
  const absolute = join(ROOT, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesUnder(path, matches) : matches(path) ? [path] : [];
    })
    .sort();
}

/** A digest that changes when one of `paths` is added, removed or written to. Looks at size and time, not at contents. */
export function fingerprint(paths) {
  const digest = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeMs } = statSync(join(ROOT, path));
    digest.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return digest.digest('hex');
}
