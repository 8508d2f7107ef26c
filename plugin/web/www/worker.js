// The duet, in a thread of its own: it lets time pass, a little behind the clock, so that what the player does comes in at its time even
// if its message took a while. Answers are ahead of it: each goes out with the time at which it is to be heard.

import { begin } from './module.js';

/** How far the duet is behind the clock. */
const DELAY_MS = 15;
const STEP_MS = 5;
const SHOW_MS = 50;
/** The time that thinking may take between two looks at the clock. */
const THINK_MS = 4;
/** Between a press of Play and the first note. */
const LEAD_MS = 250;
/** Turns a channel into another. */
const ANOTHER_CHANNEL = 4;
/** A machine that is busy catches up; one that was behind for longer has slept. */
const MOST_BEHIND_SECONDS = 10;
const TICK_PARTS = 48 * 16;

let ask;
let table;
/** The time of sample 0. */
let began;
/** The sample up to which time has passed. */
let reached = 0;
/** What the player did, and what is to be done at a sample: [{at, message} or {at, run}], by their time. */
let coming = [];
/** Where notes sound. */
let sound;
let isThinking = false;
/** What was played since the last fresh start, for a link: samples since that, and messages; and the song then. */
let record = { from: 0, messages: [], song: null, isWhole: true };
let song = { isPlaying: false, tempo: 120, beats: 4, unit: 4 };
let click = { isOn: false, from: 0, next: 0 };
let shown = 0;

const clock = () => performance.timeOrigin + performance.now();
const sampleAt = (ms) => Math.round((ms - began) * table.rate / 1000);
const timeOf = (sample) => began + sample * 1000 / table.rate;

async function start({ compiled, weights, port }) {
  ask = await begin(compiled);
  table = ask({ ask: 'table' });
  const { model, styles, kernel } = ask({ ask: 'load' }, new Uint8Array(weights));
  began = clock();
  sound = port;
  setInterval(pass, STEP_MS);
  postMessage({ say: 'ready', params: table.params, model, styles, kernel });
}

function insert(event) {
  let place = coming.length;
  while (place > 0 && coming[place - 1].at > event.at) place -= 1;
  coming.splice(place, 0, event);
}

/** Lets time pass up to now, and shows what has become of it. */
function pass() {
  const now = clock();
  const target = sampleAt(now - DELAY_MS);
  // After the computer has slept, the duet does not play what was missed.
  if (target - reached > MOST_BEHIND_SECONDS * table.rate) began += timeOf(target) - timeOf(reached);
  while (reached < target) {
    while (coming.length && coming[0].run && coming[0].at <= reached) coming.shift().run();
    const stop = coming.find((event) => event.run)?.at ?? Infinity;
    const to = Math.min(target, stop, reached + table.block);
    const input = [];
    while (coming.length && coming[0].message && coming[0].at < to) {
      const { at, message } = coming.shift();
      input.push([at, message]);
    }
    const { now: next, output } = ask({ ask: 'advance', to, input });
    reached = next;
    for (const [at, message] of output) send(timeOf(at) + table.aheadMs, message, true);
  }
  think();
  clickAhead();
  if (now - shown >= SHOW_MS) {
    shown = now;
    const picture = ask({ ask: 'show', past: 40 * 48, future: 24 * 48 });
    postMessage({ say: 'show', at: timeOf(reached), partsPerMs: picture.tempo / 60000 * TICK_PARTS, ...picture });
  }
}

/** Thinks for a moment, and soon again if there is more to do; in between the player is heard. */
function think() {
  const until = performance.now() + THINK_MS;
  let isMore = true;
  while (isMore && performance.now() < until) isMore = ask({ ask: 'think' }).isMore;
  if (isMore && !isThinking) again.port2.postMessage(0);
  isThinking = isMore;
}

const again = new MessageChannel();
again.port1.onmessage = () => {
  isThinking = false;
  pass();
};

