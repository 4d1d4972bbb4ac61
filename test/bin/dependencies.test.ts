import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { missingDependency } from '../../bin/tooling/dependencies.mjs';

const locked = {
  '': { version: '0.1.0' },
  'node_modules/pino': { version: '10.4.0' },
  'node_modules/@grpc/grpc-js': { version: '1.14.7' },
  'node_modules/fsevents': { version: '2.3.3', optional: true },
};
const installed = {
  'node_modules/pino': { version: '10.4.0' },
  'node_modules/@grpc/grpc-js': { version: '1.14.7' },
};

describe('an install is needed', () => {
  test('not when every package has the version of the lock file', () => {
    expect(missingDependency(locked, installed)).toBeUndefined();
  });

  test('when a package is missing', () => {
    expect(missingDependency(locked, { 'node_modules/pino': { version: '10.4.0' } })).toBe(
      '@grpc/grpc-js is not installed',
    );
  });

  test('when a package has another version', () => {
    expect(missingDependency(locked, { ...installed, 'node_modules/pino': { version: '9.0.0' } })).toBe(
      'pino is installed in version 9.0.0, wanted is 10.4.0',
    );
  });

  test('not for an optional package that could not be installed, but for one in another version', () => {
    expect(missingDependency(locked, { ...installed, 'node_modules/fsevents': { version: '1.0.0' } })).toMatch(
      /^fsevents is installed in version 1.0.0/,
    );
  });
});

describe('package-lock.json', () => {
  interface LockedPackage {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };

  /** Where Node would find `name` from the package at `path`. */
  const isLocked = (path: string, name: string): boolean => {
    for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
      if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true;
      if (folder === '') return false;
    }
  };

  // npm ci refuses a lock file made where a registry did not offer the binaries of other systems.
  test('names a version for every dependency of every package, those of other systems included', () => {
    const unnamed = Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !isLocked(path, name))
        .map((name) => `${name} of ${path}`),
    );
    expect(unnamed).toEqual([]);
  });

  test('names no registry, so that a mirror works', () => {
    expect(JSON.stringify(lock)).not.toContain('"resolved":"http');
  });
});
