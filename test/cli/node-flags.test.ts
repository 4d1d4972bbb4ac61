import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFlags, nodeOptions } from '../../src/cli/node-flags.js';

test('every flag has its environment variable', () => {
  for (const [name, flag] of Object.entries(nodeFlags)) {
    expect(flag.env, name).toBe(`DCACHE_${name.toUpperCase().replaceAll('-', '_')}`);
  }
});

test('flags become options, lists of peers are taken apart', () => {
  const options = nodeOptions({ 'tick-ms': 20, 'control-listen': 'a:1', peers: ' n1=a:1, n2=b:1,' });
  expect(options).toMatchObject({ tickMs: 20, controlListen: 'a:1', peers: ['n1=a:1', 'n2=b:1'] });
  expect(options).not.toHaveProperty('id');
});

test('a flag wins over the file, and is then called by its own name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dcache-flags-'));
  try {
    const config = join(folder, 'c.yaml');
    writeFileSync(config, 'tickMs: 1\nid: n2\n');
    const options = nodeOptions({ config, 'tick-ms': 2 });
    expect(options).toMatchObject({ tickMs: 2, id: 'n2', origins: { id: `${config}, line 2: id` } });
    expect(options.origins).not.toHaveProperty('tickMs');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
