// The page: what there is of a world, shown while it happens. This module joins the parts and decides when to ask.

import * as api from './api.js';
import * as clock from './clock.js';
import {byId, h, plain, say} from './dom.js';
import * as faults from './faults.js';
import * as jobs from './jobs.js';
import * as journal from './journal.js';
import * as send from './send.js';
import * as words from './words.js';

const {t} = words;
/** How long events gather before the page asks what they brought. */
const GATHER = 150;
/** How long, while so many come at once that reading them is work. */
const GATHER_MANY = 1_000;
const MANY = 200;
/** How often it asks how far running downloads are. */
const STEP = 700;
/** How often it asks for what no event tells of: a clock that a test moves by itself, a contract that was edited. */
const LOOK = 5_000;

let stream = null;
let state = 'wait';
/** Parts that are to be read anew. */
const due = new Set();
let gathering = null;
let wait = GATHER;
/** The contract in short, as it was described last. */
let described = '';

const PARTS = {
  contract: async () => {
    const contract = await api.ask('GET', 'contract');
    const text = JSON.stringify(contract);
    if (text === described) return;
    described = text;
    say(byId('contract'), `${contract.title} ${contract.version}`);
    for (const part of [jobs, faults, send]) part.describe(contract);
  },
  worlds: drawWorlds,
  clock: clock.load,
  journal: () => readJournal(false),
  everything: () => readJournal(true),
  jobs: jobs.load,
  faults: faults.load,
};

async function readJournal(anew) {
  const fresh = await journal.load(anew);
  wait = fresh.length > MANY && !anew ? GATHER_MANY : GATHER;
  if (anew) jobs.unlearn();
  jobs.learn(fresh);
  jobs.draw();
}

/** Reads parts of the world anew, soon, and each once however often it is asked for. */
function want(...parts) {
  for (const part of parts) due.add(part);
  gathering ??= setTimeout(gather, wait);
}

async function gather() {
  // In the order of the parts: what is known of the contract tells how to read the journal.
  const parts = Object.keys(PARTS).filter((part) => due.has(part));
  due.clear();
  for (const part of parts) {
    try {
      await PARTS[part]();
    } catch {
      // The stream tells that the connection is lost, and everything is read anew once it is back.
    }
  }
  gathering = due.size ? setTimeout(gather, wait) : null;
}

const EVENTS = {
  job: ['jobs', 'worlds'],
  exchange: ['journal'],
  callback: ['journal'],
  fault: ['faults'],
  faults: ['faults'],
  journal: ['everything'],
  reset: ['everything', 'jobs', 'faults', 'clock', 'worlds'],
  lagged: ['everything', 'jobs', 'faults', 'clock'],
};

function event(name, data) {
  if (name === 'clock') {
    clock.take(data);
    want('jobs');
  }
  if (name === 'exchange' && data?.number === null) journal.notKept();
  want(...(EVENTS[name] ?? []));
}

function up() {
  show('live');
  want(...Object.keys(PARTS).filter((part) => part !== 'journal'));
}

function down(why) {
  show('lost', why);
}

function show(now, why = '') {
  state = now;
  const link = byId('link');
  link.dataset.state = now;
  say(link, t(`link.${now}`));
  const lost = byId('lost');
  lost.hidden = now !== 'lost';
  document.body.classList.toggle('stale', now === 'lost');
  if (lost.hidden || lost.dataset.why === why + words.code()) return;
  lost.dataset.why = why + words.code();
  lost.replaceChildren(
    h('p', {}, t('lost.text'), ' ', why),
    h('button', {type: 'button', onclick: () => stream?.now()}, t('lost.now')),
  );
}

function listen() {
  stream?.stop();
  show('wait');
  stream = api.listen({up, down, event});
}

/** Does something that somebody asked for; what goes wrong is told. */
async function act(what) {
  try {
    await what();
    byId('notice').hidden = true;
  } catch (error) {
    notify(t('error.title'), error instanceof api.Refused ? error.lines : [error.message]);
  }
}

function notify(title, lines) {
  const notice = byId('notice');
  notice.hidden = false;
  notice.replaceChildren(
    h('div', {}, h('p.big', {}, title), ...lines.map((line) => h('p', {}, line))),
    h('button', {type: 'button', class: 'quiet', onclick: () => (notice.hidden = true)}, t('close')),
  );
}

