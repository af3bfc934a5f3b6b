// A request as a curl command that can be pasted into a shell, whatever a client put into it.

import {ROOT} from './api.js';

const LEFT_OUT = /^(host|content-length|connection|accept-encoding|user-agent|accept|accept-language|origin|referer|sec-.*|cache-control|pragma|keep-alive|transfer-encoding|expect)$/i;
const MASK = '(not kept)';

/** One word of a shell. What is not plainly visible is written as an escape, which bash and zsh read. */
function quoted(text) {
  if (/^[\x20-\x7e\n]*$/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = Array.from(text, (c) => {
    if (c === '\\' || c === "'") return `\\${c}`;
    if (/[\x20-\x7e\n]/.test(c)) return c;
    if (/[\p{L}\p{N}\p{P}\p{S}]/u.test(c)) return c;
    const code = c.codePointAt(0);
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `$'${escaped.join('')}'`;
}

function header(line) {
  const at = line.indexOf(': ');
  const [name, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
  if (LEFT_OUT.test(name)) return null;
  // The value is not kept; whoever repeats the request has it in a variable.
  if (value === MASK) return `-H "${name}: $${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}"`;
  return `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`;
}

/** The command for `{method, path, query, headers: ['name: value'], body}`; `url` stands for path and query. */
export function curl({method, path, query = '', headers = [], body = '', url = null}) {
  url ??= ROOT.href.replace(/\/$/, '') + path + (query ? `?${query}` : '');
  const isPost = method === 'POST' && body !== '';
  const parts = [`curl -sS ${isPost || method === 'GET' ? '' : `-X ${method} `}${quoted(url)}`];
  parts.push(...headers.map(header).filter(Boolean));
  if (body !== '') parts.push(`--data-raw ${quoted(body)}`);
  return parts.join(' \\\n  ');
}
