/**
 * The style of the picture of a violation: system fonts, light and dark, from phone to wide screen. A timeline that is
 * scrolled starts at its right end (`direction`), since that is where the failure is.
 */
export const PICTURE_STYLE = `
:root { color-scheme: light dark; --page:#fbfbfa; --card:#fff; --ink:#1d2327; --soft:#5d6870; --line:#d9dee2;
  --row0:#f4f6f7; --row1:#fbfbfa; --context:#cfd8de; --contextLine:#9aa8b2; --essential:#a9cdf5; --essentialLine:#2f6fb7;
  --stuck:#ffc9c4; --stuckLine:#b3261e; --open:#fff; --order:#7a5bb5; --pointInk:#fff; }
@media (prefers-color-scheme: dark) { :root { --page:#14181b; --card:#1b2024; --ink:#e8ecef; --soft:#a3afb8; --line:#343c42;
  --row0:#1f252a; --row1:#1b2024; --context:#3d4850; --contextLine:#72818c; --essential:#1f4c80; --essentialLine:#79b4f5;
  --stuck:#702420; --stuckLine:#ff958c; --open:#1b2024; --order:#c3a8ff; --pointInk:#1b1430; } }
* { box-sizing: border-box; }
body { margin:0 auto; padding:16px; max-width:1200px; background:var(--page); color:var(--ink);
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif; overflow-wrap:anywhere; }
h1 { font-size:1.5rem; line-height:1.25; margin:8px 0; } h2 { font-size:1.15rem; margin:0 0 4px; } p { margin:4px 0 12px; }
.soft { color:var(--soft); } code { font:0.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; }
section { background:var(--card); border:1px solid var(--line); border-radius:10px; padding:16px; margin:16px 0; }
.timeline { display:flex; border:1px solid var(--line); border-radius:8px; overflow:hidden; }
.timeline .scroll { overflow-x:auto; flex:1; direction:rtl; } .scroll svg { direction:ltr; min-width:100%; } svg { display:block; } svg.names { flex:none; border-right:1px solid var(--line); }
svg text { fill:var(--ink); font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; }
svg .client { text-anchor:end; font-weight:600; } svg .label { paint-order:stroke; stroke:var(--card); stroke-width:3px; }
svg .strong { font-weight:700; } svg .time { fill:var(--soft); font-size:11px; }
.row0 { fill:var(--row0); } .row1 { fill:var(--row1); } .tick { stroke:var(--line); fill:none; }
.bar { stroke-width:1.5; } .context { fill:var(--context); stroke:var(--contextLine); }
.essential { fill:var(--essential); stroke:var(--essentialLine); stroke-width:2; }
.stuck { fill:var(--stuck); stroke:var(--stuckLine); stroke-width:2.5; }
.open { fill:var(--open); stroke:var(--contextLine); } .dashed { stroke-dasharray:5 4; }
.cross { stroke:var(--stuckLine); stroke-width:3; stroke-linecap:round; fill:none; }
.order { fill:none; stroke:var(--order); stroke-width:2; opacity:.55; } .point { fill:var(--order); }
svg .number { fill:var(--pointInk); font-size:10px; font-weight:700; text-anchor:middle; }
.legend { display:flex; flex-wrap:wrap; gap:4px 18px; list-style:none; padding:0; margin:10px 0 0; font-size:.9rem; }
.legend li { display:flex; align-items:center; gap:6px; }
.table { overflow-x:auto; } table { border-collapse:collapse; width:100%; font-size:.92rem; }
th,td { text-align:left; padding:5px 12px 5px 0; border-bottom:1px solid var(--line); vertical-align:top; overflow-wrap:normal; }
th { color:var(--soft); font-weight:600; } td:first-child { font-variant-numeric:tabular-nums; }
td.nowrap, td:first-child { white-space:nowrap; } tr.fails td { color:var(--stuckLine); font-weight:600; }
@media (max-width:600px) { body { padding:10px; font-size:15px; } section { padding:12px; } h1 { font-size:1.25rem; } }
`;
