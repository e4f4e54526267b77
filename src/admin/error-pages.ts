import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BLAMED, listCodes, tellError } from '../error-guide.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { findNearest } from '../nearest-word.ts';
import { type AdminAnswer, ok, refusal } from './answer.ts';
import { decodePart } from './decode-part.ts';

/**
 * `GET /errors` and `GET /errors/CODE`: what stands behind the `type` of problems (RFC 9457, section 3.1.1), as JSON, or
 * as a page for who prefers HTML. Nothing of this gateway is told but what its documentation says too.
 */
export function listErrors(req: IncomingMessage): AdminAnswer {
  const all = listCodes();
  return isPageWanted(req) ? page('Errors of this gateway', renderList(all)) : ok(all.map(tellError));
}

/** True for what is told below. */
export function isOfErrors({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && /^\/errors(?:[/?]|$)/.test(url);
}

export function describeError(encoded: string, req: IncomingMessage): AdminAnswer {
  const code = decodePart(encoded) ?? '';
  if (!Object.hasOwn(ERRORS, code)) return noSuchCode(code);
  const told = tellError(code as ErrorCode);
  return isPageWanted(req) ? page(`${told.status} ${code}`, renderOne(told)) : ok(told);
}

function noSuchCode(code: string): AdminAnswer {
  const nearest = findNearest(code, Object.keys(ERRORS));
  const hint = nearest === undefined ? 'see /errors' : `did you mean "${nearest}"?`;
  return refusal('not_found', { detail: `There is no such code: ${hint}` });
}

type Told = ReturnType<typeof tellError>;

/** Only of who names HTML: a browser does, a curl does not. */
function isPageWanted({ headers: { accept = '' } }: IncomingMessage): boolean {
  return accept.split(',').some((one) => /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(one));
}

function renderOne({ code, status, source, title, means, client, operator }: Told): string {
  return `<p><a href="../errors">All errors</a></p>
<h1><span>${status}</span> ${escapeHtml(title)}</h1>
<p><code>${code}</code>, caused by ${BLAMED[source]}</p>
<h2>What it means</h2><p>${escapeHtml(means)}</p>
<h2>What a client can do</h2><p>${escapeHtml(client)}</p>
<h2>What an operator can do</h2><p>${escapeHtml(operator)}</p>`;
}

function renderList(codes: readonly ErrorCode[]): string {
  const rows = codes.map((code) => {
    const { status, source, title, means } = tellError(code);
    const cells = [
      status,
      `<a href="errors/${code}"><code>${code}</code></a>`,
      BLAMED[source],
      escapeHtml(title),
      escapeHtml(means),
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const heads = ['Status', 'Code', 'Caused by', 'Title', 'What it means'].map((one) => `<th scope="col">${one}</th>`);
  return `<h1>Errors of this gateway</h1>
<table><thead><tr>${heads.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`;
}

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1 span{color:light-dark(#b42318,#ff8a7a)}
table{border-collapse:collapse}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid light-dark(#ddd,#444)}
code{font-family:ui-monospace,monospace}`;

/** Nothing but this one style: no script, no image, no frame, no form, and nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join(';');

function page(title: string, body: string): AdminAnswer {
  const text = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title><meta name="viewport" content="width=device-width">
<style>${STYLE}</style></head>
<body><main>
${body}
</main></body>
</html>
`;
  return {
    status: 200,
    body: text,
    type: 'text/html; charset=utf-8',
    headers: ['content-security-policy', POLICY, 'vary', 'Accept'],
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ENTITIES[sign] as string);
}
