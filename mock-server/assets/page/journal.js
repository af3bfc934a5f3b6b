// What was asked and answered, the newest first; what is wrong stands at the member at fault.

import {ask, asker, ROOT} from './api.js';
import * as clock from './clock.js';
import {curl} from './curl.js';
import {button, byId, forget, h, keyed, say} from './dom.js';
import {marks, pretty} from './json.js';
import {clockTime, has, t} from './words.js';

/** Entries that are held, and read at once. */
const HELD = 1000;
/** Rows that are shown at first, and with each press of the button. */
const STEP = 50;

const KINDS = {
  all: () => true,
  violations: (entry) => entry.violation_count > 0,
  refused: (entry) => entry.outcome === 'refused',
  faults: (entry) => Boolean(entry.fault),
  callbacks: (entry) => entry.kind === 'callback',
};

let entries = [];
let last = 0;
let dropped = 0;
let kind = 'all';
let rows = STEP;
let isOff = false;
let isRead = false;
let context = {};

export function wire(given) {
  context = given;
  byId('journal-clear').addEventListener('click', () => context.act(() => ask('DELETE', 'journal')));
}

const read = asker();

/** Reads everything anew, or what came since; gives the entries that are new. */
export async function load(anew) {
  const since = anew ? 0 : last;
  const page = await read(`journal?latest=true&limit=${HELD}&since=${since}`);
  if (!page) return [];
  const fresh = page.entries;
  if (anew) {
    entries = [];
    rows = STEP;
    isOff = false;
  }
  entries = [...entries, ...fresh.filter((entry) => entry.number > since)].slice(-HELD);
  last = page.last;
  dropped = page.dropped;
  isRead = true;
  draw();
  return fresh;
}

/** An exchange without a number: nothing is kept. */
export function notKept() {
  isOff = true;
  draw();
}

export function redraw() {
  forget(byId('entry-list'));
  draw();
}

export function draw() {
  drawKinds();
  const wanted = entries.filter(KINDS[kind]).reverse();
  // A number alone may be another entry's by now: the mock was started again, or a snapshot restored.
  const key = (entry) => `${entry.number} ${entry.micros} ${entry.time}`;
  keyed(byId('entry-list'), wanted.slice(0, rows), key, row);
  drawEmpty(wanted.length);
  const pages = byId('journal-pages');
  const rest = wanted.length - rows;
  pages.hidden = rest <= 0 && dropped === 0;
  const more = button(t('journal.more', {n: Math.min(STEP, rest)}), () => {
    rows += STEP;
    draw();
  });
  pages.replaceChildren(
    ...(rest > 0 ? [more] : []),
    ...(dropped > 0 ? [h('span.note', {}, t('journal.dropped', {n: dropped}))] : []),
  );
}

function drawKinds() {
  const chips = Object.keys(KINDS).map((name) => ({name, count: entries.filter(KINDS[name]).length}));
  keyed(byId('kinds'), chips, (chip) => chip.name, ({name}) => {
    const count = h('span.count');
    const label = h('span');
    const choose = () => {
      kind = name;
      rows = STEP;
      draw();
    };
    const element = button('', choose, {class: 'chip', 'data-kind': name});
    element.append(label, ' ', count);
    return {
      element,
      update(chip) {
        say(label, t(`journal.${name}`));
        say(count, String(chip.count));
        element.classList.toggle('none', chip.count === 0);
        element.setAttribute('aria-pressed', String(kind === name));
      },
    };
  });
}

function drawEmpty(wanted) {
  const box = byId('journal-empty');
  box.hidden = wanted > 0 || !isRead;
  if (box.hidden) return;
  if (isOff) box.replaceChildren(h('p', {}, t('journal.off')));
  else if (entries.length) box.replaceChildren(h('p', {}, t('journal.none')));
  else {
    box.replaceChildren(
      h('p.big', {}, t('journal.empty')),
      h('p', {}, t('journal.empty.text')),
      h('p', {}, h('code', {}, ROOT.href.replace(/\/$/, ''))),
    );
  }
}

function row(entry) {
  const summary = h('summary', {}, entry.kind === 'callback' ? called(entry) : asked(entry));
  const box = h('div.more');
  const details = h('details', {}, summary, box);
  details.addEventListener('toggle', () => {
    if (details.open && !box.firstChild) box.append(...(entry.kind === 'callback' ? callback(entry) : exchange(entry)));
  });
  const element = h('li.entry', {'data-look': look(entry), 'data-number': String(entry.number)}, details);
  return {element};
}

