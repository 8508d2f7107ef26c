// Web MIDI, where the browser has it and the user grants it.

export const MISSING = 'This browser has no Web MIDI, so keyboards and instruments cannot be connected. Firefox, Chrome and Edge have it; '
  + 'browsers on iPhone and iPad have not. The keys on this page work everywhere.';

export class Midi {
  #access = null;
  #hear;
  #change;

  /** `hear(message, time)` is told what keyboards say, `change()` that ports came or went. */
  constructor(hear, change) {
    this.#hear = hear;
    this.#change = change;
    this.output = null;
  }

  get isMissing() {
    return !navigator.requestMIDIAccess;
  }

  /** Asks the user. Throws an error that says what to do. */
  async connect() {
    if (this.isMissing) throw new Error(MISSING);
    try {
      this.#access = await navigator.requestMIDIAccess();
    } catch (error) {
      const isRefused = ['NotAllowedError', 'SecurityError'].includes(error.name);
      throw new Error(isRefused ? 'The browser was not allowed to use MIDI. Allow it in the settings of this page, and press Connect again.'
        : `The browser cannot use MIDI here: ${error.message}`);
    }
    this.#access.onstatechange = () => this.#listen();
    this.#listen();
  }

  get inputs() {
    return [...(this.#access?.inputs.values() ?? [])].filter((port) => port.state !== 'disconnected');
  }

  get outputs() {
    return [...(this.#access?.outputs.values() ?? [])].filter((port) => port.state !== 'disconnected');
  }

  #listen() {
    for (const input of this.inputs) {
      input.onmidimessage = ({ data, timeStamp }) => {
        if (data.length < 2 || data[0] >= 0xf0) return;
        this.#hear([data[0], data[1], data[2] ?? 0], performance.timeOrigin + timeStamp);
      };
    }
    if (!this.outputs.includes(this.output)) this.output = null;
    this.#change();
  }

  /** Chooses where notes go: the id of an output, or none. */
  choose(id) {
    this.silence();
    this.output = this.outputs.find((port) => port.id === id) ?? null;
  }

  /** Sends a message, to be played at a time, or now. */
  send(message, time) {
    if (!this.output) return;
    const length = [0xc0, 0xd0].includes(message[0] & 0xf0) ? 2 : 3;
    const timestamp = time === undefined ? undefined : Math.max(0, time - performance.timeOrigin);
    this.output.send(message.slice(0, length), timestamp);
  }

  /** Ends all that sounds on it. */
  silence() {
    if (!this.output) return;
    this.output.clear?.();
    for (let channel = 0; channel < 16; channel += 1) {
      this.output.send([0xb0 | channel, 64, 0]);
      this.output.send([0xb0 | channel, 123, 0]);
    }
  }
}
