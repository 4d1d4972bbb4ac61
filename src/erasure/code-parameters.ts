/**
 * Which field and which Cauchy matrix a code of k data and m parity positions uses. The choice is that of
 * @ronomon/reed-solomon 6.0 (MIT License, (c) Joran Dirk Greef), which searched all fields and offsets for the
 * bit-matrix with the fewest ones. The table is part of our format: another choice would be another code.
 */
import { LIMITS } from '../base/limits.js';
import { assert } from '../base/assert.js';
import type { FieldWidth } from './galois-field.js';

export interface CodeParameters {
  readonly width: FieldWidth;
  readonly polynomial: number;
  /** Ones in the resulting bit-matrix. Construction asserts it, so a slip in the table or the arithmetic cannot pass. */
  readonly ones: number;
  /** First column and row element of the Cauchy matrix; null for m <= 2, which needs none. */
  readonly cauchy: { readonly column: number; readonly row: number } | null;
}

/** Line k, entry m (both from 1): width:polynomial:ones, from m = 3 on followed by :column:row. */
const TABLE = [
  '2:7:2 2:7:4 2:7:6:0:1 4:19:16:0:1 4:19:20:0:1 4:19:24:0:1',
  '2:7:4 2:7:9 4:19:28:0:4 4:19:40:0:5 4:19:51:2:9 4:19:62:4:10',
  '2:7:6 4:19:26 4:19:44:0:9 4:19:63:1:8 4:19:82:1:9 4:19:101:0:9',
  '4:19:16 4:19:36 4:19:63:0:9 4:19:89:3:11 4:19:116:3:11 4:19:145:11:4',
  '4:19:20 4:19:47 4:19:82:4:13 4:19:118:3:12 4:19:152:0:9 4:19:185:0:9',
  '4:19:24 4:19:58 4:19:102:2:12 4:19:144:2:12 4:19:186:0:9 4:19:231:0:9',
  '4:19:28 4:19:71 4:19:123:1:13 4:19:174:2:12 4:19:226:0:9 4:19:277:7:0',
  '4:19:32 4:19:84 4:19:142:2:13 4:19:205:2:12 4:19:265:0:9 4:19:328:0:8',
  '4:19:36 4:19:97 4:19:162:1:13 4:19:237:2:12 4:19:308:0:9 4:19:376:1:10',
  '4:19:40 4:19:111 4:19:186:1:13 4:19:268:0:12 4:19:347:0:11 4:19:426:0:10',
  '4:19:44 4:19:125 4:19:211:0:13 4:19:300:0:12 4:19:390:0:11 8:135:1401:58:188',
  '4:19:48 4:19:139 4:19:234:3:0 4:19:334:0:12 8:113:1269:24:208 8:135:1577:57:188',
  '4:19:52 4:19:155 4:19:261:0:13 8:135:1037:59:189 8:113:1393:27:236 8:113:1733:27:236',
  '4:19:56 4:19:171 8:169:777:4:252 8:135:1121:58:189 8:135:1508:58:189 8:135:1880:58:188',
  '4:19:60 8:135:353 8:113:836:24:209 8:135:1225:58:189 8:101:1644:28:232 8:113:2037:120:241',
  '8:29:128 8:135:380 8:113:901:22:213 8:113:1324:22:212 8:101:1765:28:232 8:101:2195:28:232',
  '8:29:136 8:135:407 8:113:960:22:213 8:135:1423:58:189 8:101:1880:27:232 8:101:2343:27:232',
  '8:29:144 8:135:434 8:113:1027:24:213 8:113:1513:22:212 8:195:2019:8:32 8:113:2500:205:126',
  '8:29:152 8:135:462 8:113:1086:22:213 8:113:1604:23:212 8:195:2131:7:32 8:195:2654:3:60',
  '8:29:160 8:135:490 8:113:1147:22:213 8:113:1695:22:212 8:195:2270:4:238 8:113:2816:21:233',
  '8:29:168 8:135:518 8:113:1225:21:213 8:113:1801:21:212 8:195:2395:3:60 8:195:2980:3:60',
  '8:29:176 8:135:546 8:113:1292:20:213 8:113:1906:21:212 8:195:2512:35:28 8:195:3135:3:60',
  '8:29:184 8:135:574 8:113:1366:19:213 8:113:2008:19:212 8:195:2652:3:238 8:113:3291:205:126',
  '8:29:192 8:135:603 8:113:1437:18:213 8:195:2110:125:91 8:195:2787:3:238 8:195:3466:42:225',
];

assert(TABLE.length === LIMITS.maxDataPositions, 'the table has a line for every k');

function parseWidth(text: string | undefined): FieldWidth {
  const width = Number(text);
  assert(width === 2 || width === 4 || width === 8, 'the field width is 2, 4 or 8');
  return width;
}

/** @param k data positions, 1..24. @param m parity positions, 1..6. */
export function codeParameters(k: number, m: number): CodeParameters {
  const entry = TABLE[k - 1]?.split(' ')[m - 1];
  assert(entry !== undefined, 'k and m are within the table');
  const [width, polynomial, ones, column, row] = entry.split(':');
  return {
    width: parseWidth(width),
    polynomial: Number(polynomial),
    ones: Number(ones),
    cauchy: column === undefined ? null : { column: Number(column), row: Number(row) },
  };
}
