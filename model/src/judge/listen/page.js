'use strict';
// Three sections, of which one is shown: what it is about, a pair, the end. `state` is all that is kept of a listener.

const data = JSON.parse(document.getElementById('data').textContent);
const SCALES = [
  ['coherence', 'Coherence: does it hang together?'],
  ['originality', 'Originality: does it have an idea of its own?'],
  ['answers', 'Does it answer the call?'],
];
const SIDES = ['a', 'b'];
const by = (id) => document.getElementById(id);
const total = data.trials.length;

// ---- What is kept, in this browser only, where it allows that.

const STORE = `antiphon-listening-${data.page}`;
const randomHex = (n) => Array.from(crypto.getRandomValues(new Uint8Array(n)), (byte) => byte.toString(16).padStart(2, '0')).join('');
let isKept = true;
const state = restore();

function restore() {
  // Each listener begins elsewhere and goes round, so that no pair is always heard with fresh ears.
  const fresh = { listener: randomHex(8), first: crypto.getRandomValues(new Uint32Array(1))[0] % total, years: '', sound: '', answers: {} };
  try {
    return { ...fresh, ...JSON.parse(localStorage.getItem(STORE) ?? '{}') };
  } catch {
    return fresh;
  }
}

function keep() {
  try {
    localStorage.setItem(STORE, JSON.stringify(state));
  } catch {
    isKept = false;
  }
}

addEventListener('beforeunload', (event) => {
  if (!isKept && Object.keys(state.answers).length > 0) event.preventDefault();
});

/** What a listener hands on. */
function result() {
  const { listener, years, sound, answers } = state;
  const trials = data.trials.filter(({ name }) => answers[name]).map(({ name }) => ({ name, ...answers[name] }));
  return JSON.stringify({ format: data.format, page: data.page, listener, years, sound, trials }, null, 1);
}

// ---- Sound.

let context = null;
let playing = null;
const decoded = new Map();

function decode(place) {
  if (!decoded.has(place)) {
    const bytes = Uint8Array.from(atob(data.sounds[place]), (letter) => letter.charCodeAt(0));
    decoded.set(place, context.decodeAudioData(bytes.buffer));
  }
  return decoded.get(place);
}

/** Plays sounds at seconds from now, of a side of the pair. `on` is told where it is (`moved`), that all was heard (`heard`), and that it is over (`over`). */
async function play(sounds, on, side = null) {
  stop();
  const run = { sources: [], on, side, at: 0 };
  playing = run;
  try {
    context ??= new (window.AudioContext ?? window.webkitAudioContext)();
    context.resume();
    const buffers = await Promise.all(sounds.map(([place]) => decode(place)));
    if (playing !== run) return;
    run.at = context.currentTime + 0.1;
    run.sources = buffers.map((buffer, i) => {
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      source.start(run.at + sounds[i][1]);
      return source;
    });
    run.sources.at(-1).onended = () => {
      run.on.heard();
      stop();
    };
    const begun = context.currentTime;
    setTimeout(() => {
      if (playing === run && context.currentTime === begun) on.failed('No sound comes out. Is a loudspeaker or headphone connected?');
    }, 3000);
    requestAnimationFrame(function draw() {
      if (playing !== run) return;
      on.moved(Math.max(0, context.currentTime - run.at));
      requestAnimationFrame(draw);
    });
  } catch (error) {
    stop();
    on.failed(`This browser cannot play the sound (${error.message}). Please try another one.`);
  }
}

function stop() {
  const run = playing;
  playing = null;
  if (!run) return;
  for (const source of run.sources) {
    source.onended = null;
    source.stop();
  }
  run.on.over();
}

// ---- A pair.

let trial = null;
let shown = 0;
let heard = {};
let plays = {};

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const letter = (side) => side.toUpperCase();

