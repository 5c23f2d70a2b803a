"""The colours of plots, for a page and for a plot in a file of its own. Series also differ in their dashes."""

PLOT_STYLE = """
.plot { --fg: #1d2228; --mid: #59636e; --rule: #dfe3e8; --a: #0b5cad; --b: #c2410c; --c: #1a7f4b; --d: #8e44ad; --e: #a16207;
  --f: #0e7490; color: var(--fg); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
@media (prefers-color-scheme: dark) { .plot { --fg: #e4e8ec; --mid: #9aa5b1; --rule: #353d46; --a: #6cb2f5; --b: #fb9a63;
  --c: #5fd39a; --d: #d3a4ea; --e: #e3c04f; --f: #57c7dd; } }
.plot text { fill: var(--fg); stroke: none; } .plot .tick, .plot .axis { fill: var(--mid); }
.plot .rule { stroke: var(--rule); } .plot .edge { stroke: var(--mid); }
.plot .ideal { stroke: var(--mid); stroke-dasharray: 3 4; }
.plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.plot .s0 { stroke: var(--a); } .plot .s1 { stroke: var(--b); stroke-dasharray: 7 3; }
.plot .s2 { stroke: var(--c); stroke-dasharray: 2 3; } .plot .s3 { stroke: var(--d); stroke-dasharray: 9 3 2 3; }
.plot .s4 { stroke: var(--e); stroke-dasharray: 12 4; } .plot .s5 { stroke: var(--f); stroke-dasharray: 4 2; }
.plot .dot { stroke: none; } .plot .dot.s0, .plot .bar { fill: var(--a); } .plot .dot.s1 { fill: var(--b); }
.plot .dot.s2 { fill: var(--c); } .plot .dot.s3 { fill: var(--d); } .plot .dot.s4 { fill: var(--e); }
.plot .dot.s5 { fill: var(--f); }
.plot .faint { fill-opacity: .35; } .plot .hit { fill: var(--a); } .plot .miss { fill: var(--b); }
"""