/** Copies, or where a page may not, shows what to copy. */
async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t('journal.copied');
    setTimeout(() => (button.textContent = before), 1500);
  } catch {
    notify(t('copy.by-hand'), []);
    const area = h('textarea', {rows: '6', readOnly: true, 'aria-label': t('journal.curl')});
    area.value = text;
    byId('notice').firstElementChild.append(area);
    area.select();
  }
}

// Worlds

async function drawWorlds() {
  const {worlds} = await api.ask('GET', 'worlds');
  const here = api.theWorld();
  if (!worlds.some((world) => world.name === here)) worlds.push({name: here, jobs: 0});
  const option = ({name, jobs: count}) => {
    const text = t('world.jobs', {name: name === '' ? t('world.default') : plain(name), jobs: count});
    // What is no UTF-8 came mended, and would name another world.
    return h('option', {value: `=${name}`, selected: name === here, disabled: name.includes('\ufffd')}, text);
  };
  const select = byId('world');
  // Whoever is choosing must not lose the place.
  if (document.activeElement === select && [...select.options].some((o) => o.value === `=${here}`)) return;
  select.replaceChildren(...worlds.map(option), h('option', {value: '+'}, t('world.other')));
}

function enter(name) {
  api.enter(name);
  const address = new URL(location.href);
  if (name) address.searchParams.set('world', name);
  else address.searchParams.delete('world');
  history.replaceState(null, '', address);
  jobs.first();
  send.clear();
  listen();
}

function wireWorlds() {
  const form = byId('world-form');
  byId('world').addEventListener('change', (change) => {
    const value = change.target.value;
    form.hidden = value !== '+';
    if (value === '+') byId('world-name').focus();
    else enter(value.slice(1));
  });
  form.addEventListener('submit', (submit) => {
    submit.preventDefault();
    form.hidden = true;
    enter(byId('world-name').value.trim());
    byId('world').focus();
  });
}

// Tools

function wireTools() {
  byId('save').addEventListener('click', () =>
    act(async () => {
      const snapshot = await api.ask('GET', 'snapshot?journal=true');
      const blob = new Blob([JSON.stringify(snapshot)], {type: 'application/json'});
      const link = h('a', {href: URL.createObjectURL(blob), download: 'smsload-snapshot.json'});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }),
  );
  const file = byId('load-file');
  byId('load').addEventListener('click', () => file.click());
  file.addEventListener('change', () =>
    act(async () => {
      const text = await file.files[0]?.text();
      file.value = '';
      if (text === undefined) return;
      let snapshot;
      try {
        snapshot = JSON.parse(text);
      } catch {
        throw new Error(t('error.snapshot'));
      }
      await api.ask('PUT', 'snapshot', snapshot);
    }),
  );
  const dialog = byId('ask');
  byId('reset').addEventListener('click', () => {
    dialog.returnValue = '';
    dialog.showModal();
  });
  dialog.addEventListener('close', () => dialog.returnValue === 'yes' && act(() => api.ask('POST', 'reset')));
}

// Language

function redraw() {
  words.write(document);
  say(byId('link'), t(`link.${state}`));
  if (state === 'lost') show('lost', t('error.unreachable'));
  for (const part of [jobs, journal, faults, send]) part.redraw();
  clock.draw();
  want('worlds');
}

words.settle();
words.write(document);
byId('language').addEventListener('click', () => {
  words.switchLanguage();
  redraw();
});
const tenant = () => (api.theWorld() ? [`tenant-id: ${api.theWorld()}`] : []);
const context = {act, copy, tenant, start: () => act(send.start)};
for (const part of [jobs, journal, faults, send]) part.wire(context);
clock.wire(act);
wireWorlds();
wireTools();
setInterval(clock.tick, 250);
setInterval(() => state === 'live' && jobs.isMoving() && want('jobs'), STEP);
setInterval(() => state === 'live' && want('contract', 'worlds', 'clock', 'jobs'), LOOK);
// A browser holds few connections to one host: a page that nobody sees needs none.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) return listen();
  stream?.stop();
  state = 'wait';
});
api.enter(new URLSearchParams(location.search).get('world') ?? '');
listen();
