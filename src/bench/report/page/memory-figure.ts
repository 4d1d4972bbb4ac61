/** Memory for an entry by what it is for, beside the floor of the code and what full copies would take. */
import type { MemoryFigures } from '../run-report.js';
import { axisBelow, bar, px, text, type Area } from './drawing.js';
import { boundMark, type Drawing, type Figure } from './figure.js';
import { runName, type LabelledRun } from './labelled.js';
import { markup } from './markup.js';
import { amount, linearAxis } from './scales.js';

/** As the nodes account for them, in the order in which they are stacked; all that is left is `other`. */
const CLASSES = ['live', 'parity', 'tail', 'index', 'dead', 'other'] as const;
type MemoryClass = (typeof CLASSES)[number];

const MEANINGS: Readonly<Record<MemoryClass, string>> = {
  live: 'live: keys, values, headers',
  parity: 'parity shards',
  tail: 'tail: copies of the newest writes',
  index: 'index',
  dead: 'dead: overwritten, not yet cleaned',
  other: 'other: open segments, tables, spare room',
};
const ROW_HEIGHT = 74;
const BAR_HEIGHT = 26;

export function memoryFigure(runs: readonly LabelledRun[]): Figure {
  return {
    id: 'memory',
    title: 'Memory for an entry',
    summary: `What all nodes together hold for one entry once loaded, by what it is for. ${runs.map(sentence).join(' ')}`,
    legend: [
      ...CLASSES.map((name, series) => ({
        label: MEANINGS[name],
        look: { type: 'bar', series } as const,
      })),
      { label: 'floor: what no code of these parameters can go below', look: { type: 'floor' } },
      { label: 'full copies that bear as many failures', look: { type: 'copies' } },
    ],
    draw: (width) => drawBars(runs, width),
    table: {
      head: ['bytes for an entry', 'total', ...CLASSES, 'floor', 'full copies', 'total after the run', 'resident'],
      rows: runs.map((run) => {
        const { memory, memoryAfter } = run.report;
        return [
          runName(run),
          ...[
            memory.storeBytes,
            ...CLASSES.map((name) => bytesFor(memory, name)),
            memory.floorBytes,
            memory.replicationBytes,
          ].map((bytes) => amount(each(memory, bytes))),
          amount(each(memoryAfter, memoryAfter.storeBytes)),
          memory.residentBytes === null ? 'not known' : amount(each(memory, memory.residentBytes)),
        ];
      }),
    },
  };
}

function sentence(run: LabelledRun): string {
  const { memory, target } = run.report;
  const [held, floor, copies] = [memory.storeBytes, memory.floorBytes, memory.replicationBytes].map((bytes) =>
    amount(each(memory, bytes)),
  );
  return `${run.letter} holds ${held} bytes; its floor is ${floor}, ${target.tolerates + 1} full copies would take ${copies}.`;
}

function drawBars(runs: readonly LabelledRun[], width: number): Drawing {
  const area: Area = { left: 14, right: width - 24, top: 6, bottom: 10 + runs.length * ROW_HEIGHT };
  const most = Math.max(
    ...runs.map(({ report: { memory } }) => {
      const stacked = CLASSES.reduce((sum, name) => sum + held(memory, name), 0);
      return Math.max(stacked, each(memory, memory.replicationBytes), each(memory, memory.floorBytes));
    }),
  );
  const axis = linearAxis(most, area.left, area.right, width < 500 ? 3 : 6);
  const rows = runs.map(({ letter, report: { memory, target } }, row) => {
    const top = area.top + row * ROW_HEIGHT;
    let sum = 0;
    const parts = CLASSES.map((name, series) => {
      const from = axis.at(sum);
      sum += held(memory, name);
      return bar(from, top + 24, axis.at(sum) - from, BAR_HEIGHT, series);
    });
    const bound = (type: 'floor' | 'copies', bytes: number) =>
      markup`<g transform="translate(${px(axis.at(each(memory, bytes)))} ${px(top + 24 + BAR_HEIGHT + 9)})">${boundMark(type)}</g>`;
    const name = `${letter}: ${target.mode}${target.k === undefined ? '' : ` RS(${target.k},${target.m ?? 0})`}, ${amount(each(memory, memory.storeBytes))} bytes`;
    return markup`${text(area.left, top + 17, name)}${parts}${bound('floor', memory.floorBytes)}${bound('copies', memory.replicationBytes)}`;
  });
  return { height: area.bottom + 46, body: [axisBelow(area, axis, 'bytes for an entry, all nodes together'), ...rows] };
}

function bytesFor({ storeBytesFor }: MemoryFigures, name: MemoryClass): number {
  if (name !== 'other') return storeBytesFor[name] ?? 0;
  return Object.entries(storeBytesFor).reduce(
    (sum, [what, bytes]) => (CLASSES.some((known) => known === what && known !== 'other') ? sum : sum + bytes),
    0,
  );
}

function each({ entries }: MemoryFigures, bytes: number): number {
  return entries === 0 ? 0 : bytes / entries;
}

/** Beside other entries of a running cluster a class can have shrunk meanwhile; there is nothing to draw then. */
function held(memory: MemoryFigures, name: MemoryClass): number {
  return Math.max(0, each(memory, bytesFor(memory, name)));
}
