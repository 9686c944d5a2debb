/**
 * Styles the page. Rules apply below `.authjs-lazy` alone, so that they don't leak into an app's
 * layout; those for the plain layout are below `.authjs-lazy-page`.
 */
export const style = `
.authjs-lazy, .authjs-lazy-page {
  --lazy-ground: #f4f3ef; --lazy-card: #fff; --lazy-text: #1d1f22; --lazy-quiet: #565b62; --lazy-line: #dddad3;
  --lazy-edge: #7f858d; --lazy-accent: #1d4f91; --lazy-accent-strong: #163d71; --lazy-on-accent: #fff; --lazy-soft: #eaf1fa;
  --lazy-bad: #a8201a; --lazy-bad-soft: #fcefed;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  .authjs-lazy, .authjs-lazy-page {
    --lazy-ground: #131416; --lazy-card: #1c1e21; --lazy-text: #ecebe8; --lazy-quiet: #aeb3ba; --lazy-line: #34373c;
    --lazy-edge: #7d848d; --lazy-accent: #a3c5f7; --lazy-accent-strong: #c3daff; --lazy-on-accent: #0d1b30; --lazy-soft: #1f2a3a;
    --lazy-bad: #ffb3aa; --lazy-bad-soft: #3a1b18;
  }
}
.authjs-lazy-page { margin: 0; background: var(--lazy-ground); }
.authjs-lazy-page main { display: grid; align-items: center; min-height: 100vh; min-height: 100svh; padding: 1.5rem 1rem; box-sizing: border-box; }
.authjs-lazy, .authjs-lazy * { box-sizing: border-box; }
.authjs-lazy {
  width: 100%; max-width: 27rem; margin: 0 auto; padding: 2rem;
  background: var(--lazy-card); color: var(--lazy-text); border: 1px solid var(--lazy-line); border-radius: 14px;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; overflow-wrap: anywhere;
}
.authjs-lazy h1 { margin: 0 0 .75rem; font-size: 1.625rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; text-wrap: balance; }
.authjs-lazy p { margin: 0 0 .75rem; }
.authjs-lazy .lazy-quiet { color: var(--lazy-quiet); }
.authjs-lazy > :last-child { margin-bottom: 0; }
.authjs-lazy .lazy-keep { margin: 1rem 0; padding: .625rem .875rem; border-radius: 8px; background: var(--lazy-soft); font-weight: 600; }
.authjs-lazy a { color: var(--lazy-accent); text-underline-offset: .2em; }
.authjs-lazy form { margin: 0; }
.authjs-lazy .lazy-main { margin-top: 1.5rem; }
.authjs-lazy .lazy-field { margin-bottom: 1.125rem; }
.authjs-lazy label { display: block; margin-bottom: .25rem; font-weight: 600; }
.authjs-lazy .lazy-hint { margin: 0 0 .375rem; font-size: .875rem; line-height: 1.4; color: var(--lazy-quiet); }
.authjs-lazy .lazy-error { margin: 0 0 .375rem; font-size: .9375rem; line-height: 1.4; font-weight: 600; color: var(--lazy-bad); }
.authjs-lazy input:not([type=hidden]) {
  display: block; width: 100%; min-height: 2.875rem; padding: .5rem .75rem;
  font: inherit; color: inherit; background: var(--lazy-card); border: 1px solid var(--lazy-edge); border-radius: 8px;
}
.authjs-lazy input[aria-invalid=true] { border: 2px solid var(--lazy-bad); }
.authjs-lazy button, .authjs-lazy a.lazy-button {
  display: flex; align-items: center; justify-content: center; width: 100%; min-height: 2.875rem; padding: .5rem 1rem;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; border-radius: 8px;
  color: var(--lazy-text); background: transparent; border: 1px solid var(--lazy-edge); transition: background-color .15s;
}
.authjs-lazy button:hover, .authjs-lazy a.lazy-button:hover { background: var(--lazy-soft); }
.authjs-lazy button.lazy-first, .authjs-lazy a.lazy-first { color: var(--lazy-on-accent); background: var(--lazy-accent); border-color: var(--lazy-accent); }
.authjs-lazy button.lazy-first:hover, .authjs-lazy a.lazy-first:hover { background: var(--lazy-accent-strong); }
.authjs-lazy button:disabled { opacity: .6; cursor: default; }
.authjs-lazy :focus-visible { outline: 3px solid var(--lazy-accent); outline-offset: 2px; }
.authjs-lazy .lazy-problem { margin: 1.25rem 0 0; padding: .875rem 1rem; border-inline-start: 4px solid var(--lazy-bad); border-radius: 4px; background: var(--lazy-bad-soft); }
.authjs-lazy .lazy-problem h2 { margin: 0 0 .25rem; font-size: 1rem; line-height: 1.4; }
.authjs-lazy .lazy-problem p { margin: 0; }
.authjs-lazy .lazy-problem a { color: var(--lazy-bad); }
.authjs-lazy .lazy-ways form + form { margin-top: 1.25rem; }
.authjs-lazy .lazy-ways form > button + button { margin-top: .75rem; }
.authjs-lazy .lazy-ways input + button { margin-top: .625rem; }
.authjs-lazy .lazy-or { display: flex; align-items: center; gap: .75rem; margin: 1.5rem 0 1.25rem; font-size: .875rem; color: var(--lazy-quiet); }
.authjs-lazy .lazy-or::before, .authjs-lazy .lazy-or::after { content: ""; flex: 1; border-top: 1px solid var(--lazy-line); }
.authjs-lazy [role=alert]:empty { display: none; }
.authjs-lazy .lazy-ways [role=alert] { margin: .5rem 0 0; }
.authjs-lazy .lazy-on { margin-top: 1.5rem; }
.authjs-lazy [hidden] { display: none; }
@media (max-width: 30rem) {
  .authjs-lazy-page { background: var(--lazy-card); }
  .authjs-lazy-page main { padding: 0; align-items: start; }
  .authjs-lazy-page .authjs-lazy { padding: 1.5rem 1.25rem 2rem; border: 0; border-radius: 0; }
}
@media (prefers-reduced-motion: reduce) { .authjs-lazy * { transition: none !important; } }
`
