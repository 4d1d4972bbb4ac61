import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvReader, type CsvRow } from '../../../src/cli/records/csv-rows.js';

function rowsOf(pieces: readonly string[]): CsvRow[] {
  const reader = new CsvReader();
  const rows = pieces.flatMap((piece) => [...reader.read(piece)]);
  const last = reader.end();
  return last === undefined ? rows : [...rows, last];
}

test.each([
  ['a,b\nc,d\n', [['a', 'b'], ['c', 'd']]], // prettier-ignore
  ['a,b\r\nc,d', [['a', 'b'], ['c', 'd']]], // prettier-ignore
  ['"a,1","b ""x"""\n', [['a,1', 'b "x"']]],
  ['"two\nlines",x\n', [['two\nlines', 'x']]],
  ['a,\n,b\n', [['a', ''], ['', 'b']]], // prettier-ignore
  ['""\n', [['']]],
  ['a\n\n\nb\n', [['a'], ['b']]],
  ['', []],
])('%j has the rows %j', (text, expected) => {
  expect(rowsOf([text]).map(({ fields }) => fields)).toEqual(expected);
});

test('a row knows the line on which it begins', () => {
  const rows = rowsOf(['a,b\n"x\ny",c\n\nd,e\n']);
  expect(rows.map(({ line }) => line)).toEqual([1, 2, 5]);
});

test.each([
  ['x,"a"b\n', 1],
  ['a\nb\n"never\nclosed', 3],
])('%j is malformed in line %i', (text, line) => {
  expect(() => rowsOf([text])).toThrow(expect.objectContaining({ line }));
});

test('what is written as RFC 4180 says is read back, wherever it is cut', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'ß') });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.array(fc.nat(200)), (table, cuts) => {
      const quoted = table
        .map((fields) => fields.map((text) => `"${text.replaceAll('"', '""')}"`).join(','))
        .join('\n');
      const at = [0, ...cuts.map((cut) => cut % (quoted.length + 1)).sort((a, b) => a - b), quoted.length];
      const pieces = at.slice(1).map((end, i) => quoted.slice(at[i], end));
      expect(rowsOf(pieces).map(({ fields }) => fields)).toEqual(table);
    }),
  );
});
