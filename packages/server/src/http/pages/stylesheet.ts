import { fingerprint } from './theme.ts';

// One style sheet for every page the server renders itself, on the variables of theme.ts.

export const stylesheet = `
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; padding: 24px 16px 48px; display: flex; flex-direction: column; align-items: center;
  background: var(--tegata-paper); color: var(--tegata-ink);
  font: 16px/1.6 var(--tegata-font); overflow-wrap: anywhere; line-break: strict;
}
h1 { margin: 0 0 12px; font-size: 24px; line-height: 1.35; font-weight: 650; letter-spacing: -0.01em; text-wrap: balance; }
:lang(ja) h1 { letter-spacing: 0; word-break: auto-phrase; }
h2 { margin: 0 0 8px; font-size: 16px; line-height: 1.5; font-weight: 650; }
p { margin: 0 0 20px; text-wrap: pretty; }
a { color: var(--tegata-indigo); text-underline-offset: 3px; }
:focus-visible { outline: 3px solid var(--tegata-indigo); outline-offset: 2px; border-radius: 4px; }

.top { width: 100%; max-width: var(--width, 420px); display: flex; align-items: center; justify-content: space-between; gap: 16px; margin: 4vh 0 20px; }
.brand { display: inline-flex; align-items: center; gap: 10px; font-size: 18px; font-weight: 650; color: inherit; text-decoration: none; }
.mark { display: block; width: 21px; height: 28px; flex: none; }
img.mark { width: auto; max-width: 160px; }
.mark-board { fill: var(--tegata-ink); }
.mark-seal { fill: var(--tegata-seal); }
.language { font-size: 14px; padding: 4px 0; }
.card {
  width: 100%; max-width: var(--width, 420px); padding: 28px 28px 8px; background: var(--tegata-card);
  border: 1px solid var(--tegata-line); border-radius: var(--tegata-radius); box-shadow: var(--tegata-shadow);
}
.done h1 { color: var(--tegata-moss); }
.quiet { color: var(--tegata-quiet); font-size: 14px; }
.notice { margin: 0 0 20px; padding: 12px 16px; border: 1px solid var(--tegata-line); border-inline-start: 4px solid var(--tegata-indigo); border-radius: var(--tegata-radius); background: var(--tegata-paper); }

form { margin: 0 0 20px; }
label { display: block; margin: 0 0 6px; font-weight: 600; }
input {
  display: block; width: 100%; min-height: 48px; padding: 10px 14px; font: inherit; color: inherit; background: var(--tegata-paper);
  border: 1px solid var(--tegata-quiet); border-radius: var(--tegata-radius);
}
input:focus-visible { outline-offset: 0; border-radius: var(--tegata-radius); border-color: var(--tegata-indigo); }
::placeholder { color: var(--tegata-quiet); opacity: 1; }
input[aria-invalid="true"] { border: 2px solid var(--tegata-ink); }
.hint { margin: 6px 0 20px; }
.problem { margin: 8px 0 0; padding-inline-start: 12px; border-inline-start: 4px solid var(--tegata-ink); font-weight: 600; }
button {
  display: block; width: 100%; min-height: 48px; padding: 10px 20px; font: inherit; font-weight: 650; cursor: pointer;
  color: var(--tegata-on-action); background: var(--tegata-indigo); border: 0; border-radius: var(--tegata-radius); transition: filter 120ms ease;
}
button.destructive { background: var(--tegata-seal); color: var(--tegata-on-seal); }
button:hover { filter: brightness(1.1); }
button:active { filter: brightness(0.95); }
button:focus-visible { outline-offset: 3px; border-radius: var(--tegata-radius); }

.wide { --width: 1080px; }
.middle { --width: 560px; }
.search { display: flex; gap: 8px; }
.search input { min-height: 44px; }
.search button { width: auto; min-height: 44px; flex: none; }
.mailbox { display: grid; gap: 24px; grid-template-columns: minmax(0, 1fr); width: 100%; max-width: var(--width); align-items: start; }
.mailbox .card { padding: 20px; max-width: none; }
.mails { list-style: none; margin: 0 0 4px; padding: 0; border-top: 1px solid var(--tegata-line); }
.mails li { border-bottom: 1px solid var(--tegata-line); }
.mails li:last-child { border-bottom: 0; }
.mails a { display: block; margin: 0 -8px; padding: 12px 8px; color: inherit; text-decoration: none; border-radius: 6px; }
.mails a:hover strong { text-decoration: underline; text-underline-offset: 3px; }
.mails a[aria-current] { background: var(--tegata-paper); box-shadow: inset 3px 0 0 var(--tegata-indigo); }
.mails strong { display: block; font-weight: 600; }
.mails .quiet { display: flex; justify-content: space-between; gap: 12px; }
.mails time { flex: none; }
.facts { margin: 0 0 20px; display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 16px; }
.facts dt { color: var(--tegata-quiet); }
.facts dd { margin: 0; }
.code { font: 600 24px/1.3 var(--tegata-mono); letter-spacing: 0.15em; }
iframe { display: block; width: 100%; height: 640px; border: 1px solid var(--tegata-line); border-radius: var(--tegata-radius); background: var(--tegata-paper); }
summary { padding: 12px 0; cursor: pointer; font-weight: 600; }
pre { margin: 0 0 16px; padding: 16px; white-space: pre-wrap; font: 14px/1.6 var(--tegata-mono); background: var(--tegata-paper); border: 1px solid var(--tegata-line); border-radius: var(--tegata-radius); }
.back { display: inline-block; margin: 0 0 16px; }
.doors { list-style: none; margin: 0 0 20px; padding: 0; border-top: 1px solid var(--tegata-line); }
.doors li { padding: 12px 0; border-bottom: 1px solid var(--tegata-line); }
.doors li:last-child { border-bottom: 0; padding-bottom: 0; }
.doors a { font-weight: 600; }
.doors .quiet { display: block; }
.docs { display: grid; gap: 24px; grid-template-columns: minmax(0, 1fr); width: 100%; max-width: var(--width); align-items: start; }
.docs .card { max-width: none; padding: 24px; }
.docs nav ul { list-style: none; margin: 0 0 16px; padding: 0; font-size: 15px; }
.docs nav h2, .docs h4 { margin: 12px 0 4px; font-size: 14px; color: var(--tegata-quiet); font-weight: 600; }
.calls { display: grid; gap: 16px; min-width: 0; }
.calls .tag { margin: 16px 0 0; font-size: 20px; }
.calls > .quiet { margin: -8px 0 0; }
.call h3 { margin: 0 0 8px; font-size: 18px; }
.call p { margin: 0 0 12px; }
.call pre { margin: 0 0 12px; padding: 12px 16px; }
.method { font-weight: 700; color: var(--tegata-indigo); }
.credential { display: inline-block; margin-inline-start: 8px; padding: 0 8px; font-size: 13px; font-weight: 600; border: 1px solid var(--tegata-line); border-radius: 999px; }
code { font-family: var(--tegata-mono); font-size: 0.92em; }

@media (min-width: 900px) {
  .docs { grid-template-columns: 260px minmax(0, 1fr); }
  .docs nav { position: sticky; top: 16px; max-height: calc(100vh - 32px); overflow: auto; }
  .mailbox.open { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
  .back { display: none; }
}
@media (max-width: 899px) {
  .mailbox.open .list { display: none; }
}
@media (max-width: 400px) {
  body { padding: 12px 12px 32px; }
  .top { margin-top: 8px; }
  .card { padding: 22px 20px 4px; }
  h1 { font-size: 22px; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`.trimStart();

/** Part of the link to it, so that it may be cached forever and still change with a release. */
export const stylesheetVersion = fingerprint(stylesheet);
