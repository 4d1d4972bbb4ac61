/**
 * Where everything stands in a timeline: a row a client, events at columns in their order (not to scale in time, so that
 * the interesting part is not squeezed), columns wide enough for the labels, and a point on each linearized bar.
 * Lengths are in CSS pixels.
 */
import type { Operation } from './operation.js';

/** What is drawn of one operation. */
export interface PictureOperation {
  readonly operation: Operation<unknown, unknown>;
  readonly label: string;
  /** Its answer is part of the contradiction. */
  readonly essential: boolean;
  /** It could come next where the linearization ends, but does not fit. */
  readonly stuck: boolean;
  /** Its number in the linearization, if it is there. */
  readonly number?: number | undefined;
}

export interface Bar extends PictureOperation {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  /** Whether it goes on after the right end of the picture: nobody knows when, or if, it takes effect. */
  readonly open: boolean;
  /** Where it takes effect in the linearization. */
  readonly pointX?: number | undefined;
}

export interface Row {
  readonly client: string;
  readonly top: number;
  readonly height: number;
}

export interface Tick {
  readonly x: number;
  readonly timeMs: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly Row[];
  readonly bars: readonly Bar[];
  readonly ticks: readonly Tick[];
}

export const LANE_HEIGHT = 46;
/** The bar below its label, within a lane. */
export const BAR_TOP = 20;
export const BAR_HEIGHT = 16;
export const POINT_RADIUS = 9;
const ROW_GAP = 10;
const AXIS_HEIGHT = 24;
const MARGIN = 16;
const MIN_COLUMN = 24;
const CHARACTER_WIDTH = 7.3;
const LABEL_GAP = 12;
const TICK_GAP = 64;

/** Puts the operations of one client into as few lanes as their overlaps allow; open ones keep their lane to the end. */
function lanesOf(operations: readonly PictureOperation[]): readonly (readonly PictureOperation[])[] {
  const lanes: PictureOperation[][] = [];
  for (const operation of operations) {
    const lane = lanes.find((other) => (other.at(-1)?.operation.returnedAt ?? 0) < operation.operation.invokedAt);
    if (lane === undefined) lanes.push([operation]);
    else lane.push(operation);
  }
  return lanes;
}

