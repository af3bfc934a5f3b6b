// Downloads: what the control interface lists, with what the journal knows of their requests and callbacks.

import {ask, asker} from './api.js';
import * as clock from './clock.js';
import {button, byId, forget, h, keyed, plain, say} from './dom.js';
import {bytes, clockTime, span, t} from './words.js';

const STATES = ['waiting', 'running', 'stalled', 'failed', 'finished'];
/** Rows on one page. */
const LIMIT = 50;
/** What is remembered of requests and callbacks; the journal itself keeps no more by default. */
const REMEMBERED = 2000;
/** Attempts to call back that are remembered of one job. */
const ATTEMPTS = 500;

let jobs = [];
let counts = null;
let filter = null;
let before = null;
/** The members that name device, channel, start and end, by the kind of operation. */
let members = {};
let act = () => {};
let start = () => {};
/** Requests by the id of the job that they started. */
const requests = new Map();
/** Attempts to call back by the id of their job. */
const calls = new Map();

export function wire(context) {
  act = context.act;
  start = context.start;
}

export function describe(contract) {
  members = {};
  for (const operation of contract.operations) {
    if (operation.job?.starts) members[operation.id] = operation.job.members;
  }
}

export const isMoving = () => clock.runs() && jobs.some((job) => job.state === 'running');

const read = asker();

export async function load() {
  const query = new URLSearchParams({latest: 'true', counts: 'true', limit: String(LIMIT)});
  if (filter) query.set('state', filter);
  if (before !== null) query.set('before', String(before));
  const listed = await read(`jobs?${query}`);
  if (!listed) return;
  jobs = listed.jobs.reverse();
  counts = listed.counts;
  draw();
}

/** What entries of the journal say of jobs. */
export function learn(entries) {
  for (const entry of entries) {
    if (entry.kind === 'callback') remember(calls, entry.job, [...(calls.get(entry.job) ?? []), entry].slice(-ATTEMPTS));
    else if (entry.outcome === 'started') recall(entry);
  }
}

export function unlearn() {
  requests.clear();
  calls.clear();
}

/** Back to the newest jobs in all states: of another world. */
export function first() {
  filter = null;
  before = null;
}

function remember(map, id, value) {
  map.delete(id);
  map.set(id, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value);
}

function recall(entry) {
  const names = members[entry.operation];
  if (!names) return;
  try {
    const asked = JSON.parse(entry.body.text);
    const known = {};
    for (const [what, name] of Object.entries(names)) known[what] = name === null ? null : asked[name];
    for (const text of texts(JSON.parse(entry.answer.text), 4)) remember(requests, text, known);
  } catch {
    // A body that was cut says nothing.
  }
}

