import { html, raw } from 'hono/html';
import { fonts, type Palette } from '../http/pages/identity.ts';
import type { MailContent } from './mail-content.ts';
import type { MailLook, MailSite } from './mail-look.ts';

// Mail programs know a small, old part of HTML: so tables, inline styles, nothing loaded from anywhere. The style
// element is only for those that can show dark mails; the others lose nothing with it.

const darkRules = (dark: Palette) => `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  @media (prefers-color-scheme: dark) {
    .paper { background: ${dark.paper} !important; }
    .card { background: ${dark.card} !important; border-color: ${dark.line} !important; }
    .ink { color: ${dark.ink} !important; }
    .quiet { color: ${dark.quiet} !important; }
    .board { background: ${dark.ink} !important; }
    .seal { background: ${dark.seal} !important; }
    .act { background: ${dark.indigo} !important; color: ${dark.onAction} !important; }
    .undo { background: ${dark.seal} !important; color: ${dark.onSeal} !important; }
    .code { background: ${dark.paper} !important; border-color: ${dark.line} !important; color: ${dark.ink} !important; }
  }`;

const font = `font-family:${fonts.replaceAll('"', "'")};`;
const words = (light: Palette) => `${font}font-size:16px;line-height:1.6;color:${light.ink};margin:0 0 20px;`;
const quietWords = (light: Palette) => `${font}font-size:14px;line-height:1.6;color:${light.quiet};`;

/** The board with its notch and seal, out of boxes: an image would have to be fetched, and many programs do not. */
const mark = (
  light: Palette,
) => html`<div class="board" style="width:20px;height:26px;border-radius:5px;background:${light.ink};overflow:hidden;">
<div class="paper" style="width:6px;height:3px;margin:0 auto 10px;border-radius:0 0 3px 3px;background:${light.paper};font-size:0;line-height:0;"></div>
<div class="seal" style="width:8px;height:8px;margin:0 auto;border-radius:2px;background:${light.seal};font-size:0;line-height:0;"></div>
</div>`;

const button = (action: NonNullable<MailContent['button']>, { light, radius }: MailLook) => {
  const color = action.undoes ? light.seal : light.indigo;
  const shade = action.undoes ? 'undo' : 'act';
  return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px;"><tr><td class="${shade}" style="border-radius:${radius}px;background:${color};">
<a class="${shade}" href="${action.url}" style="${font}display:inline-block;padding:12px 24px;border-radius:${radius}px;background:${color};color:${action.undoes ? light.onSeal : light.onAction};font-size:16px;line-height:1.5;font-weight:600;text-decoration:none;">${action.label}</a>
</td></tr></table>`;
};

const code = ({ label, digits }: NonNullable<MailContent['code']>, { light, radius }: MailLook) =>
  html`<p class="ink" style="${words(light)}margin-bottom:8px;">${label}</p>
<p class="code" style="margin:0 0 20px;padding:12px 16px 12px 22px;border:1px solid ${light.line};border-radius:${radius}px;background:${light.paper};color:${light.ink};font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:32px;line-height:1.3;font-weight:600;letter-spacing:6px;text-align:center;">${digits}</p>`;

/** The HTML body of a mail. Every word of it is escaped by the template. */
export const mailHtml = (content: MailContent, site: MailSite): string => {
  const { look } = site;
  const { light } = look;
  return html`<!doctype html>
<html lang="${site.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>${content.subject}</title>
<style>${raw(darkRules(look.dark))}</style>
</head>
<body class="paper" style="margin:0;padding:0;background:${light.paper};">
<table role="presentation" class="paper" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:${light.paper};"><tr><td align="center" style="padding:32px 16px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:480px;">
<tr><td style="padding:0 4px 16px;"><table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>${look.mark && html`<td style="padding-right:10px;">${mark(light)}</td>`}<td class="ink" style="${font}font-size:18px;font-weight:600;color:${light.ink};">${look.name}</td></tr></table></td></tr>
<tr><td class="card" style="padding:28px 28px 8px;border:1px solid ${light.line};border-radius:${look.radius}px;background:${light.card};">
<p class="ink" style="${words(light)}">${content.greeting}</p>
<p class="ink" style="${words(light)}">${content.lead}</p>
${content.button && button(content.button, look)}
${content.code && code(content.code, look)}
${content.expiry && html`<p class="quiet" style="${quietWords(light)}margin:0 0 20px;">${content.expiry}</p>`}
${content.next && html`<p class="ink" style="${words(light)}">${content.next}</p>`}
<p class="ink" style="${words(light)}">${content.ifNotYou}</p>
</td></tr>
<tr><td class="quiet" style="${quietWords(light)}padding:16px 4px 0;">${site.host}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`.toString();
};
