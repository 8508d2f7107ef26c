// The sound of the page, which begins with the first touch, as browsers want it.

/** The sound of a page. `compiled` is the module with the piano, and `port` brings what the duet plays. */
export class Sound {
  constructor(compiled, port) {
    Object.assign(this, { compiled, port, context: null, node: null });
  }

  /** Begins to sound. Must be called while the user presses something; later calls wake it if it sleeps. */
  begin() {
    if (this.context) {
      if (this.context.state === 'suspended') this.context.resume();
      return this.ready;
    }
    this.context = new AudioContext({ latencyHint: 'interactive' });
    this.ready = this.#connect();
    return this.ready;
  }

  async #connect() {
    await this.context.audioWorklet.addModule(new URL('piano-worklet.js', import.meta.url));
    const processorOptions = { compiled: this.compiled };
    this.node = new AudioWorkletNode(this.context, 'piano', { numberOfInputs: 0, outputChannelCount: [2], processorOptions });
    this.node.port.postMessage({ port: this.port }, [this.port]);
    this.volume = this.context.createGain();
    this.node.connect(this.volume).connect(this.context.destination);
    const tell = () => this.node.port.postMessage({ offset: this.#offset() });
    tell();
    setInterval(tell, 500);
    // A machine without a sound card never begins to sound, and plays the duet all the same.
    this.context.resume().then(tell);
  }

  /** Milliseconds on the wall when the sound's time was 0. */
  #offset() {
    const { contextTime = 0, performanceTime = 0 } = this.context.getOutputTimestamp?.() ?? {};
    const known = contextTime > 0 && performanceTime > 0;
    return performance.timeOrigin + (known ? performanceTime - contextTime * 1000 : performance.now() - this.context.currentTime * 1000);
  }

  /** Plays a MIDI message now, or as soon as there is sound. */
  play(message) {
    if (this.node) this.node.port.postMessage({ message });
    else this.ready?.then(() => this.node.port.postMessage({ message }));
  }

  /** Ends all that sounds. */
  silence() {
    this.node?.port.postMessage({ silence: true });
  }

  set isOn(isOn) {
    if (this.volume) this.volume.gain.setTargetAtTime(isOn ? 1 : 0, this.context.currentTime, 0.01);
  }
}
