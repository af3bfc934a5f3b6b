// A request to the mocked API, as a client would send it: the example of the contract, to be changed at will.

import {send} from './api.js';
import {curl} from './curl.js';
import {byId, h, plain} from './dom.js';
import {pretty} from './json.js';
import {t} from './words.js';

let operations = [];
let context = {};
let result = null;

export function wire(given) {
  context = given;
  byId('send-operation').addEventListener('change', () => {
    drawExamples();
    fill();
  });
  byId('send-example').addEventListener('change', fill);
  byId('send-form').addEventListener('submit', (event) => {
    event.preventDefault();
    context.act(go);
  });
  byId('send-curl').addEventListener('click', (event) => {
    const {method, path} = chosen();
    const body = written();
    const headers = body === null ? [] : ['content-type: application/json', ...context.tenant()];
    context.copy(curl({method, path, headers, body: body ?? ''}), event.currentTarget);
  });
}

export function describe(contract) {
  // An address with a parameter in its path has no example of it.
  operations = contract.operations.filter((o) => !o.path.includes('{'));
  operations.sort((a, b) => Number(Boolean(b.job?.starts)) - Number(Boolean(a.job?.starts)));
  byId('send').hidden = operations.length === 0;
  const isFirst = byId('send-body').value === '';
  const before = byId('send-operation').value;
  byId('send-operation').replaceChildren(...operations.map((o) => h('option', {value: o.id}, plain(o.id))));
  if (operations.some((o) => o.id === before)) byId('send-operation').value = before;
  drawExamples();
  if (isFirst) fill();
}

const chosen = () => operations.find((o) => o.id === byId('send-operation').value) ?? operations[0];

export function redraw() {
  drawResult();
}

/** Forgets what was answered: in another world. */
export function clear() {
  result = null;
  drawResult();
}

function drawExamples() {
  const select = byId('send-example');
  const before = select.value;
  const {examples} = chosen();
  select.replaceChildren(...examples.map(({name}, n) => h('option', {value: String(n)}, plain(name))));
  if (Number(before) < examples.length) select.value = before || '0';
}

function fill() {
  const example = chosen()?.examples[Number(byId('send-example').value)];
  byId('send-body').value = example === undefined ? '' : JSON.stringify(example.value, null, 2);
}

/** Sends the first example of the operation that starts a download, wherever the form stands. */
export async function start() {
  byId('send-operation').value = operations[0].id;
  drawExamples();
  byId('send-example').value = '0';
  fill();
  await go();
}

function written() {
  const {method} = chosen();
  const body = byId('send-body').value;
  return method === 'GET' || method === 'HEAD' || body === '' ? null : body;
}

async function go() {
  const {method, path} = chosen();
  result = await send(method, path, written());
  drawResult();
}

function drawResult() {
  if (!result) return byId('send-result').replaceChildren();
  const {status, text, took} = result;
  byId('send-result').replaceChildren(
    h('p.note', {}, t('send.took', {status, ms: Math.round(took)})),
    text ? pretty({text, length: text.length, cut: false}, new Map(), t('journal.answer')) : '',
  );
}
