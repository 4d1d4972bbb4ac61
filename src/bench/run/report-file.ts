/** The file that a report goes to: tried before anything is measured, written whole or not at all. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DcacheError } from '../../base/errors.js';

/** Throws INVALID_ARGUMENT when a report cannot be put there, before minutes are spent on it. */
export function checkReportFile(file: string): void {
  const folder = dirname(file);
  if (!existsSync(folder)) throw new DcacheError('INVALID_ARGUMENT', `--output: there is no folder ${folder}`);
  if (existsSync(file) && statSync(file).isDirectory())
    throw new DcacheError('INVALID_ARGUMENT', `--output: ${file} is a folder; name a file in it`);
  if (isSpecial(file)) return;
  try {
    const probe = unfinished(file);
    closeSync(openSync(probe, 'w'));
    rmSync(probe);
  } catch (error) {
    throw new DcacheError('INVALID_ARGUMENT', `--output: ${file} cannot be written: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Throws DISK_FULL when the file cannot be written; an older report is still there then. */
export function writeReportFile(file: string, report: object): void {
  writeReportText(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** The same for a report that is text already. */
export function writeReportText(file: string, text: string): void {
  const target = isSpecial(file) ? file : unfinished(file);
  try {
    const fd = openSync(target, 'w');
    try {
      writeFileSync(fd, text);
      if (target !== file) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (target !== file) renameSync(target, file);
  } catch (error) {
    if (target !== file) rmSync(target, { force: true });
    throw new DcacheError(
      'DISK_FULL',
      `the report cannot be written to ${file}: ${reasonOf(error)}; make room or name another file with --output`,
      { cause: error },
    );
  }
}

/** A device or a pipe, which nothing can be renamed onto. */
function isSpecial(file: string): boolean {
  return existsSync(file) && !statSync(file).isFile();
}

function unfinished(file: string): string {
  return `${file}.unfinished`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
