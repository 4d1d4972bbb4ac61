import { describe, expect, test } from 'vitest';
import { renderCommands, replaceSection } from '../../bin/generate/readme.mjs';

const json = { name: 'json', type: 'boolean', summary: 'Print JSON.' };
const manifest = {
  commands: {
    'cluster:start': {
      id: 'cluster:start',
      summary: 'Start a local cluster.',
      args: {},
      flags: {
        json,
        mode: { name: 'mode', char: 'm', type: 'option', options: ['raft', 'ecc'], summary: 'What | how.' },
        color: { name: 'color', type: 'boolean', allowNo: true, summary: 'Use colours.' },
      },
    },
    'kv:get': {
      id: 'kv:get',
      summary: 'Print a value.',
      args: { key: { name: 'key', required: true }, other: { name: 'other' } },
      flags: { json, output: { name: 'output', type: 'option', helpValue: 'FILE', summary: 'Write it to a file.' } },
    },
    secret: { id: 'secret', hidden: true, summary: 'Not shown.', args: {}, flags: {} },
  },
};

describe('the command list', () => {
  const lines = renderCommands(manifest).split('\n');

  test('has a row for each command that is not hidden, with its arguments', () => {
    expect(lines.slice(2, 5)).toEqual([
      '| `dcache cluster start` | Start a local cluster. |',
      '| `dcache kv get KEY [OTHER]` | Print a value. |',
      '',
    ]);
  });

  test('shows how each flag is given', () => {
    expect(lines).toContain('- `-m, --mode raft|ecc` What \\| how.');
    expect(lines).toContain('- `--[no-]color` Use colours.');
    expect(lines).toContain('- `--output FILE` Write it to a file.');
  });

  test('names a flag of every command once', () => {
    expect(lines.filter((line) => line.includes('--json'))).toEqual(['- `--json` Print JSON.']);
  });
});

describe('a section between markers', () => {
  test('is replaced, and nothing around it', () => {
    const before = 'a\n<!-- errors -->\nold\n<!-- errorsstop -->\nb\n';
    const after = 'a\n<!-- errors -->\n\nnew\n\n<!-- errorsstop -->\nb\n';
    expect(replaceSection(before, 'errors', 'new')).toBe(after);
    expect(replaceSection(after, 'errors', 'new')).toBe(after);
  });

  test('that is not there changes nothing', () => {
    expect(replaceSection('text', 'errors', 'new')).toBe('text');
  });

  test('that is never closed is an error', () => {
    expect(() => replaceSection('<!-- errors --> text', 'errors', 'new')).toThrow('never closed');
  });
});
