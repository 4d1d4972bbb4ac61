import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { ECC_MUTATIONS } from './ecc-mutations.mjs';
import { MUTATIONS } from './mutations.mjs';
import { editsOf, sourceWithBug } from './planting.mjs';

const ALL = [...MUTATIONS, ...ECC_MUTATIONS];

describe('the bugs that are planted', () => {
  test.each(ALL)('$name applies to the sources as they are', async (mutation) => {
    for (const edit of editsOf(mutation)) {
      const source = sourceWithBug(mutation.name, edit);
      expect(source).toContain(edit.put);
      await expect(transform(source, { loader: 'ts' })).resolves.toMatchObject({ warnings: [] });
    }
  });

  test('each has a name of its own', () => {
    const names = ALL.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('one whose text is gone says so, with the file', () => {
    const edit = { file: 'src/base/assert.ts', find: 'no such text', put: '' };
    expect(() => sourceWithBug('a-bug', edit)).toThrow(
      'a-bug does not apply: its text occurs 0 times in src/base/assert.ts.',
    );
  });
});
