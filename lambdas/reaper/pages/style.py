"""The one stylesheet that pages share: calm, one accent colour, light and dark, phone width first, and good on paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #f6f7f7; --card: #ffffff; --ink: #17201f; --soft: #566462; --line: #dfe4e3;
  --accent: #0a6560; --accent-ink: #ffffff; --accent-wash: #e6f2f0;
  --warn: #8a4b00; --warn-wash: #fdf3e3; --danger: #a4262c; --danger-wash: #fcecec;
  --shadow: 0 1px 2px rgb(23 32 31 / .05), 0 8px 24px rgb(23 32 31 / .06);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #101515; --card: #182020; --ink: #e8eeed; --soft: #a3b1af; --line: #2c3837;
    --accent: #6fd0c5; --accent-ink: #06211f; --accent-wash: #17312f;
    --warn: #f0b867; --warn-wash: #30260f; --danger: #ff9c96; --danger-wash: #371d1d;
    --shadow: 0 0 0 1px #222d2c;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  overflow-wrap: anywhere; -webkit-font-smoothing: antialiased;
}
.shell { max-width: 42rem; margin: 0 auto; padding-inline: 1rem; }
.masthead { display: flex; align-items: center; gap: .6rem; padding-block: 1.25rem 1rem; }
.masthead svg { width: 1.5rem; height: 1.5rem; flex: none; color: var(--accent); }
.masthead span { font-weight: 650; letter-spacing: -.01em; }
main { padding-bottom: .5rem; }
h1 { margin: .55rem 0 .6rem; font-size: clamp(1.5rem, 1.2rem + 1.6vw, 2rem); line-height: 1.2; letter-spacing: -.02em; }
h1:first-child { margin-top: 0; }
h1, h2 { text-wrap: balance; font-weight: 680; }
h2 { margin: 0 0 .35rem; font-size: 1.06rem; line-height: 1.35; letter-spacing: -.01em; }
p { margin: 0 0 .75rem; text-wrap: pretty; }
p:last-child { margin-bottom: 0; }
a { color: var(--accent); text-underline-offset: .2em; }
.card {
  background: var(--card); border-radius: .9rem; box-shadow: var(--shadow);
  padding: 1.25rem; margin-bottom: 1rem;
}
.card > section + section { border-top: 1px solid var(--line); margin-top: 1.25rem; padding-top: 1.25rem; }
.eyebrow { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .6rem; margin: 0; }
.eyebrow { color: var(--soft); font-size: .9rem; }
.pill { border-radius: 99rem; padding: .1rem .65rem; font-weight: 600; background: var(--accent-wash); color: var(--accent); }
.pill.warn { background: var(--warn-wash); color: var(--warn); }
.pill.quiet { background: var(--paper); color: var(--soft); }
.lede { font-size: 1.06rem; }
.soft, small { color: var(--soft); font-size: .9rem; }
.notice {
  border-radius: .75rem; padding: .9rem 1.1rem; margin-bottom: 1rem;
  border-inline-start: .25rem solid var(--accent); background: var(--accent-wash);
}
.notice p { margin-bottom: .25rem; }
.notice strong { color: var(--accent); }
.notice.warn { border-color: var(--warn); background: var(--warn-wash); }
.notice.warn strong { color: var(--warn); }
.buttons { display: grid; gap: .6rem; margin-top: .9rem; }
@media (min-width: 34rem) {
  .shell { padding-inline: 1.5rem; }
  .masthead { padding-top: 2.25rem; }
  .card { padding: 1.75rem; }
  .buttons { grid-auto-flow: column; grid-auto-columns: 1fr; }
  .buttons.single { grid-auto-columns: minmax(11rem, max-content); }
}
button {
  font: inherit; font-weight: 600; line-height: 1.25; cursor: pointer;
  min-height: 3rem; padding: .6rem .8rem; border-radius: .6rem;
  border: 1px solid var(--accent); background: var(--accent); color: var(--accent-ink);
}
button small { display: block; font-weight: 400; color: inherit; }
button.plain { background: transparent; color: var(--accent); }
button.danger { background: transparent; color: var(--danger); border-color: var(--danger); }
@media (hover: hover) {
  button:hover { box-shadow: inset 0 0 0 99rem rgb(0 0 0 / .08); }
  button.plain:hover { box-shadow: none; background: var(--accent-wash); }
  button.danger:hover { box-shadow: none; background: var(--danger-wash); }
}
:focus-visible { outline: .2rem solid var(--accent); outline-offset: .2rem; }
dl { margin: .9rem 0 0; display: grid; gap: .85rem; }
dl div { display: grid; gap: .05rem; }
dt { color: var(--soft); font-size: .9rem; }
dd { margin: 0; }
dd small { display: block; }
@media (min-width: 34rem) {
  dl div { grid-template-columns: 10rem 1fr; gap: 1rem; }
  dt { padding-top: .1rem; }
}
code { font: .92em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.figure { font-variant-numeric: tabular-nums; }
footer { padding-top: .5rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .85rem; }
@media (forced-colors: active) {
  .pill, .card, .notice { border: 1px solid; }
  button, button.plain, button.danger { color: ButtonText; background: ButtonFace; border-color: ButtonText; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --shadow: none;
    --accent: #0a6560; --accent-wash: #fff; --warn: #8a4b00; --warn-wash: #fff;
  }
  body { font-size: 10.5pt; }
  .shell { max-width: none; padding-inline: 0; }
  .card { border: 1px solid var(--line); break-inside: avoid; }
  .pill { border: 1px solid; }
  .card > section:has(form) { display: none; }
}
"""
