"""The stylesheet of marked texts: every shade has an underline or a weight of its own, for readers who see no colour."""

MARK_STYLE = """
:root { --for: #f2a33a; --against: #5aa2f0; }
@media (prefers-color-scheme: dark) { :root { --for: #b26a00; --against: #2f6fbd; } }
mark { background: none; color: inherit; border-radius: .2rem; padding: .05em .1em; }
.for1, .for2 { background: color-mix(in srgb, var(--for) 25%, transparent); }
.for3, .for4 { background: color-mix(in srgb, var(--for) 65%, transparent); text-decoration: underline; }
.for4 { font-weight: 700; }
.against1, .against2 { background: color-mix(in srgb, var(--against) 25%, transparent); }
.against3, .against4 { background: color-mix(in srgb, var(--against) 65%, transparent); text-decoration: underline dotted; }
.against4 { font-style: italic; }
.gold { background: var(--good-box); text-decoration: underline; }
.said { background: var(--bad-box); text-decoration: underline wavy; }
.unread { color: var(--soft); text-decoration: line-through; }
mark small, .gap { color: var(--soft); font-size: .75rem; margin: 0 .15em; }
.passage { white-space: pre-wrap; margin: .3rem 0; padding: .4rem .6rem; background: var(--box); border-radius: .4rem; }
.wrong { margin: 1rem 0; break-inside: avoid; }
"""
