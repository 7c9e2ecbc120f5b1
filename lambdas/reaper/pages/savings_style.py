"""What the money page adds to the stylesheet of all pages: figures side by side, charts, tables that fit a phone and paper."""

from __future__ import annotations

from typing import Final

from reaper.pages.style import STYLE

_MONEY: Final = """
:root { --c0: #0a6560; --c1: #c2571a; --c2: #4a5fb5; --c3: #b08900; --c4: #8c3f86; --c5: #5b9a3c; --c6: #8a9594; }
@media (prefers-color-scheme: dark) {
  :root { --c0: #58bdb2; --c1: #ef9a63; --c2: #93a5f2; --c3: #dfc04f; --c4: #d595d0; --c5: #9fd284; --c6: #7d8a88; }
}
.shell { max-width: 68rem; }
.lede { max-width: 46rem; color: var(--soft); }
.headline { display: grid; grid-template-columns: repeat(2, 1fr); gap: .75rem; margin: 1.1rem 0 1rem; }
.headline > div {
  display: flex; flex-direction: column; gap: .1rem;
  background: var(--card); border-radius: .9rem; box-shadow: var(--shadow); padding: .9rem 1rem;
}
.headline dt { font-size: .85rem; line-height: 1.35; padding: 0; }
.headline dd { line-height: 1.25; }
.headline dd.big {
  font-size: clamp(1.25rem, 1rem + 1.4vw, 1.75rem); font-weight: 680; letter-spacing: -.02em; font-variant-numeric: tabular-nums;
}
.headline dd.note { color: var(--soft); font-size: .82rem; line-height: 1.4; }
.headline > div.first { grid-column: 1 / -1; }
.headline > .first dd.big { font-size: clamp(1.8rem, 1.3rem + 2.4vw, 2.5rem); }
.patterns { position: absolute; }
.charts { display: grid; gap: 1.75rem; grid-template-columns: minmax(0, 1fr); }
.chart { margin: 0; min-width: 0; }
.chart figcaption { display: flex; justify-content: space-between; gap: 1rem; font-weight: 650; font-size: .95rem; }
.chart .sum { font-variant-numeric: tabular-nums; white-space: nowrap; }
.chart svg.bars { display: block; width: 100%; height: auto; margin: .25rem 0 .5rem; overflow: visible; }
.bars text { fill: var(--soft); font-size: 13px; font-family: inherit; }
.bars .y text { text-anchor: end; }
.bars .x text { text-anchor: middle; }
.bars .line { fill: none; stroke: var(--line); stroke-width: 1; }
.bars .base { stroke: var(--soft); stroke-width: 1; }
.mean { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 6 3; }
.bars .halo { fill: none; stroke: var(--card); stroke-width: 3.5; }
.legend .mean { stroke-width: 2.5; stroke-dasharray: 6 2; }
.part { stroke: var(--card); stroke-width: 1; }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); }
.c4 { fill: var(--c4); } .c5 { fill: var(--c5); } .c6 { fill: var(--c6); }
.legend { list-style: none; margin: 0; padding: 0; font-size: .9rem; }
.legend li { display: flex; align-items: baseline; gap: .5rem; padding: .1rem 0; }
.legend svg { width: .8rem; height: .8rem; flex: none; }
.legend bdi { flex: 1; min-width: 0; }
details { margin-top: .5rem; }
summary { cursor: pointer; color: var(--accent); font-size: .9rem; padding: .2rem 0; }
.scroll { overflow-x: auto; margin-top: .35rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.4; }
th, td { text-align: start; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 9rem; }
.listed th, .listed td { overflow-wrap: break-word; }
.listed bdi { overflow-wrap: anywhere; }
td.figure, th.figure { text-align: end; }
.scroll th, .scroll td { white-space: nowrap; }
small.id { display: block; font-weight: 400; overflow-wrap: anywhere; }
.card > h2 { font-size: 1.2rem; margin-bottom: .25rem; }
.card > .soft { max-width: 46rem; margin-bottom: 1rem; }
.how { padding-inline-start: 1.1rem; margin: 0; max-width: 46rem; }
.how li { margin-bottom: .5rem; }
.notice ul { margin: .25rem 0 0; padding-inline-start: 1.1rem; }
@media screen and (max-width: 43.99rem) {
  .headline > div:last-child { grid-column: 1 / -1; }
  .bars text { font-size: 16px; }
  .bars .x text:nth-of-type(even) { display: none; }
  .listed thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .listed table, .listed tbody, .listed tr, .listed th, .listed td { display: block; }
  .listed tr { padding: .7rem 0; border-bottom: 1px solid var(--line); }
  .listed th, .listed td { border: 0; padding: .05rem 0; text-align: start; }
  .listed td { display: grid; grid-template-columns: 7.5rem 1fr; gap: .5rem; }
  .listed td::before { content: attr(data-label); color: var(--soft); }
}
@media screen and (min-width: 44rem) {
  .listed td:has(bdi) { min-width: 8rem; }
}
@media (min-width: 44rem) {
  .headline { grid-template-columns: repeat(6, 1fr); }
  .headline > div { grid-column: span 2; padding: 1.1rem 1.25rem; }
  .headline > div.first { grid-column: span 3; }
  .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2.25rem 2.5rem; }
}
@media print {
  @page { size: A4; margin: 14mm; }
  :root { --c0: #000; --c1: #000; --c2: #000; --c3: #000; --c4: #000; --c5: #000; --c6: #000; }
  body { font-size: 9.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .masthead { padding-top: 0; }
  .card { break-inside: auto; box-shadow: none; padding: 1rem; }
  .headline > div { border: 1px solid var(--line); box-shadow: none; padding: .6rem .8rem; break-inside: avoid; }
  .headline { grid-template-columns: repeat(6, 1fr); }
  .headline > div { grid-column: span 2; }
  .headline > div.first { grid-column: span 3; }
  .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem 1.5rem; }
  .chart, tr, .notice { break-inside: avoid; }
  .chart figcaption { font-size: .88rem; }
  tbody th { min-width: 0; }
  h2, thead { break-after: avoid; }
  .bars text { fill: #000; }
  .part { stroke: #000; stroke-width: .75; }
  .c0 { fill: url(#fill0); } .c1 { fill: url(#fill1); } .c2 { fill: url(#fill2); } .c3 { fill: url(#fill3); }
  .c4 { fill: url(#fill4); } .c5 { fill: url(#fill5); } .c6 { fill: url(#fill6); }
  details { display: none; }
}
@media (forced-colors: active) {
  .headline > div { border: 1px solid; }
  .part { forced-color-adjust: none; stroke: CanvasText; }
  .line, .base, .mean { stroke: CanvasText; }
  .bars text { fill: CanvasText; }
}
"""

STYLE_OF_MONEY: Final = STYLE + _MONEY
"""The whole stylesheet of the money page."""
