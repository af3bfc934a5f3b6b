// Asking the control interface, and listening to its events. Every address is relative to this page, so that it works
// below a proxy's path too.

import {t} from './words.js';

const CONTROL = new URL('../', import.meta.url);
export const ROOT = new URL('../', CONTROL);
/** How long the stream may be silent: the mock sends a comment every 15 s. */
const SILENCE = 40_000;
const RETRY_AT_FIRST = 300;
const RETRY_AT_LAST = 5_000;

let world = '';

export const theWorld = () => world;
export function enter(name) {
  world = name;
}

/** A header can carry bytes only: the name's UTF-8, each byte as a character. */
function tenant() {
  if (world === '') return {};
  const bytes = new TextEncoder().encode(world);
  return {'tenant-id': Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')};
}

/** What the mock refuses, with the members at fault. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `HTTP ${status}`);
    this.status = status;
    this.faults = Array.isArray(problem?.faults) ? problem.faults : [];
  }

  get lines() {
    return this.faults.length ? this.faults.map((fault) => fault.message) : [this.message];
  }
}

/** Asks the control interface; gives the JSON of the answer. */
export async function ask(method, path, body) {
  const headers = tenant();
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await reach(new URL(path, CONTROL), {
    method,
    headers,
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    cache: 'no-store',
  });
  const text = await answer.text();
  const json = text === '' ? null : parsed(text);
  if (!answer.ok) throw new Refused(answer.status, json);
  return json;
}

/** Asks for one thing again and again; gives nothing if its answer is overtaken by a later one or by another world. */
export function asker() {
  let turn = 0;
  return async (path) => {
    turn += 1;
    const [mine, here] = [turn, world];
    const answer = await ask('GET', path);
    return mine === turn && here === world ? answer : null;
  };
}

/** Sends a request to the mocked API, as a client would. */
export async function send(method, path, body) {
  const started = performance.now();
  const answer = await reach(new URL(path.replace(/^\//, ''), ROOT), {
    method,
    headers: {...tenant(), ...(body === null ? {} : {'content-type': 'application/json'})},
    body: body ?? undefined,
    cache: 'no-store',
  });
  const text = await answer.text();
  return {status: answer.status, text, took: performance.now() - started};
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error(t('error.unreachable'));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Listens until it is stopped, and comes back after every loss. `up` means: read everything anew. */
export function listen({up, down, event}) {
  let stopped = false;
  let wake = () => {};
  let current = null;
  const run = async () => {
    let wait = RETRY_AT_FIRST;
    while (!stopped) {
      current = new AbortController();
      let why = t('error.unreachable');
      try {
        await stream(current, (name, data) => {
          if (stopped) return;
          if (name === 'hello') {
            wait = RETRY_AT_FIRST;
            up();
          } else event(name, data);
        });
      } catch (error) {
        if (error instanceof Refused) why = error.message;
      }
      if (stopped) return;
      down(why);
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, wait);
      });
      wait = Math.min(wait * 1.6, RETRY_AT_LAST);
    }
  };
  run();
  return {
    stop() {
      stopped = true;
      current?.abort();
      wake();
    },
    now: () => wake(),
  };
}

async function stream(control, tell) {
  const answer = await fetch(new URL('events', CONTROL), {
    headers: tenant(),
    cache: 'no-store',
    signal: control.signal,
  });
  if (!answer.ok) throw new Refused(answer.status, parsed(await answer.text()));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const watch = setTimeout(() => control.abort(), SILENCE);
    const {done, value} = await reader.read().finally(() => clearTimeout(watch));
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const found = /^event: (.*)\ndata: (.*)$/.exec(block);
      if (found) tell(found[1], parsed(found[2]));
    }
  }
}
