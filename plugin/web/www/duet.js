// The page's end of the worker that plays the duet.

/** Sends files to the user's disk. */
export function download(bytes, name, type) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export class Duet {
  worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  #waiting = new Map();
  #number = 0;

  /** `on` has a function for each thing that the worker says by itself: ready, output, show, song. */
  constructor(on) {
    this.worker.onmessage = ({ data: { say, number, reply, error, ...words } }) => {
      if (say !== 'reply') return on[say](words);
      const { resolve, reject } = this.#waiting.get(number) ?? { resolve() {}, reject: on.fault };
      this.#waiting.delete(number);
      return error === undefined ? resolve(reply) : reject(new Error(error));
    };
    this.worker.onerror = (event) => on.fault(new Error(event.message ?? 'the duet stopped'));
  }

  /** Tells it something. */
  tell(verb, words = {}, transfer = []) {
    this.worker.postMessage({ verb, ...words }, transfer);
  }

  /** Asks it something. */
  ask(verb, words = {}, transfer = []) {
    this.#number += 1;
    const number = this.#number;
    this.worker.postMessage({ number, verb, ...words }, transfer);
    return new Promise((resolve, reject) => { this.#waiting.set(number, { resolve, reject }); });
  }
}
