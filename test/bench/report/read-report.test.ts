import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, describe } from 'vitest';
import { loadReports } from '../../../src/bench/report/load-reports.js';
import { readReport } from '../../../src/bench/report/read-report.js';
import { sampleCompare, sampleRun } from './sample-reports.js';

const read = (value: unknown): unknown => readReport('x.json', JSON.stringify(value));

describe('a report file', () => {
  it('is read as it was written', () => {
    expect(read(sampleRun())).toEqual(sampleRun());
    expect(read(sampleCompare())).toEqual(sampleCompare());
  });

  it('is refused with the reason when it is something else', () => {
    expect(() => readReport('x.json', '{')).toThrow(/^x\.json is not JSON/);
    expect(() => read([])).toThrow(/^x\.json is not an object/);
    expect(() => read({})).toThrow(/^x\.json is JSON, but no report/);
    expect(() => read({ ...sampleRun(), version: 2 })).toThrow(/x\.json is of version 2 .* reads version 1/);
    expect(() => read({ ...sampleRun(), durationMs: -1 })).toThrow(/^x\.json\.durationMs is not a number, 0 or more/);
    expect(() =>
      readReport('x.json', JSON.stringify(sampleRun()).replace('"windowMs":1000', '"windowMs":1e999')),
    ).toThrow(/^x\.json\.windowMs is not a number/);
    expect(() => read({ ...sampleRun(), nodes: [{ nodeId: 7, samples: [] }] })).toThrow(
      /^x\.json\.nodes\[0\]\.nodeId is not text/,
    );
  });

  it('is named when it cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dcache-test-'));
    try {
      await expect(loadReports([join(folder, 'gone.json')])).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/gone\.json cannot be read: ENOENT/) as string,
      });
      await expect(loadReports([folder])).rejects.toThrow(/is no file/);
      writeFileSync(join(folder, 'run.json'), JSON.stringify(sampleRun()));
      expect(await loadReports([join(folder, 'run.json')])).toMatchObject([{ report: { schema: 'dcache.bench.run' } }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
