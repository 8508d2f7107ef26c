// MIDI for tests. Chromium has no ports without a sound card, so a stub stands for them; Firefox has ports of its own for tests.

import assert from 'node:assert/strict';

/** Runs in a page before its own scripts: a keyboard that plays what it is given, and an instrument that writes down what it is sent. */
export function stub() {
  const input = { id: 'stub-in', name: 'Stub keyboard', state: 'connected', type: 'input', onmidimessage: null };
  const sent = [];
  const output = {
    id: 'stub-out',
    name: 'Stub instrument',
    state: 'connected',
    type: 'output',
    send: (data, timestamp) => sent.push({ data: [...data], timestamp, at: performance.now(), origin: performance.timeOrigin }),
  };
  /** Each message comes with its time, and before it: on a busy machine a timer would be late, which is not what is tested. */
  const play = (timed) => {
    for (const [time, message] of timed) input.onmidimessage?.({ data: new Uint8Array(message), timeStamp: time - performance.timeOrigin });
  };
  window.stubMidi = { sent, play };
  const access = { inputs: new Map([[input.id, input]]), outputs: new Map([[output.id, output]]), onstatechange: null };
  navigator.requestMIDIAccess = async () => access;
}

/** Firefox's control port echoes some messages: a note of key 0 that is sent is heard. */
export async function echo(page) {
  await page.click('#connect');
  await page.waitForFunction(() => document.body.dataset.midi === 'connected', { timeout: 20_000, polling: 50 });
  const { inputs, outputs } = await page.evaluate(() => {
    const { midi } = window.antiphon;
    return { inputs: midi.inputs.map(({ name }) => name), outputs: midi.outputs.map(({ name, id }) => ({ name, id })) };
  });
  const control = outputs.find(({ name }) => name.includes('Control'));
  assert.ok(inputs.length > 0 && control, `Firefox's ports: ${inputs}; ${outputs.map(({ name }) => name)}`);
  await page.evaluate((id) => {
    const { midi, duet } = window.antiphon;
    window.echoed = [];
    duet.worker.addEventListener('message', ({ data }) => data.say === 'show' && window.echoed.push(data.counts[0]));
    midi.choose(id);
    midi.output.send([0x90, 0, 100]);
  }, control.id);
  await page.waitForFunction(() => window.echoed.at(-1) > window.echoed[0], { timeout: 10_000, polling: 50 });
  await page.evaluate(() => {
    window.antiphon.play([0x80, 0, 64]);
    window.antiphon.midi.choose('');
  });
  console.log(`  Web MIDI: ${inputs.join(', ')} and ${outputs.length} outputs; a note came back, and was heard`);
}
