// The page in real browsers: `node web.mjs ADDRESS FOLDER N_NOTES`. FOLDER has answer.json and hash.json, what this machine plays itself,
// and takes pictures. `cargo xtask test-web` prepares all that.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DESKTOP, PHONE, SKIPPED, installed, launch, open, silentDevice } from './launch.mjs';
import { echo, stub } from './midi.mjs';

const [address, folder, nNotes] = process.argv.slice(2);
const read = async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'));
const call = [...await readFile(new URL('../fixtures/call.mid', import.meta.url))];
const expected = await read('answer.json');
const native = await read('hash.json');
/** Firefox's ports for tests; its dialogs are answered. */
const PREFS = { 'midi.testing': true, 'dom.webmidi.enabled': true, 'dom.webmidi.gated': false, 'midi.prompt.testing': true, 'media.navigator.permission.disabled': true };
/** Samples of the page's time. */
const RATE = 48_000;
const AHEAD = 0.06 * RATE;

const inPage = (page, run, ...words) => page.evaluate(run, ...words);
const until = (page, condition, timeout = 60_000) => page.waitForFunction(condition, { timeout, polling: 50 });
/** As in answer.json, the silence is long enough for a busy machine. */
const SILENCE_MS = 4000;
const ready = async (page) => {
  await until(page, () => document.body.dataset.ready);
  await inPage(page, (ms) => window.antiphon.controls.set('silence', ms), SILENCE_MS);
};

/** What the duet plays, collected in the page from now on: [samples since the song's start, message]. */
async function listen(page) {
  await inPage(page, () => {
    window.heard = [];
    window.lateAndDropped ??= [0, 0];
    if (window.isListening) return;
    window.isListening = true;
    const worker = window.antiphon.duet.worker;
    worker.addEventListener('message', ({ data }) => {
      if (data.say === 'song') window.startedAt = data.startedAt;
      if (data.say === 'show') window.lateAndDropped = data.counts.slice(2);
      if (data.say === 'output' && data.isAnswer) window.heard.push([data.time, data.message, window.antiphon.clock()]);
    });
  });
}

/** A machine that was too busy for a browser to play in time proves nothing of its notes: they are played again. */
const MOST_TRIES = 4;

/** Plays, and gives the answer as `answer.json` has it: again if notes of it came too late, which the page counts. */
async function answered(page, play) {
  for (let nTries = 1; ; nTries += 1) {
    const counts = () => inPage(page, () => window.lateAndDropped.join());
    await listen(page);
    const before = await counts();
    await play();
    const outcome = await answer(page);
    if (await counts() === before || nTries === MOST_TRIES) return outcome;
    console.log('  this machine was too busy to play in time: once more');
  }
}

/** Waits until the answer is over. */
async function answer(page) {
  await until(page, () => document.body.dataset.doing === 'Answering', 60_000);
  await until(page, () => document.body.dataset.doing === 'Idle', 60_000);
  const { heard, startedAt } = await inPage(page, () => ({ heard: window.heard, startedAt: window.startedAt }));
  const lateness = heard.map(([time, , came]) => came - time);
  return { messages: heard.map(([time, message]) => [Math.round((time - startedAt) * RATE / 1000 - AHEAD), message]), lateness };
}

/** The fixture is opened as a file, and the answer is the one that this machine gives. */
async function opens(page) {
  const play = () => inPage(page, (bytes) => window.antiphon.open(new File([new Uint8Array(bytes)], 'call.mid')), call);
  const { messages, lateness } = await answered(page, play);
  assert.deepEqual(messages, expected, 'the answer to the opened call');
  const latest = Math.max(...lateness);
  console.log(`  opened: ${messages.length} messages equal, each ${(-latest).toFixed(0)} ms or more before its time`);
  return latest;
}

/** The fixture comes in from a keyboard, by Web MIDI, and the answer goes out to an instrument: the same bytes, at their times. */
async function plays(page) {
  await page.click('#connect');
  await until(page, () => document.body.dataset.midi === 'connected');
  await page.select('#output', 'stub-out');
  const { messages, song } = (await inPage(page, (bytes) => window.antiphon.duet.ask('open', { file: new Uint8Array(bytes).buffer }), call)).music;
  const play = () => inPage(page, (timed, [, tempo, beats, unit], rate) => {
    const { duet, clock } = window.antiphon;
    const time = clock() + 3000;
    duet.tell('song', { isPlaying: true, tempo, beats, unit, time });
    window.stubMidi.play(timed.map(([at, message]) => [time + at * 1000 / rate, message]));
    window.stubMidi.sent.length = 0;
  }, messages, song[0], RATE);
  const played = await answered(page, play);
  assert.deepEqual(played.messages, expected, 'the answer to the played call');
  const { sent, startedAt } = await inPage(page, () => ({ sent: window.stubMidi.sent, startedAt: window.startedAt }));
  const answers = sent.filter(({ timestamp }) => timestamp !== undefined);
  const times = answers.map(({ data, timestamp, origin }) => [Math.round((origin + timestamp - startedAt) * RATE / 1000 - AHEAD), data]);
  assert.deepEqual(times, expected, 'what the instrument was sent');
  const nInTime = answers.filter(({ timestamp, at }) => at <= timestamp).length;
  console.log(`  Web MIDI: ${answers.length} messages equal, each sent with its time, ${nInTime} of them before it`);
}

