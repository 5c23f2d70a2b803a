"""The stylesheet of a page. Nothing is fetched: the fonts are the reader's own."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2228; --soft: #59636e; --line: #d5dae0; --box: #f4f6f8;
  --accent: #0b5cad; --good: #1a7f4b; --bad: #b3261e; --good-box: #dcf3e6; --bad-box: #fde4e1; --warn-box: #fdf0cf; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8ec; --soft: #9aa5b1; --line: #353d46;
  --box: #1e242a; --accent: #6cb2f5; --good: #5fd39a; --bad: #ff8a80; --good-box: #173a29; --bad-box: #4a201d;
  --warn-box: #463a14; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .5rem 0; max-width: 46rem; }
.remark, figcaption, footer, caption { color: var(--soft); font-size: .875rem; }
a { color: var(--accent); }
nav ul { list-style: none; margin: 1rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; font-size: .9rem; }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; margin: .4rem 0; }
caption { text-align: left; padding: .2rem 0; }
th, td { text-align: left; vertical-align: top; padding: .28rem .8rem .28rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
td { overflow-wrap: break-word; min-width: 3rem; max-width: 34rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tiles { display: flex; flex-wrap: wrap; gap: .7rem; margin: .8rem 0; }
.tiles > div { background: var(--box); border-radius: .5rem; padding: .6rem .9rem; flex: 1 1 9rem; max-width: 18rem; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dd.remark { font-size: .8rem; font-weight: 400; }
figure { margin: .8rem 0; }
figure svg { display: block; max-width: 100%; height: auto; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: .4rem 1.4rem; }
.beside > * { min-width: 0; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: var(--accent); }
code, .text { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .85rem; }
.text { white-space: pre-wrap; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .6rem; }
@media (max-width: 480px) { body { padding: .6rem .7rem 2rem; } h1 { font-size: 1.3rem; } th { white-space: normal; }
  .tiles > div { flex-basis: 8rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  figure, tr, .tiles > div { break-inside: avoid; } h2, h3 { break-after: avoid; } .wide { overflow: visible; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""
