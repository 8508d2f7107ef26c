// The page: what is played goes to the duet and at once to the piano; what the duet plays goes there too, and to MIDI.

import { Controls } from './controls.js';
import { Duet, download } from './duet.js';
import { Keys } from './keys.js';
import * as link from './link.js';
import { MISSING, Midi } from './midi.js';
import { hasRelaxedSimd } from './module.js';
import { Roll } from './roll.js';
import { Sound } from './sound.js';
import { words } from './words.js';

const element = (id) => document.getElementById(id);
const MODES = ['Answer', 'Continue', 'Off'];
/** How long a button is held for the duet to see it. */
const PRESS_MS = 60;
const MOST_WAIT_MS = 1500;

const clock = () => performance.timeOrigin + performance.now();
const say = (text) => { element('note').textContent = text; };
const fail = (error) => say(error.message);

let sound = null;
let controls = null;
let music = null;
let song = { isPlaying: false };
const roll = new Roll(element('roll'));
const keys = new Keys(element('keys'), play);
const midi = new Midi(play, showPorts);
const duet = new Duet({ ready, output, show, song: showSong, fault: fail });
// What tests ask of the page.
window.antiphon = { duet, play, open, midi, clock, get sound() { return sound; }, get controls() { return controls; } };

/** The player plays. */
function play(message, time = clock()) {
  duet.tell('input', { time, message });
  sound?.begin();
  if (controls?.get('thru') !== 0) {
    sound?.play(message);
    midi.send(message);
  }
  const isDown = (message[0] & 0xf0) === 0x90 && message[2] > 0;
  if ([0x80, 0x90].includes(message[0] & 0xf0)) keys.light(message[1], 'player', isDown);
}

/** The duet plays, or music that was opened does. */
function output({ time, message, isAnswer }) {
  if (isAnswer || controls.get('thru') !== 0) midi.send(message, time);
  const isDown = (message[0] & 0xf0) === 0x90;
  if (![0x80, 0x90].includes(message[0] & 0xf0)) return;
  setTimeout(() => keys.light(message[1], isAnswer ? 'answer' : 'player', isDown), time - clock());
}

function show(picture) {
  roll.show(picture);
  const { kind, text, why } = words(picture, controls);
  document.querySelector('.status').dataset.kind = kind;
  if (element('doing').textContent !== text) element('doing').textContent = text;
  if (element('why').textContent !== why) element('why').textContent = why;
  const [heard, played, late, dropped] = picture.counts;
  element('counts').textContent = played ? `Heard ${heard}, played ${played}, late ${late}, dropped ${dropped}.` : '';
  document.body.dataset.doing = picture.doing;
}

function ready({ params, model, styles, kernel }) {
  controls = new Controls({
    tabs: element('tabs'),
    cards: element('cards'),
    params,
    styles,
    change: (id, value) => {
      duet.tell('set', { id, value });
      if (id === 'mode') showMode();
    },
  });
  element('mode').replaceChildren(...MODES.map((name, place) => {
    const button = Object.assign(document.createElement('button'), { textContent: name, onclick: () => controls.set('mode', place) });
    button.title = params.find(({ id }) => id === 'mode').tip;
    return button;
  }));
  showMode();
  Object.assign(document.body.dataset, { ready: kernel, model });
  readLink();
}

function showMode() {
  [...element('mode').children].forEach((button, place) => button.setAttribute('aria-pressed', controls.get('mode') === place));
}

function showSong(words) {
  song = words;
  const button = element('roll-song');
  button.textContent = song.isPlaying ? 'Stop song' : 'Start song';
  button.setAttribute('aria-pressed', song.isPlaying);
  element('tempo').value = Math.round(song.tempo * 100) / 100;
  const metre = `${song.beats}/${song.unit}`;
  if ([...element('metre').options].some(({ value }) => value === metre)) element('metre').value = metre;
  document.body.dataset.startedAt = song.startedAt;
}

function press(id) {
  controls?.set(id, 1);
  setTimeout(() => controls?.set(id, 0), PRESS_MS);
}

function panic() {
  press('panic');
  sound?.silence();
  midi.silence();
  keys.darken('answer');
  keys.darken('player');
}

function rollSong(isPlaying) {
  const [beats, unit] = element('metre').value.split('/').map(Number);
  const tempo = Math.max(20, Math.min(400, Number(element('tempo').value) || 120));
  duet.tell('song', { isPlaying, tempo, beats, unit });
}

/** Plays opened music from a fresh start. */
async function playAgain() {
  say('');
  panic();
  // A sound card that does not answer keeps nobody waiting.
  await Promise.race([sound?.begin(), new Promise((resolve) => { setTimeout(resolve, MOST_WAIT_MS); })]);
  setTimeout(() => duet.tell('play', music), PRESS_MS * 2);
}

