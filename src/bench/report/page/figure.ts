/** A plot with everything around it: heading, legend, both drawings, and its numbers in a table. */
import { markup, type Insert, type Markup } from './markup.js';
import { mark, NARROW, seriesClass, WIDE } from './drawing.js';

export interface LegendItem {
  readonly label: string;
  /** How it looks; `floor`, `copies`, `stall` and `fault` are marks of their own. */
  readonly look: { readonly type: 'bar' | 'line'; readonly series: number } | { readonly type: 'floor' | 'copies' };
}

export interface Drawing {
  readonly height: number;
  readonly body: Markup | readonly Markup[];
}

export interface Figure {
  /** Of the page, for the ids of its parts: letters and digits. */
  readonly id: string;
  readonly title: string;
  /** What there is to see, in words: the text alternative of the drawing. */
  readonly summary: string;
  readonly legend?: readonly LegendItem[];
  /** Small ones stand beside each other. */
  readonly size?: 'small';
  readonly draw: (width: number) => Drawing;
  readonly table: Table;
}

export interface Table {
  readonly head: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Insert[])[];
}

export function renderFigure(figure: Figure): Markup {
  const { id, title, summary, legend = [], size, table } = figure;
  const drawings =
    size === 'small'
      ? renderDrawing(figure, NARROW, 'small')
      : [renderDrawing(figure, WIDE, 'wide'), renderDrawing(figure, NARROW, 'narrow')];
  return markup`<section class="figure" id="${id}"><h3>${title}</h3><p>${summary}</p>${legend.length === 0 ? undefined : renderLegend(legend)}${drawings}${renderTable(table, `${title}, in numbers`)}</section>
`;
}

export function renderTable({ head, rows }: Table, caption: string): Markup {
  return markup`<div class="table" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head.map((cell) => markup`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${rows.map(
    ([first, ...cells]) =>
      markup`<tr><th scope="row">${first}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function renderDrawing({ id, title, summary, draw }: Figure, width: number, kind: string): Markup {
  const { height, body } = draw(width);
  return markup`<svg class="${kind}" viewBox="0 0 ${width} ${Math.ceil(height)}" role="img" aria-labelledby="${id}-${kind}-title ${id}-${kind}-desc"><title id="${id}-${kind}-title">${title}</title><desc id="${id}-${kind}-desc">${summary}</desc>${body}</svg>`;
}

function renderLegend(items: readonly LegendItem[]): Markup {
  return markup`<ul class="legend">${items.map(({ label, look }) => markup`<li>${renderKey(look)}${label}</li>`)}</ul>`;
}

function renderKey(look: LegendItem['look']): Markup {
  switch (look.type) {
    case 'bar':
      return markup`<svg class="key" viewBox="0 0 28 14" aria-hidden="true"><rect class="bar ${seriesClass(look.series)}" width="28" height="14"/></svg>`;
    case 'line':
      return markup`<svg class="key" viewBox="0 0 28 14" aria-hidden="true"><polyline class="line ${seriesClass(look.series)}" points="0,7 28,7"/>${mark(14, 7, look.series)}</svg>`;
    case 'floor':
    case 'copies':
      return markup`<svg class="key" viewBox="0 0 28 14" aria-hidden="true"><g transform="translate(14 7)">${boundMark(look.type)}</g></svg>`;
  }
}

/** A triangle for the floor, a diamond for full copies; around 0, 0. */
export function boundMark(bound: 'floor' | 'copies'): Markup {
  return bound === 'floor'
    ? markup`<path class="bound" d="M0,-6 L6,5 L-6,5 Z"/>`
    : markup`<path class="bound hollow" d="M0,-6 L6,0 L0,6 L-6,0 Z"/>`;
}