/** Clients in the order of their names, numbers in names counting as numbers. */
function byClient(operations: readonly PictureOperation[]): readonly [string, readonly PictureOperation[]][] {
  const clients = new Map<string, PictureOperation[]>();
  for (const drawn of operations) {
    const { client } = drawn.operation;
    clients.set(client, [...(clients.get(client) ?? []), drawn]);
  }
  return [...clients].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Columns of a picture: the places of its events, in order, with what lies between them. */
class Columns {
  private readonly ranks = new Map<number, number>();
  private readonly xs: number[];

  constructor(
    operations: readonly PictureOperation[],
    lanes: readonly (readonly PictureOperation[])[],
    pointsAfter: ReadonlyMap<number, number>,
  ) {
    const places = operations.flatMap(({ operation }) => [operation.invokedAt, operation.returnedAt]);
    const finite = [...new Set(places)].filter(Number.isFinite).sort((a, b) => a - b);
    for (const [rank, place] of finite.entries()) this.ranks.set(place, rank);
    /** For a column: the columns before it whose labels end before it starts, with the width they need. */
    const needs = new Map<number, { readonly from: number; readonly width: number }[]>();
    for (const lane of lanes) {
      for (const [index, { operation, label }] of lane.entries()) {
        const next = lane[index + 1];
        const to = next === undefined ? finite.length : this.rank(next.operation.invokedAt);
        const need = { from: this.rank(operation.invokedAt), width: label.length * CHARACTER_WIDTH + LABEL_GAP };
        needs.set(to, [...(needs.get(to) ?? []), need]);
      }
    }
    this.xs = [MARGIN];
    for (let rank = 1; rank <= finite.length; rank++) {
      const points = pointsAfter.get(rank - 1) ?? 0;
      let x = (this.xs[rank - 1] ?? 0) + Math.max(MIN_COLUMN, (points + 1) * POINT_RADIUS * 2.2);
      for (const { from, width } of needs.get(rank) ?? []) x = Math.max(x, (this.xs[from] ?? 0) + width);
      this.xs.push(x);
    }
  }

  rank(place: number): number {
    return this.ranks.get(place) ?? this.ranks.size;
  }

  /** Of a column; one past the last is the right end. */
  x(rank: number): number {
    return this.xs[rank] ?? this.end;
  }

  get end(): number {
    return this.xs.at(-1) ?? MARGIN;
  }
}

/**
 * The column after which each linearized operation takes effect: as early as its invocation and its forerunners allow.
 * Keyed by operation, in the order of the linearization.
 */
function pointColumns(operations: readonly PictureOperation[]): Map<PictureOperation, number> {
  const places = operations.flatMap(({ operation }) => [operation.invokedAt, operation.returnedAt]);
  const finite = [...new Set(places)].filter(Number.isFinite).sort((a, b) => a - b);
  const points = new Map<PictureOperation, number>();
  let column = 0;
  const numbered = operations.filter(({ number }) => number !== undefined);
  for (const operation of numbered.sort((a, b) => (a.number ?? 0) - (b.number ?? 0))) {
    column = Math.max(column, finite.indexOf(operation.operation.invokedAt));
    points.set(operation, column);
  }
  return points;
}

export function layOut(operations: readonly PictureOperation[]): Layout {
  const ordered = [...operations].sort((a, b) => a.operation.invokedAt - b.operation.invokedAt);
  const clients = byClient(ordered).map(([client, own]) => ({ client, lanes: lanesOf(own) }));
  const points = pointColumns(ordered);
  const pointsAfter = new Map<number, number>();
  for (const column of points.values()) pointsAfter.set(column, (pointsAfter.get(column) ?? 0) + 1);
  const columns = new Columns(
    ordered,
    clients.flatMap(({ lanes }) => lanes),
    pointsAfter,
  );
  const pointXs = placePoints(points, pointsAfter, columns);

  const rows: Row[] = [];
  const bars: Bar[] = [];
  let top = ROW_GAP / 2;
  for (const { client, lanes } of clients) {
    rows.push({ client, top, height: lanes.length * LANE_HEIGHT });
    for (const [index, lane] of lanes.entries()) {
      for (const drawn of lane) {
        const { invokedAt, returnedAt } = drawn.operation;
        bars.push({
          ...drawn,
          left: columns.x(columns.rank(invokedAt)),
          right: columns.x(columns.rank(returnedAt)),
          top: top + index * LANE_HEIGHT,
          open: returnedAt === Infinity,
          pointX: pointXs.get(drawn),
        });
      }
    }
    top += lanes.length * LANE_HEIGHT + ROW_GAP;
  }
  return { width: columns.end + MARGIN, height: top + AXIS_HEIGHT, rows, bars, ticks: ticksOf(ordered, columns) };
}

/** Points that fall between the same two columns share the room evenly. */
function placePoints(
  points: ReadonlyMap<PictureOperation, number>,
  pointsAfter: ReadonlyMap<number, number>,
  columns: Columns,
): Map<PictureOperation, number> {
  const placed = new Map<number, number>();
  const xs = new Map<PictureOperation, number>();
  for (const [operation, column] of points) {
    const index = (placed.get(column) ?? 0) + 1;
    placed.set(column, index);
    const left = columns.x(column);
    xs.set(operation, left + ((columns.x(column + 1) - left) * index) / ((pointsAfter.get(column) ?? 0) + 1));
  }
  return xs;
}

function ticksOf(operations: readonly PictureOperation[], columns: Columns): readonly Tick[] {
  const ticks: Tick[] = [];
  for (const { operation } of operations) {
    const x = columns.x(columns.rank(operation.invokedAt));
    if (x - (ticks.at(-1)?.x ?? -Infinity) >= TICK_GAP) ticks.push({ x, timeMs: operation.invokedMs });
  }
  return ticks;
}
