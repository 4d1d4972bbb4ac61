/**
 * The style sheet of the page. Colours are those of Okabe and Ito, made lighter or darker where a background asks for it: people with
 * any of the common kinds of colour blindness can tell them apart, and lines differ by dashes and marks as well.
 */
import { Markup } from './markup.js';

const LIGHT = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a4a12', '#5b5b6b'];
const DARK = ['#4aa8e8', '#ff8a3d', '#2fc79a', '#eb9fc8', '#f2b632', '#a5dcff', '#c99b64', '#b9b9c9'];
/** Dashes of lines; series that are alike in this differ by their marks. */
const DASHES = ['none', '7 4', '2 3', '10 3 2 3', '12 5', '5 2', '1 4', '8 3 2 3 2 3'];

const seriesColours = (colours: readonly string[]): string => colours.map((colour, i) => `--s${i}:${colour}`).join(';');

const seriesRules = DASHES.map(
  (dashes, i) => `.s${i}{--series:var(--s${i})}.line.s${i}{stroke-dasharray:${dashes}}`,
).join('\n');

export const STYLE = Markup.trusted(`
:root{color-scheme:light dark;--ground:#fff;--panel:#f6f7f9;--ink:#1c2025;--soft:#57606a;--rule:#d5dae0;--stall:#d55e0026;${seriesColours(LIGHT)}}
@media (prefers-color-scheme:dark){:root{--ground:#14171b;--panel:#1d2126;--ink:#e8eaed;--soft:#a8b0ba;--rule:#3a4149;--stall:#ff8a3d38;${seriesColours(DARK)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem 1.25rem 4rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.35rem;line-height:1.25;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--rule)}
h3{font-size:1.1rem;line-height:1.3;margin:1.5rem 0 .25rem}
p{margin:.25rem 0 .75rem;max-width:48rem;overflow-wrap:anywhere}
.note{background:var(--panel);border-left:4px solid var(--s1);padding:.6rem .9rem}
section.figure{margin:0 0 2rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:0 2rem}
.grid section.figure{min-width:0}
svg.wide,svg.narrow,svg.small{display:block;width:100%;height:auto;background:var(--panel);border-radius:6px;margin:.5rem 0}
svg.small{max-width:30rem}
svg.narrow{display:none}
@media (max-width:40rem){body{padding:1rem .75rem 3rem}svg.wide{display:none}svg.narrow{display:block}}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}
.axis line{stroke:var(--rule);stroke-width:1}
.axis text{fill:var(--soft)}
${seriesRules}
.line{fill:none;stroke:var(--series);stroke-width:2.2;stroke-linejoin:round}
.bar{fill:var(--series);stroke:var(--panel);stroke-width:1.5}
.mark{fill:var(--series);stroke:var(--panel);stroke-width:1}
.spread{stroke:var(--s0);stroke-width:3;stroke-linecap:round}
.bound{fill:var(--ink);stroke:var(--ink);stroke-width:1.5}
.bound.hollow{fill:var(--panel)}
.stall{fill:var(--stall)}
.fault line{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:3 3}
.fault circle{fill:var(--ink)}
.fault text{fill:var(--ground);font-weight:600;font-size:11px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.25rem 0;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.key{width:28px;height:14px;flex:none}
.table{overflow-x:auto;max-height:26rem;overflow-y:auto;border:1px solid var(--rule);border-radius:6px;margin:.5rem 0 1rem}
.table:focus-visible{outline:2px solid var(--s0)}
table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:.3rem .7rem;text-align:right;border-bottom:1px solid var(--rule);vertical-align:top}
td{white-space:nowrap}
thead th{white-space:nowrap}
tbody th{font-weight:500;min-width:11rem}
th:first-child{text-align:left}
thead th{background:var(--panel);position:sticky;top:0}
tbody tr:last-child>*{border-bottom:0}
code{font-size:.85em;overflow-wrap:anywhere}
.words{display:block;text-align:left;white-space:normal;min-width:12rem}
code.words{min-width:20rem}
@media print{.table{max-height:none;overflow:visible}}
`);
