/** What was done to which node of one run, and how long it took until all was in its place again. */
import { assertNever } from '../../../base/assert.js';
import type { FaultRecord, RunReport } from '../run-report.js';
import { axisBelow, px, text, type Area } from './drawing.js';
import type { Drawing, Figure, LegendItem } from './figure.js';
import { runName, seconds, type LabelledRun } from './labelled.js';
import { markup } from './markup.js';
import { linearAxis } from './scales.js';

const ROW_HEIGHT = 34;
const BAR_HEIGHT = 18;

/** A time in which a node was not as it should be. */
export interface Spell {
  readonly type: SpellType;
  readonly nodeId: string;
  readonly fromMs: number;
  /** Null: it did not end before the run did. */
  readonly toMs: number | null;
}

type SpellType = keyof typeof SPELLS;

const SPELLS = {
  down: { series: 1, meaning: 'killed, not yet restarted' },
  refilling: { series: 0, meaning: 'restarted, until every node holds everything again' },
  paused: { series: 4, meaning: 'paused' },
  cut: { series: 3, meaning: 'cut off from one other node' },
} as const;
const SPELL_TYPES = ['down', 'refilling', 'paused', 'cut'] as const;

export function recoveryFigure(run: LabelledRun): Figure {
  const { report } = run;
  const spells = spellsOf(report);
  const recoveries = report.recoveries.map(({ nodeId, restartedAtMs, wholeAtMs }) =>
    wholeAtMs === null
      ? `${nodeId} did not hold everything again before the run was over.`
      : `${nodeId} was restarted at ${seconds(restartedAtMs)}, and ${seconds(wholeAtMs - restartedAtMs)} later everything was whole again.`,
  );
  const shown = SPELL_TYPES.filter((type) => spells.some((spell) => spell.type === type));
  return {
    id: `recovery${run.letter}`,
    title: `Faults and recovery, ${runName(run)}`,
    summary: recoveries.length === 0 ? 'No node was killed and restarted in this run.' : recoveries.join(' '),
    legend: shown.map((type): LegendItem => {
      const { series, meaning } = SPELLS[type];
      return { label: meaning, look: { type: 'bar', series } };
    }),
    draw: (width) => drawSpells(report, spells, width),
    table: {
      head: ['node', 'what', 'from', 'to', 'for'],
      rows: spells.map(({ type, nodeId, fromMs, toMs }) => [
        nodeId,
        SPELLS[type].meaning,
        seconds(fromMs),
        toMs === null ? 'the end, not over' : seconds(toMs),
        toMs === null ? '' : seconds(toMs - fromMs),
      ]),
    },
  };
}

function drawSpells(report: RunReport, spells: readonly Spell[], width: number): Drawing {
  const nodeIds = [...new Set([...report.nodes.map(({ nodeId }) => nodeId), ...spells.map(({ nodeId }) => nodeId)])];
  const area: Area = { left: 62, right: width - 16, top: 8, bottom: 8 + nodeIds.length * ROW_HEIGHT };
  const x = linearAxis(report.durationMs / 1000, area.left, area.right, width < 500 ? 4 : 8);
  const bars = spells.map(({ type, nodeId, fromMs, toMs }) => {
    const top = area.top + nodeIds.indexOf(nodeId) * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2;
    const from = x.at(fromMs / 1000);
    const length = Math.max(2, x.at((toMs ?? report.durationMs) / 1000) - from);
    const { series, meaning } = SPELLS[type];
    return markup`<rect class="bar s${series}" x="${px(from)}" y="${px(top)}" width="${px(length)}" height="${BAR_HEIGHT}"><title>${nodeId}: ${meaning}</title></rect>`;
  });
  return {
    height: area.bottom + 46,
    body: [
      axisBelow(area, x, 'seconds since the measured part began'),
      ...nodeIds.map((nodeId, row) =>
        text(area.left - 8, area.top + (row + 0.5) * ROW_HEIGHT + 5, nodeId.slice(0, 7), 'end'),
      ),
      ...bars,
    ],
  };
}

/** Faults and recoveries, which are moments, as times from one to the other. */
export function spellsOf({ faults, recoveries }: Pick<RunReport, 'faults' | 'recoveries'>): Spell[] {
  const refilling = recoveries.map(({ nodeId, restartedAtMs, wholeAtMs }): Spell => ({
    type: 'refilling',
    nodeId,
    fromMs: restartedAtMs,
    toMs: wholeAtMs,
  }));
  const others = faults.flatMap((fault, i): Spell[] => {
    const kind = beginningOf(fault.type);
    if (kind === undefined) return [];
    const end = faults
      .slice(i + 1)
      .find((later) => later.type === kind.endsWith && later.nodes.join() === fault.nodes.join());
    return fault.nodes.map((nodeId) => ({
      type: kind.spell,
      nodeId,
      fromMs: fault.atMs,
      toMs: end?.atMs ?? null,
    }));
  });
  return [...others, ...refilling].sort((a, b) => a.fromMs - b.fromMs);
}

/** Undefined for what ends a spell. */
function beginningOf(
  type: FaultRecord['type'],
): { readonly spell: SpellType; readonly endsWith: FaultRecord['type'] } | undefined {
  switch (type) {
    case 'kill':
      return { spell: 'down', endsWith: 'restart' };
    case 'pause':
      return { spell: 'paused', endsWith: 'resume' };
    case 'cut':
      return { spell: 'cut', endsWith: 'mend' };
    case 'restart':
    case 'resume':
    case 'mend':
      return undefined;
    default:
      return assertNever(type);
  }
}
