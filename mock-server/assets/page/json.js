// JSON as it was sent, one line for each member, with what is wrong beside the member at fault. It is read by a parser
// of its own, because the spelling of numbers and a member that stands twice must stay visible.

import {h} from './dom.js';
import {t} from './words.js';

/** Deeper bodies are shown as they were sent. */
const MAX_DEPTH = 64;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const BLANK = /[ \t\r\n]*/y;

/** Lines of `{depth, key, text, pointer, opens}`; nothing if the text is no JSON. */
export function lines(text) {
  const out = [];
  let at = 0;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found?.[0];
  };
  const blank = () => take(BLANK);
  const sign = (character) => {
    blank();
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };
  const need = (value) => {
    if (!value) throw new SyntaxError();
    return value;
  };
  const value = (depth, key, pointer) => {
    if (depth > MAX_DEPTH) throw new SyntaxError();
    blank();
    const open = text[at];
    const isArray = open === '[';
    if (open !== '{' && !isArray) {
      const scalar = need(take(STRING) ?? take(OTHER));
      out.push({depth, key, text: scalar, pointer, kind: scalar[0] === '"' ? 'string' : 'other'});
      return;
    }
    at += 1;
    const close = isArray ? ']' : '}';
    const line = {depth, key, text: open, pointer, opens: true};
    out.push(line);
    if (sign(close)) {
      line.text += close;
      return;
    }
    for (let index = 0; ; index += 1) {
      blank();
      let name = null;
      let step = index;
      if (!isArray) {
        name = need(take(STRING));
        step = JSON.parse(name).replaceAll('~', '~0').replaceAll('/', '~1');
        need(sign(':'));
      }
      value(depth + 1, name, `${pointer}/${step}`);
      if (sign(close)) break;
      need(sign(','));
      out.at(-1).comma = true;
    }
    out.push({depth, key: null, text: close, pointer: null});
  };
  try {
    value(0, null, '');
    blank();
    return at === text.length ? out : null;
  } catch {
    return null;
  }
}

/** What is wrong, by pointer: `{pointer: [message, …]}`. */
export function marks(entry) {
  const found = new Map();
  const add = (pointer, message) => {
    if (!found.has(pointer)) found.set(pointer, new Set());
    found.get(pointer).add(message);
  };
  for (const violation of entry.violations.filter((v) => v.part === 'body')) {
    const named = violation.keyword === 'rule' ? violation.members : [];
    const escaped = named.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'));
    if (!escaped.length) add(violation.pointer, violation.message);
    for (const name of escaped) add(`${violation.pointer}/${name}`, violation.message);
  }
  for (const pointer of entry.duplicates ?? []) add(pointer, t('journal.twice'));
  return found;
}

/** A body, with marks at its members. */
export function pretty(body, found = new Map(), label = null) {
  const read = body.cut ? null : lines(body.text);
  const box = h('pre.json', {tabindex: '0', role: 'group', 'aria-label': label});
  if (!read) {
    const told = [...found.values()].flatMap((messages) => [...messages]);
    box.append(...told.map((message) => why(message)), h('span.line', {}, body.text));
    if (body.cut) box.append(h('span.note', {}, t('journal.cut', {length: body.length})));
    return box;
  }
  const left = new Map(found);
  const there = new Set(read.map((line) => line.pointer));
  for (const line of read) {
    const messages = line.pointer === null ? undefined : left.get(line.pointer);
    left.delete(line.pointer);
    box.append(row(line, messages));
    if (!line.opens) continue;
    // What should be a member here and is not.
    for (const [pointer, absent] of left) {
      if (there.has(pointer) || pointer.slice(0, pointer.lastIndexOf('/')) !== line.pointer) continue;
      const name = pointer.slice(pointer.lastIndexOf('/') + 1).replaceAll('~1', '/').replaceAll('~0', '~');
      const ghost = {depth: line.depth + 1, key: JSON.stringify(name), text: t('journal.absent'), kind: 'absent'};
      box.append(row(ghost, absent));
      left.delete(pointer);
    }
  }
  for (const messages of left.values()) box.prepend(...[...messages].map((message) => why(message)));
  return box;
}

function row(line, messages) {
  const indent = '  '.repeat(line.depth);
  const parts = [indent];
  if (line.key !== null) parts.push(h('span.key', {}, line.key), ': ');
  parts.push(h(`span.${line.kind ?? 'sign'}`, {}, line.text), line.comma ? ',' : '');
  const element = h('span.line', {}, parts);
  if (!messages) return element;
  element.classList.add('bad');
  element.append(...[...messages].map((message) => why(message)));
  return element;
}

function why(message) {
  return h('span.why', {lang: 'en'}, message);
}
