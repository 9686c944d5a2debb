/** Styles the page, light or dark as the browser prefers. */
export const statsStyle = `
:root {
  --ground: #f4f3ef; --card: #fff; --text: #1d1f22; --quiet: #565b62; --line: #dddad3; --accent: #1d4f91; --soft: #eaf1fa;
  --chart-1: #2a66b0; --chart-2: #c05a12; --chart-3: #2f7f4f; --chart-4: #8447ad; --chart-5: #97730f; --chart-rest: #767c85;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131416; --card: #1c1e21; --text: #ecebe8; --quiet: #aeb3ba; --line: #34373c; --accent: #a3c5f7; --soft: #1f2a3a;
    --chart-1: #6fa8ef; --chart-2: #f0a05c; --chart-3: #6cc48c; --chart-4: #c493ec; --chart-5: #dcbd5b; --chart-rest: #8f959e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { margin: 0 0 .25rem; font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; }
h2 { margin: 0 0 .25rem; font-size: 1.1875rem; line-height: 1.3; font-weight: 650; }
p { margin: 0 0 .75rem; max-width: 46rem; }
.quiet { color: var(--quiet); }
.note { padding: .625rem .875rem; border-inline-start: 4px solid var(--accent); border-radius: 4px; background: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .25rem .5rem; margin: .75rem 0 1rem; }
nav a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .875rem; border: 1px solid var(--line); border-radius: 8px; color: var(--accent); text-decoration: none; }
nav a:hover { background: var(--soft); }
nav a[aria-current] { background: var(--soft); border-color: var(--accent); font-weight: 600; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
dl div { padding: .875rem 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
dt { color: var(--quiet); font-size: .875rem; }
dd { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
dd small { display: block; font-size: .875rem; font-weight: 400; color: var(--quiet); }
main > section { margin: 0 0 .75rem; padding: 1.125rem 1.25rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem 2rem; align-items: start; margin-top: .75rem; }
.pair svg { display: block; width: 100%; height: auto; max-width: 44rem; overflow: visible; }
.wide { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 .5rem; padding: 0; list-style: none; font-size: .875rem; }
.legend svg { display: inline-block; width: .75rem; height: .75rem; margin-inline-end: .375rem; }
.table { max-height: 27rem; overflow: auto; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3125rem .5rem; border-bottom: 1px solid var(--line); text-align: end; white-space: nowrap; }
th:first-child, td:first-child { text-align: start; padding-inline-start: 0; }
thead th { position: sticky; top: 0; background: var(--card); color: var(--quiet); font-weight: 600; }
tbody th { font-weight: 400; }
@media (min-width: 44rem) {
  .wide { display: block; }
  .narrow { display: none; }
}
@media (min-width: 64rem) {
  main { padding: 2.5rem 2rem 4rem; }
  .pair { grid-template-columns: minmax(0, 3fr) minmax(20rem, 2fr); }
}
@media print { main > section, dl div { break-inside: avoid; } .table { max-height: none; } nav { display: none; } }
`
