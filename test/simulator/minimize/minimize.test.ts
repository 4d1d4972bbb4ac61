import { expect, test } from 'vitest';
import { run, runWith, type RunOptions } from '../run.js';
import type { World } from '../world.js';
import { cutDown, parseCut } from './cut.js';
import { minimize } from './minimize.js';

/** As if the cluster could not bear that a process crashes while a clock has jumped. */
const check = ({ faults, invariants }: World): void => {
  if (faults.of('node crashed') > 0 && faults.of('clock jumped') > 0) invariants.fail('a planted one', 'for the test');
};
const OPTIONS: RunOptions = { check };

test('what does not contribute to a failure is left out, and what is left fails in the same way', async () => {
  let seed = 1;
  let failed = await run(seed, 'raft', OPTIONS);
  while (failed.verdict.type === 'passed') failed = await run(++seed, 'raft', OPTIONS);
  expect(failed.verdict).toMatchObject({ invariant: 'a planted one' });

  const { parameters } = failed;
  const { cut, report } = await minimize(failed, {
    parameters,
    run: (shorter) => runWith(seed, shorter, OPTIONS),
    onProgress: () => undefined,
    maxRuns: 200,
  });

  const faults = report.parameters.strikes.map(({ fault }) => fault);
  expect(faults.sort()).toEqual(['clock jumped', 'node crashed']);
  expect(report.parameters).toMatchObject({ nodes: 1, workload: { clients: 1, maxOperations: 1, keys: 1 } });
  const again = await runWith(seed, cutDown(parameters, parseCut(JSON.stringify(cut))), OPTIONS);
  expect(again.traceHash).toBe(report.traceHash);
  expect(again.verdict).toEqual(report.verdict);
});

test.each(['{}', '{"salt":"a"}', '{"salt":0,"seeds":1}', '{"salt":0,"strikes":["a"]}', '[]', '1'])(
  'a cut that no search has made is refused: %s',
  (text) => {
    expect(() => parseCut(text)).toThrow(TypeError);
  },
);
