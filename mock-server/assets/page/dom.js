// Elements and text. Whatever a client sent becomes a text node, and nothing else, here.

/** Characters that a reader would not see, or that change how others are read. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu;

/** An element: `h('p.note', {title: '…', onclick}, 'text', child)`. Texts are shown by `shown`. */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== 'string') element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== '').map(node));
  return element;
}

function node(child) {
  return child instanceof Node ? child : shown(String(child));
}

/** A text with everything unseen in it made visible. */
export function shown(text) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    fragment.append(text.slice(from, match.index), unseen(match[0]));
    from = match.index + match[0].length;
  }
  fragment.append(text.slice(from));
  return fragment;
}

function unseen(character) {
  const span = document.createElement('span');
  span.className = 'unseen';
  span.textContent = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return span;
}

/** The same as plain text, for attributes and options. */
export function plain(text) {
  return text.replace(UNSEEN, (c) => `⟨U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only if it is another: a reader's place and selection stay. */
export function say(element, text) {
  if (element.dataset.said === text) return;
  element.dataset.said = text;
  element.replaceChildren(shown(text));
}

/** Children in the order of the items, each kept as long as its item is there: focus and open details stay. */
export function keyed(parent, items, key, make) {
  const rows = (parent.rows ??= new Map());
  const wanted = new Set(items.map(key));
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    let row = rows.get(key(item));
    if (!row) rows.set(key(item), (row = make(item)));
    row.update?.(item);
    if (row.element === place) place = place.nextElementSibling;
    else parent.insertBefore(row.element, place);
  }
}

/** Forgets all rows, so that they are made anew: in another language. */
export function forget(parent) {
  parent.rows = new Map();
  parent.replaceChildren();
}

/** A button with a text. */
export function button(text, onclick, attributes = {}) {
  return h('button', {type: 'button', onclick, ...attributes}, text);
}
