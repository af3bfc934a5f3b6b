// Faults: what there are, and a form for one more.

import {ask, asker} from './api.js';
import {button, byId, h, forget, keyed, plain, say} from './dom.js';
import {t} from './words.js';

/** The actions, what each is given, and whom it can meet. */
const ACTIONS = {
  error: {of: ['request'], argument: 'errorname'},
  status: {of: ['request'], argument: 'status', value: 503, min: 200, max: 599},
  delay_ms: {of: ['request', 'callback'], argument: 'ms', value: 2000, min: 1, max: 86_400_000},
  reset: {of: ['request']},
  hang: {of: ['request']},
  garbage: {of: ['request', 'callback']},
  cut_body_at: {of: ['request'], argument: 'bytes', value: 20, min: 0, max: 1_073_741_824},
  duplicate: {of: ['callback']},
  drop: {of: ['callback']},
  out_of_order: {of: ['callback']},
};
const CALLBACKS = '/callbacks';
/** The error that is offered first, where the contract has it. */
const USUAL = 'overload';

let faults = null;
let contract = {operations: [], errors: []};
let act = () => {};

export function wire(context) {
  act = context.act;
  byId('faults-clear').addEventListener('click', () => act(() => ask('DELETE', 'faults')));
  for (const id of ['fault-on', 'fault-action', 'fault-when']) byId(id).addEventListener('change', drawForm);
  byId('fault-form').addEventListener('submit', (event) => {
    event.preventDefault();
    act(add);
  });
}

export function describe(given) {
  contract = given;
  redraw();
}

const read = asker();

export async function load() {
  const listed = await read('faults');
  if (!listed) return;
  faults = listed.faults;
  draw();
}

export function redraw() {
  forget(byId('fault-list'));
  const chosen = {on: byId('fault-on').value, when: byId('fault-when').value};
  const on = contract.operations.map((o) => [o.id, plain(o.id)]);
  options('fault-on', [['', t('fault.any')], ...on, [CALLBACKS, t('fault.callbacks')]], chosen.on);
  options('fault-when', ['always', 'nth', 'every', 'times'].map((name) => [name, t(`fault.${name}`)]), chosen.when);
  drawForm();
  draw();
}

function options(id, pairs, chosen) {
  const select = byId(id);
  select.replaceChildren(...pairs.map(([value, text]) => h('option', {value}, text)));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}

const whom = () => (byId('fault-on').value === CALLBACKS ? 'callback' : 'request');

function drawForm() {
  const able = Object.keys(ACTIONS).filter((name) => ACTIONS[name].of.includes(whom()));
  options('fault-action', able.map((name) => [name, t(`fault.${name}`)]), byId('fault-action').value);
  const name = byId('fault-action').value;
  const {argument, value, min, max} = ACTIONS[name];
  const label = byId('fault-argument');
  label.hidden = !argument;
  if (label.dataset.of !== name) {
    label.dataset.of = name;
    label.replaceChildren(
      h('span'),
      argument === 'errorname'
        ? h('select', {name: 'argument'}, contract.errors.map((e) => h('option', {value: e.name, selected: e.name === USUAL}, `${e.name} · ${e.code}`)))
        : h('input', {name: 'argument', type: 'number', step: 1, min: String(min), max: String(max), value: String(value ?? 1), required: Boolean(argument)}),
    );
  }
  label.firstElementChild.textContent = argument ? t(`fault.${argument}`) : '';
  byId('fault-number').hidden = byId('fault-when').value === 'always';
  for (const field of document.querySelectorAll('#fault-form [data-of="request"]')) field.hidden = whom() !== 'request';
  const operation = contract.operations.find((o) => o.id === byId('fault-on').value);
  const names = new Set((operation?.examples ?? []).flatMap(({value}) => (value !== null && typeof value === 'object' ? Object.keys(value) : [])));
  byId('fault-members').replaceChildren(...[...names].map((value) => h('option', {value})));
}

async function add() {
  const form = byId('fault-form').elements;
  const on = byId('fault-on').value;
  const match = {};
  if (on === CALLBACKS) match.callback = {};
  else if (on) match.operation = on;
  if (whom() === 'request' && form.member.value) match.members = {[form.member.value]: form.value.value};
  const when = byId('fault-when').value;
  if (when !== 'always') match[when] = form.number.valueAsNumber;
  const name = byId('fault-action').value;
  const {argument} = ACTIONS[name];
  const value = argument === 'errorname' ? form.argument.value : argument ? form.argument.valueAsNumber : true;
  await ask('POST', 'faults', {match, action: {[name]: value}});
  await load();
}

export function draw() {
  if (!faults) return;
  byId('faults-empty').hidden = faults.length > 0;
  byId('faults-clear').hidden = faults.length === 0;
  // A number alone may be another rule's by now: the mock was started again, or a snapshot restored.
  const key = ({id, match, action}) => JSON.stringify([id, match, action]);
  keyed(byId('fault-list'), faults, key, (fault) => {
    const hits = h('span.note');
    const remove = button(t('faults.remove'), () => act(async () => (await ask('DELETE', `faults/${fault.id}`), load())), {
      class: 'quiet',
      'aria-label': t('faults.remove.label', {id: fault.id}),
    });
    const said = h('span.title', {}, h('strong', {}, action(fault.action)), ' ', h('span', {}, matching(fault.match)));
    return {
      element: h('li.fault', {'data-id': String(fault.id)}, h('div.line', {}, said, hits, remove)),
      update(now) {
        say(hits, t('faults.hits', now));
        hits.classList.toggle('wrong', now.hits > 0);
      },
    };
  });
}

function action(action) {
  return Object.entries(action)
    .map(([name, value]) => (value === true ? t(`fault.${name}`) : `${name in ACTIONS ? t(`fault.${name}`) : name} ${JSON.stringify(value)}`))
    .join(', ');
}

function matching({operation, method, path, members, callback, nth, every, times}) {
  const parts = [];
  if (callback) parts.push(t('said.callbacks'), Object.keys(callback).length ? JSON.stringify(callback) : '');
  parts.push(operation ?? '', method ?? '', path ?? '');
  if (members) parts.push(t('said.with', {members: JSON.stringify(members)}));
  for (const [name, n] of Object.entries({nth, every, times})) if (n) parts.push(t(`said.${name}`, {n}));
  return parts.filter(Boolean).join(' · ') || t('said.all');
}
