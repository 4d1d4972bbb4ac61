/** The parts that all plots are drawn from: the frame with its axes, lines, bars, marks. Sizes are in CSS pixels at full width. */
import { markup, type Markup } from './markup.js';
import type { Axis } from './scales.js';

/** Drawn once for wide windows and once for phones, so that text is as large on both. */
export const WIDE = 760;
export const NARROW = 340;

/** The plot area within a drawing. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** To a tenth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'start'): Markup {
  return markup`<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${words}</text>`;
}

/** Ticks below the area, lines up through it, and what is measured in which unit. */
export function axisBelow({ left, right, top, bottom }: Area, axis: Axis, unit: string): Markup {
  return markup`<g class="axis">${axis.ticks.map(
    ({ at, label }) =>
      markup`<line x1="${px(at)}" x2="${px(at)}" y1="${px(top)}" y2="${px(bottom)}"/>${text(at, bottom + 18, label, 'middle')}`,
  )}${text((left + right) / 2, bottom + 38, unit, 'middle')}</g>`;
}

/** Ticks left of the area, lines across it, and above it what is measured in which unit. */
export function axisLeft({ left, right, top }: Area, axis: Axis, unit: string): Markup {
  return markup`<g class="axis">${axis.ticks.map(
    ({ at, label }) =>
      markup`<line x1="${px(left)}" x2="${px(right)}" y1="${px(at)}" y2="${px(at)}"/>${text(left - 8, at + 4, label, 'end')}`,
  )}${text(4, top - 12, unit)}</g>`;
}

/** @param series its number, which decides on colour, dashes and mark */
export function line(points: readonly (readonly [number, number])[], series: number): Markup {
  const path = points.map(([x, y]) => `${px(x)},${px(y)}`).join(' ');
  return markup`<polyline class="line ${seriesClass(series)}" points="${path}"/>`;
}

/** A mark whose shape differs by series, for those to whom colours say little. */
export function mark(x: number, y: number, series: number): Markup {
  const shapes = [
    markup`<circle r="4.5"/>`,
    markup`<rect x="-4" y="-4" width="8" height="8"/>`,
    markup`<path d="M0,-5.5 L5.5,4 L-5.5,4 Z"/>`,
    markup`<path d="M0,-6 L6,0 L0,6 L-6,0 Z"/>`,
  ];
  return markup`<g class="mark ${seriesClass(series)}" transform="translate(${px(x)} ${px(y)})">${shapes[series % shapes.length]}</g>`;
}

export function bar(x: number, y: number, width: number, height: number, series: number): Markup {
  return markup`<rect class="bar ${seriesClass(series)}" x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(height)}"/>`;
}

/** There are eight; the ninth looks like the first. */
export function seriesClass(series: number): string {
  return `s${series % 8}`;
}