async function open(file) {
  try {
    const bytes = await file.arrayBuffer();
    const reply = await duet.ask('open', { file: bytes }, [bytes]);
    if (reply.pack !== undefined) {
      controls.setStyles(reply.styles);
      controls.set('style', reply.styles.length - 1);
      controls.setStyles(reply.styles);
      say(`I play in the style of ${reply.pack} from now on.`);
      return;
    }
    music = reply.music;
    element('again').disabled = false;
    await playAgain();
    say(music.leftOut.length ? `${file.name} is played to me, but for: ${music.leftOut.join('; ')}.` : `${file.name} is played to me.`);
  } catch (error) {
    say(`${file.name} cannot be used: ${error.message}`);
  }
}

async function save(format) {
  const [name, type] = { midi: ['take.mid', 'audio/midi'], musicxml: ['take.musicxml', 'application/vnd.recordare.musicxml+xml'], wav: ['take.wav', 'audio/wav'] }[format];
  download(await duet.ask('take', { format }), name, type);
}

async function copyLink() {
  const record = await duet.ask('record');
  if (!record.messages.length) throw new Error('There is nothing to share yet: play something.');
  if (!record.isWhole) throw new Error('You have played too long for a link. Press Start song or open a file for a fresh start, and play again.');
  const address = new URL(location.href);
  const messages = link.trimmed(record.messages, record.bar);
  address.hash = await link.write({ messages, song: record.song, settings: controls.moved });
  history.replaceState(null, '', address);
  await navigator.clipboard?.writeText(address.href).catch(() => {});
  say('The link is in the address bar, and copied where the browser lets me. It holds all notes since the last fresh start, the song and the settings as they are now.');
}

async function readLink() {
  try {
    const take = await link.read(location.hash);
    if (!take) return;
    const { settings, ...rest } = take;
    controls.setAll(settings);
    showMode();
    music = { ...rest, leftOut: [] };
    element('again').disabled = false;
    element('again').classList.add('primary');
    say('This link holds a take. Press Play it again, and it is played to me as it was.');
  } catch (error) {
    fail(error);
  }
}

function showPorts() {
  const none = new Option('no instrument', '');
  element('output').replaceChildren(none, ...midi.outputs.map(({ name, id }) => new Option(name, id)));
  element('output').value = midi.output?.id ?? '';
  element('outputs').hidden = midi.outputs.length === 0;
  const names = midi.inputs.map(({ name }) => name);
  element('midi').textContent = names.length ? `I hear ${names.join(', ')}.` : 'No keyboard is connected: plug one in, and I hear it at once.';
  document.body.dataset.midi = 'connected';
}

async function begin() {
  const name = hasRelaxedSimd() ? 'antiphon-relaxed.wasm' : 'antiphon.wasm';
  const [compiled, weights] = await Promise.all([
    WebAssembly.compileStreaming(fetch(name)),
    fetch('nano.antiphon').then((reply) => reply.arrayBuffer()),
  ]);
  const { port1, port2 } = new MessageChannel();
  sound = new Sound(compiled, port2);
  duet.tell('start', { compiled, weights, port: port1 }, [weights, port1]);
}

element('handOver').onclick = () => press('hand_over');
element('another').onclick = () => press('another');
element('back').onclick = () => press('another_back');
element('panic').onclick = panic;
element('roll-song').onclick = () => { sound?.begin(); rollSong(!song.isPlaying); };
element('tempo').onchange = () => duet.tell('tempo', { tempo: Math.max(20, Math.min(400, Number(element('tempo').value) || 120)) });
element('metre').onchange = () => song.isPlaying && rollSong(true);
element('click').onchange = ({ target }) => duet.tell('click', { isOn: target.checked });
element('sound').onclick = async ({ target }) => {
  const isOn = target.getAttribute('aria-pressed') !== 'true';
  target.setAttribute('aria-pressed', isOn);
  await sound?.begin();
  sound.isOn = isOn;
};
element('again').onclick = () => playAgain().catch(fail);
element('open').onchange = ({ target }) => { if (target.files[0]) open(target.files[0]); target.value = ''; };
for (const button of document.querySelectorAll('[data-save]')) button.onclick = () => save(button.dataset.save).catch(fail);
element('link').onclick = () => copyLink().catch(fail);
element('connect').onclick = () => midi.connect().catch((error) => { element('midi').textContent = error.message; });
element('output').onchange = ({ target }) => midi.choose(target.value);
if (midi.isMissing) {
  element('connect').disabled = true;
  element('midi').textContent = MISSING;
}
addEventListener('pointerdown', () => sound?.begin());
addEventListener('keydown', () => sound?.begin());
addEventListener('hashchange', readLink);
addEventListener('dragover', (event) => { event.preventDefault(); document.body.classList.add('dropping'); });
addEventListener('dragleave', () => document.body.classList.remove('dropping'));
addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dropping');
  const [file] = event.dataTransfer.files;
  if (file) open(file);
});

begin().catch((error) => {
  Object.assign(document.querySelector('.status').dataset, { kind: 'wrong' });
  element('doing').textContent = 'The page cannot begin';
  element('why').textContent = `${error.message}. Load it again, or use a newer browser: it needs WebAssembly with SIMD`;
});
