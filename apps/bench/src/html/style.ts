/** The page's style: legible from a phone's width on, light or dark as the reader's system is. */
export const style = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6577; --line: #d9dee7; --paper: #fbfcfe; --card: #ffffff; --gradus: #2563eb; --peer: #d97706; --native: #8b93a3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf2; --soft: #9aa5b8; --line: #2d3646; --paper: #11151d; --card: #181e29; --gradus: #6ea8ff; --peer: #f0a53c; --native: #7d8799; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 78rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; font-weight: 600; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; max-width: 46rem; }
code { font-size: .9em; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .9rem; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; font-size: .9rem; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
.key .tick { width: 2px; height: 1em; border-radius: 0; background: currentColor; vertical-align: -.1em; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(23rem, 100%), 1fr)); gap: 1rem; margin: 1rem 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(36rem, 100%), 1fr)); gap: 1rem; margin: 1rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem; min-width: 0; }
.card p { font-size: .85rem; }
svg { display: block; max-width: 100%; height: auto; color: var(--ink); overflow: visible; }
.wide { display: none; }
@media (min-width: 800px) { .wide { display: block; } .narrow { display: none; } }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
.words td { white-space: normal; vertical-align: top; min-width: 7rem; }
tbody th { text-align: left; color: var(--ink); font-weight: 600; padding-top: .9rem; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--soft); }
`;