/** How it looks at a glance. */
function look(entry) {
  if (entry.kind === 'callback') return entry.then === 'acknowledged' ? 'ok' : 'wrong';
  if (entry.violation_count > 0) return 'wrong';
  return {refused: 'refused', fault: 'fault'}[entry.outcome] ?? 'ok';
}

const time = (entry) => h('span.time', {}, clockTime(Date.parse(entry.time) || clock.wall(entry.micros))[1]);

function asked(entry) {
  const count = entry.violation_count;
  return [
    time(entry),
    h('span.status', {}, entry.status === null ? '—' : String(entry.status)),
    h('span.what', {}, entry.operation ?? `${entry.method} ${entry.path}`),
    h('span.badge.outcome', {}, t(`outcome.${entry.outcome}`)),
    count ? h('span.badge.bad', {}, t(count === 1 ? 'journal.count1' : 'journal.count', {n: count})) : null,
    entry.fault ? h('span.badge.fault', {}, t('journal.fault', {id: entry.fault})) : null,
  ];
}

function called(entry) {
  const then = has(`then.${entry.then}`) ? t(`then.${entry.then}`) : entry.then;
  return [
    time(entry),
    h('span.status', {}, entry.status === null ? '—' : String(entry.status)),
    h('span.what', {}, t('kind.callback', {address: entry.address})),
    h(entry.then === 'acknowledged' ? 'span.badge.outcome' : 'span.badge.bad', {}, then),
    entry.fault ? h('span.badge.fault', {}, entry.fault) : null,
  ];
}

function exchange(entry) {
  const elsewhere = entry.violations.filter((v) => v.part !== 'body');
  const rest = entry.violation_count - entry.violations.length;
  return [
    h('p.start', {}, h('code', {}, `${entry.method} ${entry.path}${entry.query ? `?${entry.query}` : ''}`), repeat(entry)),
    entry.error ? h('p.note', {}, t('journal.error', {error: entry.error})) : null,
    elsewhere.length ? h('ul.whys', {}, elsewhere.map((v) => h('li', {lang: 'en'}, h('code', {}, v.pointer.slice(1) || v.part), ' ', v.message))) : null,
    rest > 0 ? h('p.note', {}, t('journal.more-violations', {n: rest})) : null,
    h('h3', {}, t('journal.request')),
    entry.body.text === '' && !entry.violation_count
      ? h('p.note', {}, t('journal.nobody'))
      : pretty(entry.body, marks(entry), t('journal.request')),
    h('h3', {}, t('journal.answer')),
    entry.status === null
      ? h('p.note', {}, t('journal.noanswer'))
      : [h('p.note', {}, `HTTP ${entry.status}`), entry.answer.text ? pretty(entry.answer, new Map(), t('journal.answer')) : null],
    headers(entry, elsewhere),
  ]
    .flat()
    .filter(Boolean);
}

function headers(entry, elsewhere) {
  const bad = new Set(elsewhere.map((v) => v.pointer.slice(1)));
  const lines = entry.headers.map((line) => {
    const isBad = bad.has(line.slice(0, line.indexOf(':')));
    return h(isBad ? 'span.line.bad' : 'span.line', {}, line);
  });
  const box = h('pre.json', {tabindex: '0', role: 'group', 'aria-label': t('journal.headers')}, lines);
  return h('details', {}, h('summary', {}, t('journal.headers')), box);
}

function repeat(entry) {
  if (entry.body.cut) return h('span.note', {}, t('journal.curl.cut'));
  const command = () => curl({...entry, body: entry.body.text});
  return button(t('journal.curl'), (event) => context.copy(command(), event.currentTarget), {class: 'quiet copy'});
}

function callback(entry) {
  const result = entry.status === null ? entry.error : `HTTP ${entry.status}`;
  const facts = [
    [t('job.id'), entry.job],
    [t('call.message'), entry.end ? t('call.last', {delivery: entry.delivery}) : entry.delivery],
    [t('call.attempt'), entry.attempt],
    [t('call.result'), result ?? ''],
  ];
  const body = {text: entry.body, length: entry.length, cut: entry.cut};
  const command = () =>
    curl({method: 'POST', path: '', headers: ['content-type: application/json'], body: entry.body, url: entry.address});
  return [
    h('dl', {}, facts.map(([name, value]) => [h('dt', {}, name), h('dd', {}, String(value))])),
    h('h3', {}, t('journal.sent')),
    pretty(body, new Map(), t('journal.sent')),
    entry.cut ? null : button(t('journal.curl'), (event) => context.copy(command(), event.currentTarget), {class: 'quiet copy'}),
  ].filter(Boolean);
}