function player(side) {
  const button = make('button', { type: 'button', id: `play-${side}` }, `Play ${letter(side)}`);
  button.onclick = () => toggle(side);
  const callShare = `${(100 * trial.answer_at) / trial.seconds}%`;
  const [call, name] = [make('i', { className: 'call' }), make('span', {}, 'call')];
  call.style.width = name.style.width = callShare;
  const bar = make('div', { className: 'bar' }, call, make('i', { className: 'answer' }), make('b', { hidden: true }));
  const names = make('div', { className: 'names' }, name, make('span', {}, `answer ${letter(side)}`));
  bar.ariaHidden = names.ariaHidden = 'true';
  return make('div', { className: 'player', id: `player-${side}` }, button, bar, names);
}

function toggle(side) {
  if (playing?.side === side) return stop();
  const [button, marker] = [by(`play-${side}`), by(`player-${side}`).querySelector('b')];
  const isNow = trial;
  const on = {
    moved: (seconds) => {
      marker.hidden = false;
      marker.style.left = `${Math.min(100, (100 * seconds) / isNow.seconds)}%`;
      say(`${letter(side)}: ${seconds < isNow.answer_at ? 'the call' : 'the answer'}`);
    },
    heard: () => {
      heard[side] = true;
      by(`player-${side}`).classList.add('heard');
    },
    over: () => {
      button.textContent = `Play ${letter(side)}`;
      marker.hidden = true;
      if (trial === isNow) guide();
    },
    failed: say,
  };
  plays[side] += 1;
  button.textContent = `Stop ${letter(side)}`;
  play([[trial.call, 0], [trial[side], trial.answer_at]], on, side);
}

/** Something to choose from: [value, words] each. */
function choices(name, legend, options) {
  const labels = options.map(([value, words]) => make('label', {}, make('input', { type: 'radio', name, value }), make('span', {}, words)));
  return make('fieldset', { id: `ask-${name}` }, make('legend', {}, legend), make('div', { className: 'options' }, ...labels));
}

function questions() {
  const preference = choices('choice', 'Which one answers the call better?', [['a', 'A'], ['b', 'B'], ['same', "can't tell"]]);
  const scales = SCALES.map(([name, words]) => {
    const ends = make('div', { className: 'ends' }, make('span', {}, '1: not at all'), make('span', {}, '5: very much'));
    const numbers = [1, 2, 3, 4, 5].map((n) => [n, String(n)]);
    const sides = SIDES.map((side) => choices(`${name}-${side}`, `Answer ${letter(side)}`, numbers));
    const group = make('div', { className: 'question' }, make('h2', { id: `scale-${name}` }, words), make('div', { className: 'scale' }, ...sides, ends));
    sides.forEach((fieldset) => fieldset.setAttribute('aria-describedby', `scale-${name}`));
    return group;
  });
  return [preference, ...(data.has_scales ? scales : [])];
}

const fieldsets = () => [...by('questions').querySelectorAll('fieldset')];
const isAnswered = (fieldset) => fieldset.querySelector(':checked') !== null;
const isHeard = () => SIDES.every((side) => heard[side]);
const say = (words) => {
  if (by('status').textContent !== words) by('status').textContent = words;
};

/** What may be done now, and a word on what to do. */
function guide() {
  const asked = isHeard() ? fieldsets().find((fieldset) => !isAnswered(fieldset)) : undefined;
  for (const fieldset of fieldsets()) {
    fieldset.disabled = !isHeard();
    fieldset.classList.toggle('asked', fieldset === asked);
  }
  by('next').disabled = !isHeard() || asked !== undefined;
  if (playing) return;
  if (isHeard()) say(asked ? 'Now answer. You may play both as often as you like.' : 'All is answered.');
  else say(heard.a ? 'Now play B.' : heard.b ? 'Now play A.' : 'Play both to the end.');
}

const order = () => data.trials.map((_, i) => data.trials[(state.first + i) % total]);
const nDone = () => data.trials.filter(({ name }) => state.answers[name]).length;

