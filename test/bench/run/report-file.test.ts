import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkReportFile, writeReportFile } from '../../../src/bench/run/report-file.js';

describe('the file of a report', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'dcache-test-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is written whole, in the place of an older one, with nothing left beside it', () => {
    const file = join(folder, 'run.json');
    writeFileSync(file, 'older');
    checkReportFile(file);
    expect(readFileSync(file, 'utf8')).toBe('older');
    writeReportFile(file, { a: 1 });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ a: 1 });
    expect(readdirSync(folder)).toEqual(['run.json']);
  });

  it('is refused before the run when its folder is missing, or it is one', () => {
    expect(() => checkReportFile(join(folder, 'missing/run.json'))).toThrow(/--output: there is no folder .*missing/);
    expect(() => checkReportFile(folder)).toThrow(/is a folder; name a file in it/);
  });

  // Skipped where there is no such device (macOS, Windows): nothing else is full without having been filled.
  it.runIf(existsSync('/dev/full'))('that does not fit on the disk is an error that says so', () => {
    checkReportFile('/dev/full');
    expect(() => writeReportFile('/dev/full', {})).toThrow(
      expect.objectContaining({
        code: 'DISK_FULL',
        message: expect.stringMatching(
          /cannot be written to \/dev\/full: ENOSPC.*make room or name another file/,
        ) as string,
      }) as Error,
    );
  });
});
