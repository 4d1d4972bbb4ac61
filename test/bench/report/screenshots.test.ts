/** The page in a real browser: on wide windows and phones, light and dark, the plots are there in their colours. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { renderPage } from '../../../src/bench/report/page/page.js';
import { sampleRun } from './sample-reports.js';

const BROWSER = ['chromium', 'google-chrome', 'chrome'].find(
  (name) => spawnSync(name, ['--version'], { timeout: 10_000 }).status === 0,
);
if (BROWSER === undefined) process.stderr.write('screenshots.test.ts: no Chromium here, so nobody looks at the page\n');

const SCREENS = [
  { name: 'wide and light', size: '1280,1500', dark: false, bar: '0072b2', ground: 'ffffff' },
  { name: 'phone and dark', size: '390,1500', dark: true, bar: '4aa8e8', ground: '14171b' },
];

// Skipped without a Chromium, which is no package of this project.
describe.skipIf(BROWSER === undefined)('the page in a browser', () => {
  it.each(SCREENS)('has drawn its plots: $name', { timeout: 60_000 }, async ({ size, dark, bar, ground }) => {
    const folder = mkdtempSync(join(tmpdir(), 'dcache-test-'));
    try {
      writeFileSync(join(folder, 'page.html'), renderPage([{ file: 'run.json', report: sampleRun() }]));
      await promisify(execFile)(BROWSER ?? '', [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${folder}/profile`],
        `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
        `--screenshot=${folder}/page.png`,
        `--window-size=${size}`,
        `file://${folder}/page.html`,
      ]);
      const colours = coloursOf(readFileSync(join(folder, 'page.png')));
      expect(colours.get(ground) ?? 0).toBeGreaterThan(100_000);
      expect(colours.get(bar) ?? 0).toBeGreaterThan(1_000);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

/** Number of pixels by colour, of a PNG with 8 bits a channel, RGB or RGBA, not interlaced (PNG, third edition, section 9). */
function coloursOf(png: Buffer): Map<string, number> {
  const [width, channels] = [png.readUInt32BE(16), png[25] === 6 ? 4 : 3];
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const colours = new Map<string, number>();
  let above: Buffer = Buffer.alloc(stride);
  for (let at = 0; at < raw.length; at += stride + 1) {
    const row = unfiltered(raw[at] ?? 0, raw.subarray(at + 1, at + 1 + stride), above, channels);
    for (let x = 0; x < stride; x += channels) {
      const colour = row.toString('hex', x, x + 3);
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    above = row;
  }
  return colours;
}

function unfiltered(filter: number, row: Buffer, above: Buffer, channels: number): Buffer {
  const out = Buffer.alloc(row.length);
  for (let x = 0; x < row.length; x++) {
    const [a, b, c] = [
      x < channels ? 0 : (out[x - channels] ?? 0),
      above[x] ?? 0,
      x < channels ? 0 : (above[x - channels] ?? 0),
    ];
    const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    out[x] = ((row[x] ?? 0) + ([0, a, b, (a + b) >> 1, paeth][filter] ?? 0)) & 255;
  }
  return out;
}
