/** Draws a laid-out timeline as SVG. Colours are classes of the page's style, so that one drawing serves light and dark. */
import { BAR_HEIGHT, BAR_TOP, POINT_RADIUS, type Bar, type Layout } from './picture-layout.js';

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const px = (length: number): string => String(Math.round(length * 10) / 10);

function describeTimes({ operation }: Bar): string {
  const end = operation.returnedAt === Infinity ? 'no known end' : `${operation.returnedMs ?? '?'} ms`;
  return `client ${operation.client}, ${operation.invokedMs} ms to ${end}`;
}

function barClass(bar: Bar): string {
  const tone = bar.stuck ? 'stuck' : bar.essential ? 'essential' : bar.open ? 'open' : 'context';
  return bar.open ? `bar ${tone} dashed` : `bar ${tone}`;
}

function drawBar(bar: Bar): string {
  const y = bar.top + BAR_TOP;
  const width = Math.max(4, bar.right - bar.left);
  const parts = [
    `<title>${escapeHtml(`${bar.label} (${describeTimes(bar)})`)}</title>`,
    `<rect class="${barClass(bar)}" x="${px(bar.left)}" y="${px(y)}" width="${px(width)}" height="${BAR_HEIGHT}" rx="4"/>`,
    `<text class="label${bar.stuck ? ' strong' : ''}" x="${px(bar.left)}" y="${px(y - 5)}">${escapeHtml(bar.label)}</text>`,
  ];
  if (bar.stuck) {
    const middle = y + BAR_HEIGHT / 2;
    const x = bar.left + Math.min(width, 28) / 2;
    parts.push(`<path class="cross" d="M${px(x - 5)} ${px(middle - 5)}l10 10m0 -10l-10 10"/>`);
  }
  return `<g>${parts.join('')}</g>`;
}

const pointY = (bar: Bar): number => bar.top + BAR_TOP + BAR_HEIGHT / 2;

function drawPoint(bar: Bar): string {
  if (bar.pointX === undefined || bar.number === undefined) return '';
  const y = pointY(bar);
  return (
    `<circle class="point" cx="${px(bar.pointX)}" cy="${px(y)}" r="${POINT_RADIUS}"/>` +
    `<text class="number" x="${px(bar.pointX)}" y="${px(y + 3.5)}">${bar.number}</text>`
  );
}

/** The line through the points, in the order of the linearization. */
function drawOrder(bars: readonly Bar[]): string {
  const numbered = bars.filter((bar) => bar.pointX !== undefined).sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
  if (numbered.length < 2) return '';
  const points = numbered.map((bar) => `${px(bar.pointX ?? 0)},${px(pointY(bar))}`);
  return `<polyline class="order" points="${points.join(' ')}"/>`;
}

/** The names of the clients, drawn apart so that they stay in sight while the timeline is scrolled. */
export function drawNames(layout: Layout, width: number): string {
  const names = layout.rows.map(({ client, top }) => {
    const shown = client.length > 8 ? `${client.slice(0, 7)}…` : client;
    const y = top + BAR_TOP + BAR_HEIGHT - 4;
    return `<text class="client" x="${width - 8}" y="${px(y)}"><title>${escapeHtml(client)}</title>${escapeHtml(shown)}</text>`;
  });
  return `<svg class="names" width="${width}" height="${px(layout.height)}" aria-hidden="true">${names.join('')}</svg>`;
}

/** @param description what the picture shows, for those who cannot see it */
export function drawTimeline(layout: Layout, description: string): string {
  const { width, height, rows, bars, ticks } = layout;
  const stripes = rows.map(
    (row, index) =>
      `<rect class="row${index % 2}" x="0" y="${px(row.top - 2)}" width="100%" height="${px(row.height + 4)}"/>`,
  );
  const axis = ticks.map(
    ({ x, timeMs }) =>
      `<path class="tick" d="M${px(x)} 0V${px(height - 20)}"/>` +
      `<text class="time" x="${px(x)}" y="${px(height - 6)}">${Math.round(timeMs)} ms</text>`,
  );
  return (
    `<svg width="${px(width)}" height="${px(height)}" role="img" aria-label="${escapeHtml(description)}">` +
    [...stripes, ...axis, drawOrder(bars), ...bars.map(drawBar), ...bars.map(drawPoint)].join('\n') +
    '</svg>'
  );
}