/** A message that is to be heard at a time. On the piano, answers are another hand's: a key that the player lets go ends none of them. */
function send(time, message, isAnswer) {
  sound.postMessage({ time, message: isAnswer ? [message[0] ^ ANOTHER_CHANNEL, message[1], message[2]] : message });
  postMessage({ say: 'output', time, message, isAnswer });
}

/** The metronome, a little ahead. */
function clickAhead() {
  if (!click.isOn || !song.isPlaying) return;
  const beat = 60 / song.tempo * 4 / song.unit * table.rate;
  for (;;) {
    const at = click.from + click.next * beat;
    if (timeOf(at) > clock() + 100) return;
    if (timeOf(at) > clock()) sound.postMessage({ time: timeOf(at), click: click.next % song.beats === 0 });
    click.next += 1;
  }
}

/** Begins anew, with a song that rolls or none. `changes` are its tempi and bars: samples, beats a minute, beats, unit. */
function beginAnew(at, isPlaying, changes) {
  const run = () => {
    ask({ ask: 'restart' });
    ask({ ask: 'roll', isPlaying: false });
    record = { from: at, messages: [], isWhole: true, song: isPlaying ? changes : null };
    song.isPlaying = isPlaying;
  };
  insert({ at, run });
  for (const [later, tempo, beats, unit] of changes) {
    insert({
      at: at + later,
      run: () => {
        Object.assign(song, { tempo, beats, unit });
        ask({ ask: 'song', tempo, beats, unit });
        if (later === 0) {
          ask({ ask: 'roll', isPlaying });
          Object.assign(click, { from: at, next: 0 });
          postMessage({ say: 'song', ...song, startedAt: timeOf(at) });
        }
      },
    });
  }
}

function hear(at, message) {
  insert({ at, message });
  if (record.messages.length < 4000) record.messages.push([Math.max(0, at - record.from), message]);
  else record.isWhole = false;
}

/** Plays music to Antiphon, from a fresh start. `song` is null where there is no beat. */
function play({ messages, song: changes }) {
  const at = sampleAt(clock() + LEAD_MS);
  coming = coming.filter((event) => event.run);
  beginAnew(at, Boolean(changes), changes ?? [[0, song.tempo, song.beats, song.unit]]);
  insert({ at, run: () => { record.messages = messages.map((timed) => [...timed]); } });
  for (const [later, message] of messages) {
    insert({ at: at + later, message });
    send(timeOf(at + later), message, false);
  }
  return { startedAt: timeOf(at) };
}

const verbs = {
  start,
  input: ({ time, message }) => { hear(sampleAt(time), message); },
  set: ({ id, value }) => ask({ ask: 'set', id, value }),
  open: ({ file }) => ask({ ask: 'open' }, new Uint8Array(file)),
  unload: () => ask({ ask: 'unload' }),
  take: ({ format }) => ask({ ask: 'take', format }),
  prove: ({ seed, nNotes }) => {
    const from = performance.now();
    const proof = ask({ ask: 'prove', seed, nNotes });
    return { ...proof, ms: performance.now() - from };
  },
  play,
  /** What was played since the last fresh start, and the length of a bar; none if the song's bars change. */
  record: () => ({ ...record, bar: (record.song ?? []).length > 1 ? null : 60 / song.tempo * 4 / song.unit * song.beats * table.rate }),
  click: ({ isOn }) => { click.isOn = isOn; },
  /** From a time on, or now. */
  song: ({ isPlaying, tempo, beats, unit, time = clock() }) => {
    beginAnew(sampleAt(time), isPlaying, [[0, tempo, beats, unit]]);
  },
  tempo: ({ tempo }) => {
    song.tempo = tempo;
    ask({ ask: 'song', tempo, beats: song.beats, unit: song.unit });
  },
  restart: () => beginAnew(sampleAt(clock()), song.isPlaying, [[0, song.tempo, song.beats, song.unit]]),
};

onmessage = async ({ data: { number, verb, ...words } }) => {
  try {
    const reply = await verbs[verb](words);
    if (number !== undefined) postMessage({ say: 'reply', number, reply });
  } catch (error) {
    postMessage({ say: 'reply', number, error: error.message });
  }
};
