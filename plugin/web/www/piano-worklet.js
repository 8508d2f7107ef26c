// The built-in piano and a metronome, in the audio thread. Messages that have a time are played at it.

import { nothing } from './module.js';

const NO_TIME = 0;

class Piano extends AudioWorkletProcessor {
  constructor({ processorOptions: { compiled } }) {
    super();
    this.exports = new WebAssembly.Instance(compiled, nothing(compiled)).exports;
    this.exports.piano_begin(sampleRate);
    /** By the frame at which each is played. */
    this.coming = [];
    /** Milliseconds of the clock on the wall less those of the sound. */
    this.offset = 0;
    this.blip = { left: 0, phase: 0, pitch: 0 };
    this.port.onmessage = ({ data }) => this.hear(data);
  }

  hear(data) {
    if ('offset' in data) this.offset = data.offset;
    if (data.port) data.port.onmessage = ({ data: timed }) => this.hear(timed);
    if (data.silence) {
      this.coming = [];
      for (let channel = 0; channel < 16; channel += 1) {
        this.exports.piano_play(0xb0 | channel, 64, 0);
        this.exports.piano_play(0xb0 | channel, 123, 0);
      }
    }
    if (!data.message && !('click' in data)) return;
    const time = data.time ?? NO_TIME;
    const frame = time === NO_TIME ? 0 : Math.round((time - this.offset) / 1000 * sampleRate);
    let place = this.coming.length;
    while (place > 0 && this.coming[place - 1].frame > frame) place -= 1;
    this.coming.splice(place, 0, { frame, ...data });
  }

  play({ message, click }) {
    if (message) this.exports.piano_play(...message);
    else this.blip = { left: 0.03 * sampleRate, phase: 0, pitch: click ? 1760 : 1175 };
  }

  process(_, [[left, right]]) {
    let done = 0;
    while (done < left.length) {
      while (this.coming.length && this.coming[0].frame <= currentFrame + done) this.play(this.coming.shift());
      const next = this.coming.length ? this.coming[0].frame - currentFrame : left.length;
      const n = Math.max(1, Math.min(left.length, next) - done);
      this.exports.piano_render(n);
      left.set(new Float32Array(this.exports.memory.buffer, this.exports.piano_frames(false), n), done);
      (right ?? left).set(new Float32Array(this.exports.memory.buffer, this.exports.piano_frames(true), n), done);
      this.addBlip(left, right, done, done + n);
      done += n;
    }
    return true;
  }

  addBlip(left, right, from, to) {
    const blip = this.blip;
    for (let i = from; i < to && blip.left > 0; i += 1) {
      const value = 0.15 * Math.sin(blip.phase) * Math.min(1, blip.left / (0.02 * sampleRate));
      left[i] += value;
      if (right) right[i] += value;
      blip.phase += 2 * Math.PI * blip.pitch / sampleRate;
      blip.left -= 1;
    }
  }
}

registerProcessor('piano', Piano);
