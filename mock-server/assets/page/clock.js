// The clock of the world: what it shows, and what moves it.

import {ask, asker} from './api.js';
import {byId, say} from './dom.js';
import {clockTime, t} from './words.js';

let reading = null;
let readAt = 0;

/** Microseconds of mock time now; nothing before the first answer. */
export function micros() {
  if (!reading) return null;
  const passed = reading.paused ? 0 : (performance.now() - readAt) * 1000 * reading.speed;
  return reading.micros + passed;
}

/** The wall time, in milliseconds, that belongs to a moment of mock time. */
export function wall(moment) {
  if (!reading) return Number.NaN;
  return Date.parse(reading.time) + (moment - reading.micros) / 1000;
}

export const runs = () => reading !== null && !reading.paused;

const read = asker();

export async function load() {
  const shown = await read('clock');
  if (shown) take(shown);
}

export function take(shown) {
  reading = shown;
  readAt = performance.now();
  draw();
}

export function draw() {
  if (!reading) return;
  const pause = byId('pause');
  say(pause, t(reading.paused ? 'clock.resume' : 'clock.pause'));
  byId('clock').classList.toggle('paused', reading.paused);
  if (document.activeElement !== byId('speed')) byId('speed').value = reading.speed;
  tick();
}

/** Shows the time that it is by now. */
export function tick() {
  if (!reading) return;
  const [day, time] = clockTime(wall(micros()));
  const stands = reading.paused ? ` · ${t('clock.paused')}` : '';
  say(byId('now'), `${day} ${time}`);
  say(byId('zone'), t('clock.zone') + stands);
}

/** Wires the buttons; `act` shows what goes wrong. */
export function wire(act) {
  byId('pause').addEventListener('click', () =>
    act(async () => take(await ask('PUT', 'clock', {paused: !reading?.paused}))),
  );
  byId('speed').addEventListener('change', (event) => {
    const speed = event.target.valueAsNumber;
    if (speed > 0) act(async () => take(await ask('PUT', 'clock', {speed})));
    else draw();
  });
  const advance = (seconds) => act(async () => take(await ask('POST', 'clock/advance', {seconds})));
  for (const button of document.querySelectorAll('[data-advance]')) {
    button.addEventListener('click', () => advance(Number(button.dataset.advance)));
  }
  byId('advance').addEventListener('submit', (event) => {
    event.preventDefault();
    advance(event.target.elements.seconds.valueAsNumber);
  });
}