/** A link opens elsewhere, and gives the same answer. */
async function links(browser, page) {
  await page.click('#link');
  await until(page, () => location.hash.startsWith('#take='));
  const link = await inPage(page, () => location.href);
  const other = await open(browser, link);
  await ready(other);
  await until(other, () => !document.getElementById('again').disabled);
  const { messages } = await answered(other, () => other.click('#again'));
  assert.deepEqual(messages, expected, 'the answer of a link');
  assert.deepEqual(other.faults, []);
  await other.close();
  const broken = await open(browser, `${address}#take=AAAA`);
  await ready(broken);
  await until(broken, () => document.getElementById('note').textContent.includes('cannot be read'));
  await broken.close();
  console.log(`  link: ${link.length} characters, the same answer`);
}

/** The page's own keys sound, and are answered. */
async function keys(page) {
  const begun = Date.now();
  await page.focus('#panic');
  for (const key of ['a', 'd', 'g', 'k']) {
    await page.keyboard.down(key);
    await new Promise((resolve) => { setTimeout(resolve, 150); });
    await page.keyboard.up(key);
  }
  await until(page, () => document.body.dataset.doing === 'Answering', 30_000);
  console.log(`  keys: an answer began ${Date.now() - begun} ms after the first key`);
}

async function sounds(page) {
  return inPage(page, async () => {
    // A sound card that does not answer is none.
    await Promise.race([window.antiphon.sound.begin(), new Promise((resolve) => { setTimeout(resolve, 15_000); })]);
    const { context, volume } = window.antiphon.sound;
    if (!volume) return { loudest: 0, sinceLoad: performance.now(), isMute: true };
    const ear = context.createAnalyser();
    volume.connect(ear);
    window.antiphon.play([0x90, 60, 100]);
    const samples = new Float32Array(ear.fftSize);
    const begun = performance.now();
    let loudest = 0;
    while (loudest < 0.001 && performance.now() - begun < 10_000) {
      await new Promise((resolve) => { setTimeout(resolve, 5); });
      ear.getFloatTimeDomainData(samples);
      loudest = Math.max(...samples.map(Math.abs));
    }
    window.antiphon.play([0x80, 60, 64]);
    return { loudest, sinceLoad: performance.now(), isMute: context.state !== 'running' };
  });
}

async function proves(page) {
  const { hash, ms } = await inPage(page, (n) => window.antiphon.duet.ask('prove', { seed: 1, nNotes: n }), Number(nNotes));
  assert.equal(hash, native.hash, 'the hash of the notes');
  console.log(`  ${nNotes} notes equal; ${(ms / nNotes).toFixed(2)} ms a note, ${(ms / native.ms).toFixed(1)} times this machine's own (${native.kernel})`);
}

async function saves(page, name) {
  for (const format of ['midi', 'musicxml', 'wav']) {
    const head = await inPage(page, async (kind) => [...(await window.antiphon.duet.ask('take', { format: kind })).slice(0, 4)], format);
    assert.equal(String.fromCharCode(...head), { midi: 'MThd', musicxml: '<?xm', wav: 'RIFF' }[format]);
  }
  await page.screenshot({ path: join(folder, `${name}-desktop.png`) });
}

async function test(browser, name) {
  const begun = Date.now();
  const page = await open(browser, address, { viewport: DESKTOP });
  await ready(page);
  const loaded = Date.now() - begun;
  const kernel = await inPage(page, () => document.body.dataset.ready);
  const { loudest, sinceLoad, isMute } = await sounds(page);
  assert.ok(loudest >= 0.001 || isMute, 'no sound');
  const sound = isMute ? 'no sound, since this browser finds no sound card' : `first sound ${sinceLoad.toFixed(0)} ms after that began`;
  console.log(`${name}: ready ${loaded} ms after the address was opened, ${sound}; ${kernel}`);
  await opens(page);
  await saves(page, name);
  await links(browser, page);
  if (name === 'chrome') await plays(page);
  else await echo(page);
  await keys(page);
  await page.screenshot({ path: join(folder, `${name}-answering.png`) });
  await proves(page);
  assert.deepEqual(page.faults, [], 'faults of the page');
  await page.close();
  const phone = await open(browser, address, { viewport: PHONE });
  await ready(phone);
  await opens(phone).catch((error) => assert.fail(error));
  await phone.screenshot({ path: join(folder, `${name}-phone.png`) });
  const isTooWide = await inPage(phone, () => document.documentElement.scrollWidth > innerWidth + 1);
  assert.ok(!isTooWide, 'the page is wider than a phone');
  assert.deepEqual(phone.faults, [], 'faults on a phone');
  await phone.close();
}

async function testIn(found) {
  const browser = await launch(found, { prefs: PREFS });
  try {
    if (found.name === 'chrome') {
      const [blank] = await browser.pages();
      await blank?.close().catch(() => {});
      browser.on('targetcreated', async (target) => {
        const page = await target.page().catch(() => null);
        await page?.evaluateOnNewDocument(stub).catch(() => {});
      });
    }
    await test(browser, found.name);
  } finally {
    await browser.close();
  }
}

const browsers = installed();
if (!browsers.length) process.exit(SKIPPED);
const device = await silentDevice();
try {
  for (const found of browsers) await testIn(found);
} finally {
  await device.close();
}
