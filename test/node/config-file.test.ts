import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig, readConfigFile } from '../../src/node/config-file.js';

test('fields are the flags in camel case, and their lines are kept', () => {
  const text = 'mode: raft\nid: n1\npeers:\n  - n1=127.0.0.1:1\n  - n2=127.0.0.1:2\ntickMs: 20\n';
  expect(parseConfig('c.yaml', text)).toEqual({
    mode: 'raft',
    id: 'n1',
    peers: ['n1=127.0.0.1:1', 'n2=127.0.0.1:2'],
    tickMs: 20,
    origins: {
      mode: 'c.yaml, line 1: mode',
      id: 'c.yaml, line 2: id',
      peers: 'c.yaml, line 3: peers',
      tickMs: 'c.yaml, line 6: tickMs',
    },
  });
});

test('JSON is YAML', () => {
  expect(parseConfig('c.json', '{"nodes": 5, "logLevel": "warn"}')).toMatchObject({ nodes: 5, logLevel: 'warn' });
});

test.each(['', '# nothing yet\n'])('an empty file sets nothing', (text) => {
  expect(parseConfig('c.yaml', text)).toEqual({});
});

test.each([
  ['mode: raft\nlissten: x\n', /^c\.yaml, line 2: unknown field "lissten"; there are mode, id, /],
  ['\n\nnodes: "3"\n', /^c\.yaml, line 3: field "nodes" must be a whole number$/],
  ['nodes: 1.5\n', /^c\.yaml, line 1: field "nodes" must be a whole number$/],
  ['id: 7\n', /^c\.yaml, line 1: field "id" must be a text$/],
  ['mode:\n', /^c\.yaml, line 1: field "mode" must be a text$/],
  ['peers: n1=127.0.0.1:1\n', /^c\.yaml, line 1: field "peers" must be a list of texts$/],
  ['- mode: raft\n', /^c\.yaml, line 1: the file must be a list of fields, like `mode: raft`$/],
  ['mode: [raft\nid: n1\n', /^c\.yaml, line \d: /],
  ['mode: raft\nmode: ecc\n', /^c\.yaml, line 2: /],
  ['mode: *nobody\n', /^c\.yaml, line 1: Unresolved alias .*nobody$/],
])('%j is refused with its line', (text, message) => {
  expect(() => parseConfig('c.yaml', text)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string }),
  );
});

test('a file that cannot be read, or is no configuration at all, is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dcache-config-'));
  try {
    const path = join(folder, 'c.yaml');
    expect(() => readConfigFile(path)).toThrow(/^the configuration file cannot be read: .*ENOENT/);
    writeFileSync(path, Buffer.alloc(64 * 1024 + 1, '#'));
    expect(() => readConfigFile(path)).toThrow('line 1: the file is too large: at most 65536 bytes are read');
    writeFileSync(path, 'nodes: 4\n');
    expect(readConfigFile(path)).toMatchObject({ nodes: 4 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
