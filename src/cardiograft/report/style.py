"""The page's style: a quiet serif page with tabular figures, light, dark, narrow or printed."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper-ground: #fcfbf8; --card: #f5f2ec; --ink: #1d1c1a; --soft: #5f5b54; --rule: #ddd7cc;
  --faint: #ece8df; --paper: #b04a26; --honest: #0e6a70; --alert: #8a1f11;
  --alert-ground: #fbe9e3; --shade: #0e6a70; --personal: #6a4c93; --predicted: #8a2f86;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Cambria,
    Georgia, "Liberation Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans",
    sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper-ground: #171614; --card: #201e1b; --ink: #e8e4dc; --soft: #a49d91; --rule: #3a3631;
    --faint: #292622; --paper: #e88d66; --honest: #57b9b4; --alert: #ffb4a2;
    --alert-ground: #3a1d16; --shade: #57b9b4; --personal: #b79ae0; --predicted: #e58be0;
  }
}
* { box-sizing: border-box; }
html { font-size: 106.25%; -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--paper-ground); color: var(--ink); font-family: var(--serif);
  line-height: 1.55; text-rendering: optimizeLegibility; font-kerning: normal;
}
.page { max-width: 74rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
@media (min-width: 70rem) {
  .page { display: grid; grid-template-columns: 13rem minmax(0, 1fr); column-gap: 3.5rem; }
  header { grid-area: 1 / 2; }
  main { grid-area: 2 / 2; }
  nav {
    grid-area: 1 / 1 / 3 / 2; align-self: start; position: sticky; top: 2.5rem;
    max-height: calc(100vh - 3.5rem); overflow-y: auto;
  }
}
nav ol { list-style: none; margin: 0; padding: 0; font: .82rem/1.5 var(--sans); }
nav li { margin: .3rem 0; }
nav li.sub { padding-left: .9rem; }
nav a { color: var(--soft); text-decoration: none; }
nav a:hover, nav a:focus { color: var(--ink); text-decoration: underline; }
@media (max-width: 69.99rem) {
  nav { margin: 1.5rem 0; }
  nav ol { columns: 2; column-gap: 1.5rem; }
  nav li { margin: 0; break-inside: avoid; padding: .15rem 0; }
}
h1, h2, h3, h4 { line-height: 1.2; font-weight: 600; text-wrap: balance; }
h1 { font-size: 2.3rem; margin: 0 0 .4rem; letter-spacing: -.012em; }
h2 {
  font-size: 1.6rem; margin: 3.2rem 0 .8rem; padding-top: 1.1rem;
  border-top: 2px solid var(--ink);
}
h3 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
p, .prose ul { max-width: 42rem; }
p { margin: .7rem 0; text-wrap: pretty; }
ul { padding-left: 1.15rem; margin: .6rem 0; }
li { margin: .3rem 0; }
.lead { color: var(--soft); font-size: 1.08rem; margin-top: 0; }
.cite, .note { color: var(--soft); font-size: .88rem; }
.note { margin: .5rem 0 0; }
.banner {
  background: var(--alert-ground); color: var(--alert); border-left: 5px solid var(--alert);
  padding: .9rem 1.2rem; margin: 0 0 2rem; font-family: var(--sans); font-size: .92rem;
}
.banner strong { display: block; font-size: 1.05rem; margin-bottom: .15rem; }
.banner p { margin: 0; max-width: none; }
.first-screen { margin: 1rem 0 .6rem; }
.first-screen caption { color: var(--soft); font-weight: 500; }
.first-screen thead th, .first-screen tbody td { white-space: normal; }
.first-screen th, .first-screen td { padding-right: 1rem; }
.first-screen tbody th { min-width: 9rem; font-weight: 600; }
.first-screen tbody th a { color: inherit; }
.first-screen td.words { min-width: 9rem; }
.first-screen td small { line-height: 1.3; }
.first-screen td.words small { font-family: var(--mono); font-size: .74em; }
.claims { max-width: none; font-size: .94rem; margin: .45rem 0; }
.key-points li { margin: .55rem 0; max-width: 50rem; }
.sides {
  display: grid; gap: 0 2.2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr));
}
.sides > div { border-top: 3px solid var(--rule); padding-top: .1rem; }
.sides > .paper { border-color: var(--paper); }
.sides > .honest { border-color: var(--honest); }
.sides > .personal { border-color: var(--personal); }
.sides > .dose { border-color: var(--predicted); }
.sides h4 { margin-top: .6rem; }
.sides ul, .sides p { font-size: .92rem; }
.wide { overflow-x: auto; margin: 1.1rem 0 .3rem; }
.wide:focus-visible { outline: 2px solid var(--honest); outline-offset: 3px; }
table {
  border-collapse: collapse; font: .84rem/1.35 var(--sans); min-width: 100%;
  font-variant-numeric: tabular-nums lining-nums;
}
caption {
  text-align: left; font: 600 .9rem/1.35 var(--sans); padding: 0 0 .55rem; caption-side: top;
}
th, td { padding: .42rem .8rem .42rem 0; vertical-align: top; text-align: right; }
th:last-child, td:last-child { padding-right: .15rem; }
th:first-child, td:first-child, th.words, td.words { text-align: left; }
td.words { min-width: 7rem; }
thead th {
  border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); font-weight: 600;
  vertical-align: bottom;
}
tbody th { font-weight: 500; min-width: 11rem; overflow-wrap: anywhere; }
tbody tr { border-bottom: 1px solid var(--rule); }
tbody tr:last-child { border-bottom: 1.5px solid var(--ink); }
tbody td { white-space: nowrap; }
tbody td:not([data-low]) small { white-space: normal; }
tbody td.words { white-space: normal; overflow-wrap: anywhere; }
small { display: block; color: var(--soft); font-size: .88em; font-weight: 400; }
small a { color: inherit; text-decoration: underline dotted; text-underline-offset: .2em; }
small a:hover { color: var(--ink); text-decoration-style: solid; }
details.card p { font-size: .92rem; margin: .35rem 0; }
details.card summary small { display: inline; }
details.card { padding-left: 1rem; }
details.card > div { scroll-margin-top: 5rem; outline: none; }
.strong { font-weight: 700; }
.faint { color: var(--soft); }
.code, code, pre { font-family: var(--mono); font-size: .92em; }
tbody .code { overflow-wrap: anywhere; }
.chip {
  display: inline-block; font: 600 .64rem/1 var(--sans); letter-spacing: .06em;
  text-transform: uppercase; color: var(--alert); border: 1px solid currentColor;
  border-radius: 3px; padding: .16rem .3rem; margin-left: .4rem; vertical-align: .1em;
  white-space: nowrap;
}
.verdict { font-weight: 600; }
.verdict.paper { color: var(--paper); }
.verdict.honest { color: var(--honest); }
figure { margin: 1.2rem 0; }
figcaption { font: 600 .9rem/1.35 var(--sans); margin-bottom: .3rem; }
.pairs {
  display: grid; gap: 1.2rem 2.6rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
}
.pairs figure { margin: .4rem 0; }
ul.open { columns: 2 20rem; column-gap: 2.6rem; font-size: .92rem; }
ul.open li { break-inside: avoid; }
.gaps { display: block; overflow: visible; font-family: var(--sans); }
.gaps .grid { stroke: var(--rule); }
.gaps .tick { fill: var(--soft); font-size: 11px; }
.gaps .row {
  fill: var(--ink); font-size: 12.5px; paint-order: stroke; stroke: var(--paper-ground);
  stroke-width: 4px; stroke-linejoin: round;
}
.gaps .gap { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 1 3; }
.gaps .whisker { stroke-width: 2; opacity: .55; }
.gaps .paper { stroke: var(--paper); } .gaps circle.paper { fill: var(--paper); }
.gaps .honest { stroke: var(--honest); } .gaps circle.honest { fill: var(--paper-ground); }
.gaps circle { stroke-width: 2; }
.gaps .zero { stroke: var(--soft); }
.gaps .published { stroke: var(--ink); stroke-width: 3; }
.plane {
  display: block; overflow: visible; font-family: var(--sans); padding-left: 2.6rem;
  box-sizing: border-box;
}
.plane.flush { padding-left: 0; }
.plane .stretched { overflow: visible; }
.plane .grid { stroke: var(--rule); }
.plane .tick { fill: var(--soft); font-size: 11px; }
.plane .row { fill: var(--ink); font-size: 11.5px; }
.plane polyline { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.plane tspan.true { fill: var(--ink); } .plane tspan.predicted { fill: var(--predicted); }
.plane .trace { stroke-width: 1.3; }
.plane .trace.input { stroke: var(--soft); stroke-width: 1; }
.plane .trace.true { stroke: var(--ink); opacity: .75; }
.plane .trace.predicted { stroke: var(--predicted); stroke-width: 1.7; }
.plane .dots {
  fill: none; stroke: var(--shade); stroke-width: 5; stroke-linecap: round; opacity: .6;
  vector-effect: non-scaling-stroke;
}
.plane .dots.paper, .plane .dots.honest, .plane .dots.personal,
.plane .dots.dose { stroke-width: 7; opacity: 1; }
.plane .dots.many { stroke-width: 4; opacity: .22; }
.plane .zero { stroke: var(--rule); stroke-width: 1.5; }
.plane .bias { stroke: var(--ink); stroke-width: 1.5; }
.plane .limit { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 4; }
.plane .curve { stroke-width: 2; }
.plane .band { stroke: none; opacity: .13; }
.plane polyline.paper, .plane .dots.paper { stroke: var(--paper); }
.plane polyline.honest, .plane .dots.honest { stroke: var(--honest); }
.plane polyline.personal, .plane .dots.personal { stroke: var(--personal); }
.plane polyline.dose, .plane .dots.dose { stroke: var(--predicted); }
.plane polygon.paper, .plane text.paper { fill: var(--paper); }
.plane polygon.honest, .plane text.honest { fill: var(--honest); }
.plane polygon.dose, .plane text.dose { fill: var(--predicted); }
.plane polygon.personal, .plane text.personal { fill: var(--personal); }
.plane .dash-1 { stroke-dasharray: 7 4; } .plane .dash-2 { stroke-dasharray: 2 4; }
.stages { display: block; max-width: 42rem; font-family: var(--sans); }
.stages rect { fill: var(--card); stroke: var(--soft); }
.stages .row { fill: var(--ink); font-size: 13px; font-weight: 600; }
.stages .tick { fill: var(--soft); font-size: 11px; }
.stages .arrow { stroke: var(--soft); stroke-width: 1.2; }
.stages marker path { fill: var(--soft); }
figure.window { margin: .6rem 0 1.4rem; }
small.warning { color: var(--alert); white-space: normal; }
figcaption small { display: inline; margin-left: .5em; overflow-wrap: anywhere; }
.legend { font: .84rem/1.4 var(--sans); color: var(--soft); margin: .2rem 0 .8rem; }
.key {
  display: inline-block; width: .72em; height: .72em; border-radius: 50%; border: 2px solid;
  margin: 0 .25em 0 .9em;
}
.key:first-child { margin-left: 0; }
.key.paper { border-color: var(--paper); background: var(--paper); }
.key.honest { border-color: var(--honest); }
.line { display: inline-block; width: 1.3em; margin: 0 .3em .22em .9em; border-top: 2px solid; }
.line:first-child { margin-left: 0; }
.line.train { border-color: var(--soft); } .line.validation { border-color: var(--honest); }
.line.test { border-color: var(--paper); }
.line.input { border-color: var(--soft); border-width: 1px; }
.line.true { border-color: var(--ink); }
.line.predicted { border-color: var(--predicted); }
.bar {
  display: inline-block; width: 3px; height: 1em; margin: 0 .4em -.15em .9em;
  background: var(--ink);
}
.small-multiples {
  display: grid; gap: 1.4rem 1.6rem;
  grid-template-columns: repeat(auto-fill, minmax(min(11.5rem, 100%), 1fr));
}
.small-multiples figure { margin: 0; }
.small-multiples figcaption { font-weight: 500; font-size: .8rem; overflow-wrap: anywhere; }
.small-multiples p { font: .74rem/1.35 var(--sans); color: var(--soft); margin: .3rem 0 0; }
.curves { display: block; width: 100%; height: 5.2rem; background: var(--card); }
.curve { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; stroke: var(--soft); }
.curve.one { stroke-width: 5; stroke-linecap: round; }
.curve.validation { stroke: var(--honest); } .curve.test { stroke: var(--paper); }
.floor { stroke: var(--rule); vector-effect: non-scaling-stroke; }
.matrices {
  display: grid; gap: 1.6rem 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr));
}
.matrices .wide { margin: .4rem 0; }
details > .wide > table:not(.confusion) > caption {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
table.confusion { min-width: 0; }
table.confusion caption { font-weight: 500; font-size: .8rem; }
table.confusion th, table.confusion td {
  padding: .32rem .5rem; text-align: right; min-width: 2.9rem; border: 0;
}
table.confusion tbody th { min-width: 3rem; }
table.confusion thead th { border: 0; border-bottom: 1px solid var(--rule); }
table.confusion tbody tr { border: 0; }
table.confusion td {
  background: color-mix(in srgb, var(--shade) calc(var(--share) * 42%), transparent);
}
table.grouped tbody tr.again { border-top: 0; }
table.grouped tbody tr.again th { color: transparent; user-select: none; }
table.grouped tbody tr.again .chip { visibility: hidden; }
.skip:not(:focus) { position: absolute; clip-path: inset(50%); }
.skip { display: inline-block; font: 500 .9rem/1.4 var(--sans); padding: .4rem .6rem; }
main:focus { outline: none; }
.unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.tools { display: flex; flex-wrap: wrap; gap: .3rem .5rem; margin: .35rem 0 .9rem; }
.tools button {
  font: 500 .78rem/1.2 var(--sans); color: var(--soft); border: 1px solid var(--rule);
  border-radius: 4px; padding: .38rem .6rem; min-height: 1.6rem;
}
.tools button:hover { color: var(--ink); border-color: var(--soft); }
nav .tools { margin-top: .8rem; }
thead th button { min-height: 1.5rem; text-align: inherit; font-weight: 600; }
thead th button:hover { text-decoration: underline; }
thead th button::after { content: "\\00a0↕"; color: var(--soft); font-weight: 400; }
thead th[aria-sort=ascending] button::after { content: "\\00a0↑"; color: var(--ink); }
thead th[aria-sort=descending] button::after { content: "\\00a0↓"; color: var(--ink); }
.zoomed { overflow-x: auto; }
details { border-top: 1px solid var(--rule); padding: .55rem 0; }
details + details { margin-top: 0; }
details:last-of-type { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; font: 500 .9rem/1.4 var(--sans); overflow-wrap: anywhere; }
summary:focus-visible, a:focus-visible, button:focus-visible, .zoomed:focus-visible {
  outline: 2px solid var(--honest); outline-offset: 3px;
}
pre {
  background: var(--card); border: 1px solid var(--rule); border-radius: 4px; overflow-x: auto;
  padding: .8rem 1rem; font-size: .84rem;
}
@media (max-width: 40rem) {
  nav a { overflow-wrap: anywhere; }
  html { font-size: 100%; }
  .stages .row { font-size: 11.5px; } .stages .tick { font-size: 10.5px; }
  .page { padding: 1.2rem 1rem 3rem; }
  .banner { padding: .6rem .9rem; margin-bottom: 1.2rem; font-size: .84rem; }
  h1 { font-size: 1.8rem; } h2 { font-size: 1.35rem; }
  th, td { padding-right: .6rem; }
  tbody th { min-width: 7rem; }
  caption { max-width: calc(100vw - 2rem); }
  .first-screen, .first-screen tbody, .first-screen tr, .first-screen tbody th,
  .first-screen td, .first-screen caption { display: block; }
  .first-screen thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
    overflow: hidden; }
  .first-screen tbody tr { padding: .5rem 0; border-top: 1.5px solid var(--ink); }
  .first-screen tbody th { padding: 0 0 .3rem; font-size: 1.02em; }
  .first-screen td, .first-screen td.words {
    display: grid; grid-template-columns: 8.5rem minmax(0, 1fr); column-gap: .8rem;
    padding: .16rem 0; text-align: left; min-width: 0;
  }
  .first-screen td::before {
    content: attr(data-head); color: var(--soft); font-weight: 400; grid-row: span 2;
  }
  .first-screen td > small { grid-column: 2; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root {
    color-scheme: light; --paper-ground: #fff; --card: #fff; --ink: #000; --soft: #444;
    --rule: #bbb; --faint: #fff; --paper: #b04a26; --honest: #0e6a70; --alert: #8a1f11;
    --alert-ground: #fff; --shade: #0e6a70; --personal: #6a4c93; --predicted: #8a2f86;
  }
  html { font-size: 9.5pt; }
  .page { display: block; max-width: none; padding: 0; }
  nav, .tools, .skip { display: none; }
  /* Paper can't be opened: what is folded on a screen is printed, with every row of a table.
     Only what is looked up one by one stays away unless it is open, and says so. */
  details:not(.aside)::details-content { content-visibility: visible; block-size: auto; }
  details.aside:not([open]) > summary::after {
    content: " (not printed: open it on a screen first)"; color: var(--soft); font-weight: 400;
  }
  tbody tr[hidden] { display: table-row; }
  /* A header that is repeated on the next page comes out empty where its words are in a button. */
  thead th button { display: contents; }
  thead th button::after, thead th[aria-sort] button::after { content: none; }
  .wide, .zoomed, pre { overflow: visible; }
  .zoomed svg { width: 100% !important; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  /* Nothing scrolls on paper: a wide table has narrow columns. */
  table { font-size: .8rem; }
  table:has(thead th:nth-child(11)) { font-size: .66rem; }
  th, td { padding-right: .5rem; }
  table.confusion th, table.confusion td { min-width: 0; }
  .first-screen tbody th, tbody th, .first-screen td.words, td.words {
    min-width: 5rem; overflow-wrap: break-word;
  }
  .first-screen td.words { min-width: 7.5rem; }
  /* The name above may be on the page before. */
  table.grouped tbody tr.again th { color: inherit; }
  table.grouped tbody tr.again .chip { visibility: visible; }
  thead th, tbody td { white-space: normal; }
  h2 { break-before: page; }
  h2, h3, h4, caption, figcaption, summary, .legend { break-after: avoid; }
  thead, tbody tr:first-child { break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
  caption, h3, h4, tr, figure, .banner, svg { break-inside: avoid; }
  p, li { orphans: 3; widows: 3; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