/** All texts in an answer: one of them is the id of the job. */
function texts(value, depth) {
  if (typeof value === 'string') return value.length > 8 ? [value] : [];
  if (depth === 0 || value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((child) => texts(child, depth - 1));
}

export function redraw() {
  forget(byId('job-list'));
  draw();
}

export function draw() {
  drawStates();
  keyed(byId('job-list'), jobs, (job) => job.id, row);
  drawEmpty();
  drawPages();
}

function drawStates() {
  const all = counts ? STATES.reduce((sum, state) => sum + counts[state], 0) : 0;
  const chips = [{state: null, count: all}, ...STATES.map((state) => ({state, count: counts?.[state] ?? 0}))];
  keyed(byId('states'), chips, (chip) => chip.state ?? 'all', (chip) => {
    const count = h('span.count');
    const name = h('span');
    const element = button('', () => choose(chip.state), {class: 'chip', 'data-state': chip.state ?? 'all'});
    element.append(name, ' ', count);
    return {
      element,
      update({state, count: n}) {
        say(name, t(`state.${state ?? 'all'}`));
        say(count, String(n));
        element.classList.toggle('none', n === 0);
        element.setAttribute('aria-pressed', String(filter === state));
      },
    };
  });
}

function choose(state) {
  filter = state;
  before = null;
  act(load);
}

function drawEmpty() {
  const box = byId('jobs-empty');
  box.hidden = jobs.length > 0 || counts === null;
  if (box.hidden) return;
  const isNone = filter === null && before === null;
  box.replaceChildren(
    ...(isNone
      ? [
          h('p.big', {}, t('jobs.empty')),
          h('p', {}, t('jobs.empty.text')),
          button(t('jobs.empty.start'), start, {class: 'main', id: 'start-example'}),
        ]
      : [h('p', {}, t('jobs.none'))]),
  );
}

function drawPages() {
  const box = byId('jobs-pages');
  const isFull = jobs.length >= LIMIT && jobs.at(-1).number > 0;
  box.hidden = !isFull && before === null;
  const turn = (to) => {
    before = to;
    act(load);
  };
  box.replaceChildren(
    button(t('jobs.newer'), () => turn(null), {disabled: before === null}),
    button(t('jobs.older'), () => turn(jobs.at(-1).number), {disabled: !isFull}),
  );
}

function row(job) {
  const part = {
    state: h('span.state'),
    name: h('span.name'),
    window: h('span.window'),
    percent: h('span.percent'),
    bar: h('progress', {max: 100, 'aria-label': t('job.progress', {id: plain(job.id)})}),
    size: h('span.size'),
    ends: h('span.ends'),
    file: h('span.file'),
    calls: h('span.calls'),
    more: h('div.more'),
  };
  const button_ = (what) =>
    button(t(`job.${what}`), () => act(() => change(job.id, what)), {
      'data-do': what,
      'aria-label': t('job.do', {what: t(`job.${what}`), id: plain(job.id)}),
    });
  const buttons = Object.fromEntries(['stall', 'resume', 'fail', 'finish', 'delete'].map((what) => [what, button_(what)]));
  const details = h('details', {}, h('summary', {}, t('job.more')), part.more);
  details.addEventListener('toggle', () => details.open && drawMore(part.more, element.job));
  const element = h(
    'li.job',
    {},
    h('div.line', {}, part.state, h('span.title', {}, part.name, part.window), part.percent),
    part.bar,
    h('div.line.small', {}, part.size, part.ends, part.file, part.calls),
    h('div.line', {}, details, h('div.buttons', {}, Object.values(buttons))),
  );
  const update = (now) => {
    element.job = now;
    element.dataset.state = now.state;
    update_(part, now);
    buttons.stall.hidden = now.state !== 'running';
    buttons.resume.hidden = !['waiting', 'stalled'].includes(now.state);
    buttons.fail.hidden = buttons.finish.hidden = ['failed', 'finished'].includes(now.state);
    if (details.open) drawMore(part.more, now);
  };
  return {element, update};
}

async function change(id, what) {
  const path = `jobs/${encodeURIComponent(id)}`;
  await (what === 'delete' ? ask('DELETE', path) : ask('POST', `${path}/${what}`));
  await load();
}

function update_(part, job) {
  const known = requests.get(job.id);
  say(part.state, t(`state.${job.state}`));
  say(part.name, known?.device && known?.channel ? `${known.device} · ${known.channel}` : job.id);
  say(part.window, known?.start && known?.end ? range(String(known.start), String(known.end)) : '');
  say(part.percent, `${job.percent}%`);
  part.bar.value = job.percent;
  say(part.size, t('job.size', {done: bytes(job.done), bytes: bytes(job.bytes)}));
  say(part.ends, remaining(job));
  drawFile(part.file, job);
  drawCalls(part.calls, calls.get(job.id) ?? []);
}

/** A window, its day only once if both ends are on it. */
function range(start, end) {
  const [day, time] = start.split('T');
  const short = time && end.startsWith(`${day}T`) ? end.slice(day.length + 1) : end.replace('T', ' ');
  return t('job.window', {start: `${day} ${time ?? ''}`.trim(), end: short});
}

function remaining(job) {
  if (job.state === 'finished' || job.state === 'failed') return t('job.length', {seconds: span(job.seconds)});
  const now = clock.micros();
  if (job.ends === null || now === null) return t('job.endless');
  return t('job.ends', {time: span((job.ends - now) / 1e6)});
}

function drawFile(box, job) {
  const said = job.file ?? (job.state === 'failed' ? t('job.filefailed') : t('job.nofile'));
  if (box.dataset.file === said) return;
  box.dataset.file = said;
  const isLink = job.file && /^(https?:|\/)/.test(job.file);
  box.replaceChildren(isLink ? h('a', {href: job.file, target: '_blank', rel: 'noreferrer'}, t('job.file')) : h('span', {}, said));
}

const isBad = (call) => call.then !== 'acknowledged' && call.then !== 'held';

function drawCalls(box, list) {
  const key = `${list.length}/${list.at(-1)?.number ?? 0}`;
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const bad = list.filter(isBad).length;
  const ok = list.filter((call) => call.then === 'acknowledged').length;
  box.replaceChildren(
    ...(list.length ? [h('span', {}, t('job.calls', {ok}))] : []),
    ...(bad ? [h('span.wrong', {}, t('job.calls.bad', {bad}))] : []),
  );
}

function drawMore(box, job) {
  const list = calls.get(job.id) ?? [];
  const key = `${job.course}/${list.length}/${list.at(-1)?.number}/${job.state}`;
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const facts = [
    [t('job.id'), job.id],
    [t('job.course'), job.course],
    [t('job.started'), clockTime(clock.wall(job.started)).join(' ')],
  ];
  box.replaceChildren(
    h('dl', {}, facts.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    list.length ? attempts(list.slice(-50)) : h('p.note', {}, t('job.calls.none')),
  );
}

function attempts(list) {
  return h(
    'ul.scroll',
    {tabindex: '0', 'aria-label': t('journal.callbacks')},
    list.toReversed().map((call) => h('li.call', {}, attempt(call))),
  );
}

function attempt(call) {
  const message = t(call.end ? 'call.which.last' : 'call.which', {delivery: call.delivery, attempt: call.attempt});
  const result = [call.status ?? call.error ?? '', t(`then.${call.then}`), call.fault ?? ''].filter(Boolean).join(' · ');
  return [
    h('span', {}, clockTime(clock.wall(call.micros))[1]),
    h('span', {}, message),
    h(isBad(call) ? 'span.wrong' : 'span', {}, result),
    h('code', {}, call.body),
  ];
}
