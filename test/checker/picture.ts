/**
 * The picture of a violation: one HTML page that needs nothing else. For each key it shows the smallest contradiction,
 * then what happened around it, and in words where the longest linearization ends and why nothing can follow.
 */
import type { Model } from './model.js';
import type { Operation } from './operation.js';
import { layOut, type PictureOperation } from './picture-layout.js';
import { PICTURE_STYLE } from './picture-style.js';
import { drawNames, drawTimeline, escapeHtml } from './picture-svg.js';
import type { LinearizedStep, SearchResult } from './search.js';
import type { Counterexample } from './shrink.js';

export interface PictureOptions {
  /** Where the history comes from, for the title. */
  readonly title: string;
  readonly operationCount: number;
  readonly keyCount: number;
  /** Keys that violate, of which the counterexamples may be only the first ones. */
  readonly violatedKeyCount: number;
}

/** Operations around the failure that are drawn; the page says how many are left out. */
const MAX_CONTEXT = 48;
const MAX_TABLE_ROWS = 24;
const NAMES_WIDTH = 76;

const count = (number: number, noun: string): string =>
  `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;

class Section<State, Input, Result> {
  private readonly model: Model<State, Input, Result>;
  private readonly counterexample: Counterexample<State, Input, Result>;

  constructor(model: Model<State, Input, Result>, counterexample: Counterexample<State, Input, Result>) {
    this.model = model;
    this.counterexample = counterexample;
  }

  render(): string {
    const { key, essential, minimal } = this.counterexample;
    const needed = minimal ? ' Each of them is needed for it.' : ' There may be a smaller set of them.';
    return [
      `<section><h2>Key <code>${escapeHtml(key)}</code>: the contradiction</h2>`,
      `<p>${this.contradiction()}${essential.length > 1 ? needed : ''}</p>`,
      this.core(),
      '</section>',
      `<section><h2>What happened around it</h2>`,
      this.context(),
      '</section>',
    ].join('\n');
  }

  private contradiction(): string {
    const { essential, operations } = this.counterexample;
    const others = operations.length - essential.length;
    const [only] = essential;
    const rest = others === 0 ? '' : `, whatever the ${count(others, 'other operation')} on the key did`;
    if (essential.length === 1 && only !== undefined) {
      return `The answer of <code>${escapeHtml(this.label(only))}</code> is impossible by itself${rest}.`;
    }
    return `These ${essential.length} answers cannot all be right in any order${rest}.`;
  }

  private core(): string {
    const { essential, essentialSearch } = this.counterexample;
    const used = essentialSearch.longest
      .map((step) => step.operation)
      .filter(({ id }) => !essential.some((e) => e.id === id));
    return this.timeline([...essential, ...used], essentialSearch) + LEGEND + this.outcome(essentialSearch);
  }

  private context(): string {
    const { operations, search } = this.counterexample;
    const near = [...operations].sort((a, b) => lastPlace(b) - lastPlace(a));
    const stuck = new Set(search.stuck);
    const shown = [
      ...near.filter((operation) => stuck.has(operation)),
      ...near.filter((operation) => !stuck.has(operation)),
    ];
    const drawn = shown.slice(0, MAX_CONTEXT);
    const left = operations.length - drawn.length;
    const explained = search.longest.filter(({ operation }) => operation.outcome.type === 'done').length;
    const answered = operations.filter(({ outcome }) => outcome.type === 'done').length;
    return [
      `<p>The history up to the first answer that cannot be explained. The longest linearization takes in ${explained} of its `,
      `${count(answered, 'answer')}.${left > 0 ? ` ${count(left, 'earlier operation')} not drawn.` : ''}</p>`,
      this.timeline(drawn, search),
      this.outcome(search),
    ].join('');
  }

  private timeline(
    operations: readonly Operation<Input, Result>[],
    search: SearchResult<State, Input, Result>,
  ): string {
    const { essential } = this.counterexample;
    const stuck = new Set(search.stuck.map(({ id }) => id));
    const numbers = new Map(search.longest.map(({ operation }, index) => [operation.id, index + 1]));
    const drawn = operations.map((operation): PictureOperation => {
      return {
        operation,
        label: this.label(operation),
        essential: essential.some(({ id }) => id === operation.id),
        stuck: stuck.has(operation.id),
        number: numbers.get(operation.id),
      };
    });
    const layout = layOut(drawn);
    const description = `Timeline of ${count(drawn.length, 'operation')} by ${count(layout.rows.length, 'client')}`;
    return (
      `<div class="timeline">${drawNames(layout, NAMES_WIDTH)}` +
      `<div class="scroll" tabindex="0">${drawTimeline(layout, description)}</div></div>`
    );
  }

  /** The linearization as a table, and what cannot follow it. */
  private outcome(search: SearchResult<State, Input, Result>): string {
    const { longest, stuck } = search;
    const skipped = Math.max(0, longest.length - MAX_TABLE_ROWS);
    const rows = longest.slice(skipped).map((step, index) => this.row(step, skipped + index + 1));
    const state = this.model.describeState(longest.at(-1)?.state ?? this.model.initial);
    const fails = stuck.map(
      (operation) =>
        `<tr class="fails"><td>✗</td><td><code>${escapeHtml(this.label(operation))}</code></td>` +
        `<td class="nowrap">${escapeHtml(operation.client)}</td><td class="nowrap">${times(operation)}</td>` +
        `<td>does not fit ${escapeHtml(state)}</td></tr>`,
    );
    const before = skipped === 0 ? '' : `<p class="soft">${count(skipped, 'earlier step')} left out.</p>`;
    return (
      `<h3>An order that goes as far as any</h3>${before}<div class="table"><table><thead><tr><th>#</th><th>Operation</th>` +
      `<th>Client</th><th>From, to (ms)</th><th>State after</th></tr></thead><tbody>${rows.join('')}${fails.join('')}` +
      '</tbody></table></div>'
    );
  }

  private row({ operation, state }: LinearizedStep<State, Input, Result>, number: number): string {
    return (
      `<tr><td>${number}</td><td><code>${escapeHtml(this.label(operation))}</code></td>` +
      `<td class="nowrap">${escapeHtml(operation.client)}</td><td class="nowrap">${times(operation)}</td>` +
      `<td><code>${escapeHtml(this.model.describeState(state))}</code></td></tr>`
    );
  }

  private label({ input, outcome }: Operation<Input, Result>): string {
    return this.model.describe(input, outcome.type === 'done' ? outcome.result : undefined);
  }
}

