/** Reads report files, one after the other, none larger than a report can be. */
import { readFile, stat } from 'node:fs/promises';
import { DcacheError } from '../../base/errors.js';
import type { ReportFile } from './page/page.js';
import { readReport } from './read-report.js';

/** A run of an hour with ten nodes and windows of a second has 20 MB. */
const MAX_FILE_BYTES = 64 * 2 ** 20;

/** Rejects with INVALID_ARGUMENT that names the file which cannot be read or is no report. */
export async function loadReports(files: readonly string[]): Promise<ReportFile[]> {
  const reports: ReportFile[] = [];
  for (const file of files) reports.push({ file, report: readReport(file, await textOf(file)) });
  return reports;
}

async function textOf(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new DcacheError('INVALID_ARGUMENT', `${file} is no file; name the files themselves`);
    const { size } = found;
    if (size > MAX_FILE_BYTES)
      throw new DcacheError(
        'INVALID_ARGUMENT',
        `${file} has ${size} bytes; a report has at most ${MAX_FILE_BYTES}, make one with a longer --window`,
      );
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof DcacheError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DcacheError('INVALID_ARGUMENT', `${file} cannot be read: ${reason}`, { cause: error });
  }
}