function nextPair() {
  decoded.clear();
  trial = order().find(({ name }) => !state.answers[name]) ?? null;
  if (!trial) return end();
  [heard, plays, shown] = [{}, { a: 0, b: 0 }, Date.now()];
  by('number').textContent = nDone() + 1;
  by('progress').firstElementChild.style.width = `${(100 * nDone()) / total}%`;
  by('next').textContent = nDone() + 1 < total ? 'Next pair' : 'Finish';
  by('players').replaceChildren(...SIDES.map(player));
  by('questions').replaceChildren(...questions());
  show('trial');
  guide();
}

function answer() {
  const value = (name) => by('questions').elements[name].value;
  const ratings = (side) => Object.fromEntries(SCALES.map(([name]) => [name, Number(value(`${name}-${side}`))]));
  const scales = data.has_scales ? { scales: { a: ratings('a'), b: ratings('b') } } : {};
  const seconds = Math.round((Date.now() - shown) / 1000);
  stop();
  state.answers[trial.name] = { choice: value('choice'), ...scales, plays, seconds, place: nDone() + 1 };
  keep();
  nextPair();
}

function end() {
  const n = nDone();
  by('summary').textContent = n === total ? `You compared all ${total} pairs.` : `You compared ${n} of ${total} pairs. What you have said counts.`;
  by('back').hidden = n === total;
  by('text').value = result();
  show('end');
}

function show(id) {
  for (const section of document.querySelectorAll('section')) section.hidden = section.id !== id;
  by(id).querySelector('h1').focus({ preventScroll: true });
  scrollTo(0, 0);
}

// ---- Buttons and keys.

for (const element of document.querySelectorAll('.count')) element.textContent = total;
for (const element of document.querySelectorAll('.minutes')) element.textContent = Math.max(1, Math.round(data.minutes));
if (nDone() > 0) by('begin').textContent = `Go on with pair ${Math.min(nDone() + 1, total)}`;
for (const id of ['years', 'sound']) {
  by(id).value = state[id];
  by(id).onchange = () => {
    state[id] = by(id).value;
    keep();
  };
}
by('try').onclick = () => {
  const tell = (words) => (by('try-status').textContent = words);
  const over = () => tell('');
  play([[order()[0].call, 0]], { moved: () => tell('You should hear a piano now.'), heard: () => {}, over, failed: tell });
};
by('begin').onclick = () => {
  stop();
  keep();
  nextPair();
};
by('next').onclick = answer;
by('stop').onclick = () => {
  stop();
  end();
};
by('back').onclick = nextPair;
by('questions').onchange = guide;
by('questions').onsubmit = (event) => event.preventDefault();
by('save').onclick = () => {
  const link = make('a', { download: `listening-${data.page}-${state.listener}.json` });
  link.href = URL.createObjectURL(new Blob([result()], { type: 'application/json' }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  by('saved').textContent = `Saved as ${link.download}, where your browser keeps downloads.`;
};
by('copy').onclick = async () => {
  by('text').select();
  const isCopied = await (navigator.clipboard?.writeText(result()) ?? Promise.reject()).then(() => true, () => document.execCommand('copy'));
  by('saved').textContent = isCopied ? 'Copied.' : 'Please copy the text below; it is marked.';
};

addEventListener('keydown', (event) => {
  if (by('trial').hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const focused = document.activeElement;
  const isControl = focused.matches('button, summary');
  const digit = Number(event.key);
  if (SIDES.includes(event.key.toLowerCase())) {
    by(`play-${event.key.toLowerCase()}`).focus();
    toggle(event.key.toLowerCase());
  } else if (event.key === ' ' && !isControl && !focused.matches('input')) {
    if (playing) stop();
    else toggle(heard.a ? 'b' : 'a');
  } else if (event.key === 'Enter' && !isControl) {
    if (!by('next').disabled) answer();
  } else if (digit >= 1 && digit <= 5) {
    const asked = focused.closest('fieldset') ?? by('questions').querySelector('.asked');
    const input = asked?.querySelectorAll('input:enabled')[digit - 1];
    if (!input) return;
    input.checked = true;
    guide();
    const after = by('questions').querySelector('.asked input') ?? by('next');
    after.focus();
  } else return;
  event.preventDefault();
});
show('intro');