function lastPlace({ invokedAt, returnedAt }: Operation<unknown, unknown>): number {
  return returnedAt === Infinity ? invokedAt : returnedAt;
}

function times({ invokedMs, returnedMs, outcome }: Operation<unknown, unknown>): string {
  return outcome.type === 'done' && returnedMs !== undefined ? `${invokedMs}, ${returnedMs}` : `${invokedMs}, open`;
}

const swatch = (content: string): string => `<svg width="30" height="20" aria-hidden="true">${content}</svg>`;
const sample = (classes: string): string =>
  swatch(`<rect class="bar ${classes}" x="2" y="2" width="26" height="16" rx="4"/>`);

const LEGEND = `<ul class="legend">
<li>${sample('essential')} answer in the contradiction</li>
<li>${sample('stuck')} cannot come next</li>
<li>${sample('context')} other answer</li>
<li>${sample('open dashed')} answer unknown or not needed: any time later, or never</li>
<li>${swatch('<circle class="point" cx="15" cy="10" r="9"/><text class="number" x="15" y="13.5">1</text>')} takes effect as the first</li>
</ul>`;

/** A page about the counterexamples of one history, at least one. */
export function drawViolation<State, Input, Result>(
  model: Model<State, Input, Result>,
  counterexamples: readonly Counterexample<State, Input, Result>[],
  { title, operationCount, keyCount, violatedKeyCount }: PictureOptions,
): string {
  const more = violatedKeyCount - counterexamples.length;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not linearizable: ${escapeHtml(title)}</title><style>${PICTURE_STYLE}</style></head><body>
<h1>Not linearizable</h1>
<p><code>${escapeHtml(title)}</code>: ${count(operationCount, 'operation')} on ${count(keyCount, 'key')}, of which
${count(violatedKeyCount, 'key')} cannot be explained${more > 0 ? `; the first ${counterexamples.length} are shown` : ''}.
<span class="soft">Events are drawn in their order, not to scale in time.</span></p>
${counterexamples.map((counterexample) => new Section(model, counterexample).render()).join('\n')}
</body></html>
`;
}
