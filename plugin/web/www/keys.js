// The keys on the page: for fingers, for a mouse, and for the computer's own keys.

/** White and black keys from C, by where they are on any keyboard. */
const CODES = ['KeyA', 'KeyW', 'KeyS', 'KeyE', 'KeyD', 'KeyF', 'KeyT', 'KeyG', 'KeyY', 'KeyH', 'KeyU', 'KeyJ', 'KeyK', 'KeyO', 'KeyL', 'KeyP', 'Semicolon'];
const BLACK = [1, 3, 6, 8, 10];
const NAMES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];
const VELOCITY = 84;
const LOWEST = 36;
const HIGHEST = 96;
/** As wide as a finger. */
const WHITE_PX = 38;

export class Keys {
  #place;
  #play;
  #down = new Map();
  #base = 60;
  #first = 48;

  /** `play(message, time)` is told what is played. */
  constructor(place, play) {
    this.#place = place;
    this.#play = play;
    for (const name of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel', 'lostpointercapture']) {
      place.addEventListener(name, (event) => this.#point(event));
    }
    addEventListener('keydown', (event) => this.#type(event, true));
    addEventListener('keyup', (event) => this.#type(event, false));
    addEventListener('blur', () => this.releaseAll());
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  /** Shows a key as played by one or the other, or not. */
  light(key, who, isDown) {
    this.#place.querySelector(`[data-key="${key}"]`)?.classList.toggle(who, isDown);
  }

  darken(who) {
    for (const key of this.#place.querySelectorAll(`.${who}`)) key.classList.remove(who);
  }

  #draw() {
    const nWhite = Math.max(8, Math.min(36, Math.floor(this.#place.clientWidth / WHITE_PX)));
    const octaves = Math.max(1, Math.floor(nWhite / 7));
    const first = Math.max(LOWEST, 60 - 12 * Math.floor(octaves / 2));
    const keys = [];
    let n = 0;
    for (let key = first; n < nWhite && key <= HIGHEST; key += 1) {
      const isBlack = BLACK.includes(key % 12);
      const name = `${NAMES[key % 12]}${Math.floor(key / 12) - 1}`;
      keys.push({ key, isBlack, at: n, name });
      if (!isBlack) n += 1;
    }
    this.#first = first;
    this.#place.style.setProperty('--white', 100 / n);
    this.#place.replaceChildren(...keys.map(({ key, isBlack, at, name }) => {
      const element = document.createElement('div');
      element.className = isBlack ? 'key black' : 'key';
      element.dataset.key = key;
      element.style.setProperty('--at', at);
      element.title = name;
      const typed = CODES[key - this.#base];
      if (key % 12 === 0) element.dataset.name = name;
      if (typed) element.dataset.typed = typed === 'Semicolon' ? ';' : typed.slice(3);
      return element;
    }));
  }

  #point(event) {
    const { type, pointerId, clientX, clientY, buttons } = event;
    if (type === 'pointerdown') this.#place.setPointerCapture(pointerId);
    const isDown = type === 'pointerdown' || (type === 'pointermove' && (buttons & 1));
    const under = isDown ? document.elementFromPoint(clientX, clientY)?.closest('.key') : null;
    // Nearer to the front of a key is louder.
    const box = under?.getBoundingClientRect();
    const velocity = box ? Math.round(50 + 60 * Math.min(1, Math.max(0, (clientY - box.top) / box.height))) : VELOCITY;
    this.#hold(`pointer ${pointerId}`, under ? Number(under.dataset.key) : null, velocity, event.timeStamp);
    if (type === 'pointerdown') event.preventDefault();
  }

  #type(event, isDown) {
    const { code, repeat, ctrlKey, metaKey, altKey, timeStamp } = event;
    if (ctrlKey || metaKey || altKey) return;
    // A list that has the focus would look for a name with this letter.
    if (CODES.includes(code)) event.preventDefault();
    if (repeat) return;
    if (isDown && (code === 'KeyZ' || code === 'KeyX')) {
      this.#base = Math.max(LOWEST, Math.min(84, this.#base + (code === 'KeyZ' ? -12 : 12)));
      this.#draw();
      return;
    }
    const place = CODES.indexOf(code);
    if (place < 0) return;
    this.#hold(code, isDown ? this.#base + place : null, VELOCITY, timeStamp);
  }

  /** A finger is on a key, or on none. */
  #hold(finger, key, velocity, timeStamp) {
    const before = this.#down.get(finger) ?? null;
    if (before === key) return;
    const time = performance.timeOrigin + (timeStamp > 0 ? timeStamp : performance.now());
    const isHeld = (held) => [...this.#down].some(([other, its]) => other !== finger && its === held);
    if (before !== null && !isHeld(before)) this.#play([0x80, before, 64], time);
    if (key === null) this.#down.delete(finger);
    else this.#down.set(finger, key);
    if (key !== null) this.#play([0x90, key, velocity], time);
  }

  releaseAll() {
    for (const finger of [...this.#down.keys()]) this.#hold(finger, null, VELOCITY, performance.now());
  }
}
