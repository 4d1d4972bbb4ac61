import { describe, expect, it } from 'vitest';
import { cpuPerOperation } from '../../../src/bench/report/page/cpu-figure.js';
import { markup } from '../../../src/bench/report/page/markup.js';
import { renderPage } from '../../../src/bench/report/page/page.js';
import { spellsOf } from '../../../src/bench/report/page/recovery-figure.js';
import { linearAxis, logAxis, percentileAxis } from '../../../src/bench/report/page/scales.js';
import { sampleCompare, sampleRun } from './sample-reports.js';

describe('axes', () => {
  it('have round ticks that reach over what is shown', () => {
    expect(linearAxis(830, 0, 100, 4).ticks.map(({ label }) => label)).toEqual(['0', '500', '1,000']);
    expect(linearAxis(0, 0, 100).ticks.map(({ at }) => at)).toEqual([0, 100]);
    expect(logAxis(0.2, 300, 100, 0).ticks.map(({ label }) => label)).toEqual(['0.1', '1', '10', '100', '1,000']);
    expect(logAxis(0.1, 1000, 100, 0).at(10)).toBeCloseTo(50);
  });

  it('give each nine of a percentile the same width', () => {
    const { at } = percentileAxis(3, 0, 70);
    expect([0, 90, 99, 99.9, 100].map((percentile) => Math.round(at(percentile)))).toEqual([0, 20, 40, 60, 70]);
  });
});

describe('figures of a run', () => {
  it('weigh processors by time, and count a node that is down as idle', () => {
    // n1: (0.5 x 1 s + 0.1 x 3 s) / 4 s = 0.2; n2: 0.4 x 2 s / 4 s = 0.2; 1000 answers a second
    const { nodes, driver } = cpuPerOperation(sampleRun());
    expect(nodes).toBeCloseTo(400);
    expect(driver).toBeCloseTo(300);
    expect(cpuPerOperation(sampleRun({ nodes: [] })).nodes).toBeNull();
  });

  it('tell from moments how long each node was not as it should be', () => {
    expect(spellsOf(sampleRun()).map(({ type, nodeId, fromMs, toMs }) => [type, nodeId, fromMs, toMs])).toEqual([
      ['down', 'n2', 1000, 2000],
      ['refilling', 'n2', 2000, 3500],
      ['cut', 'n1', 3000, null],
      ['cut', 'n3', 3000, null],
    ]);
  });
});

describe('the page', () => {
  const page = renderPage([
    { file: 'run.json', report: sampleRun() },
    { file: 'compare.json', report: sampleCompare() },
  ]);

  it('loads nothing and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link(?! rel="icon" href="data:,")|\bon\w+=|@import|url\(|https?:/);
    expect(page).toContain("default-src 'none'");
  });

  it('tells figures, ratios, overlaps, and that clients and servers shared the machine', () => {
    for (const words of [
      'Clients and servers shared one machine',
      'A holds 2,000 bytes; its floor is 1,733, 3 full copies would take 3,120',
      'no answer for 700 ms',
      '1 is kill n2 at 1.0 s',
      '1.5 s later everything was whole again',
      '2 × Model X, 8.0 GiB, linux x64',
      '>overlap<',
      '>0.33<',
    ])
      expect(page).toContain(words);
    expect(page.match(/<svg class="(wide|narrow|small)"[^>]*role="img" aria-labelledby/g)).toHaveLength(15);
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('escapes whatever a file says', () => {
    const evil = '"><script>alert(1)</script>\'&\u0000\u202e';
    const base = sampleRun();
    const hostile = renderPage([
      {
        file: evil,
        report: sampleRun({
          command: evil,
          startedAt: evil,
          dcacheVersion: evil,
          machine: { ...base.machine, cpuModel: evil, platform: evil, node: evil },
          workload: { ...base.workload, name: evil },
          faults: [{ type: 'kill', nodes: [evil], plannedAtMs: 0, atMs: 0 }],
          nodes: [{ nodeId: evil, samples: [] }],
          memory: { ...base.memory, storeBytesFor: { [evil]: 1 } },
          total: { ...base.total, failed: { [evil]: 1 } },
        }),
      },
    ]);
    expect(hostile).not.toContain('<script');
    expect(hostile).toContain('&quot;&gt;&lt;script&gt;');
    for (const character of ['\u0000', '\u202e']) expect(hostile).not.toContain(character);
    expect(markup`<i title="${'a"b'}">${markup`<b>${1}</b>`}</i>`.text).toBe('<i title="a&quot;b"><b>1</b></i>');
  });

  it('shows a run without answers, entries, nodes and time', () => {
    const base = sampleRun();
    const nothing = {
      ...base.total,
      answered: 0,
      perSecond: 0,
      latency: { ...base.total.latency, count: 0, curve: [] },
    };
    const empty = { ...base.memory, entries: 0, storeBytesFor: {} };
    const report = sampleRun({
      total: nothing,
      memory: empty,
      memoryAfter: empty,
      nodes: [],
      timeline: [],
      durationMs: 0,
    });
    expect(renderPage([{ file: 'x', report }])).not.toMatch(/NaN|Infinity|undefined/);
  });
});
