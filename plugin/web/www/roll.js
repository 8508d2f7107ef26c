// The piano roll: what was played, how it was understood, and what is to come.

const BEAT = 48 * 16;
/** The keys of two octaves are seen at least. */
const LEAST_KEYS = 25;
const BLACK = [1, 3, 6, 8, 10];

export class Roll {
  #canvas;
  #picture = null;
  #range = [48, 84];
  #style;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#style = getComputedStyle(document.documentElement);
    requestAnimationFrame(() => this.#draw());
  }

  /** What the duet shows, drawn until there is more. */
  show(picture) {
    this.#picture = picture;
  }

  #colour(name) {
    return this.#style.getPropertyValue(`--${name}`);
  }

  #draw() {
    requestAnimationFrame(() => this.#draw());
    const canvas = this.#canvas;
    const scale = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const pen = canvas.getContext('2d');
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.fillStyle = this.#colour('panel');
    pen.fillRect(0, 0, width, height);
    const { now: shown, at, partsPerMs, notes = [], planned = [], lines = [] } = this.#picture ?? { now: 0, at: 0, partsPerMs: 0 };
    const late = Math.max(0, Math.min(200, performance.timeOrigin + performance.now() - at));
    const now = shown + late * partsPerMs;
    // A beat is at least as wide as a finger; the present is at two thirds.
    const perBeat = Math.max(34, Math.min(70, width / 16));
    const x = (parts) => width * 0.66 + (parts - now) / BEAT * perBeat;
    this.#follow([...notes.map((note) => note[3]), ...planned.map((note) => note[2])]);
    const [low, high] = this.#range;
    const top = 26;
    const row = (height - top - 8) / (high - low + 1);
    const y = (key) => top + (high - key) * row;
    for (let key = low; key <= high; key += 1) {
      pen.fillStyle = BLACK.includes(key % 12) ? 'rgb(17 20 25)' : 'rgb(21 25 31)';
      pen.fillRect(0, y(key), width, row);
    }
    this.#lines(pen, lines, { x, width, height, top });
    pen.font = '12px Ubuntu, system-ui, sans-serif';
    for (let key = low; key <= high; key += 1) {
      if (key % 12) continue;
      pen.fillStyle = 'rgb(42 49 59)';
      pen.fillRect(0, y(key) + row, width, 1);
      pen.fillStyle = this.#colour('muted');
      pen.fillText(`C${key / 12 - 1}`, 6, y(key) + row - 1);
    }
    const box = (on, off, key, draw) => {
      const thick = Math.max(5, Math.min(10, row * 0.8));
      pen.beginPath();
      pen.roundRect(x(on), y(key) + row / 2 - thick / 2, Math.max(3, x(off) - x(on)), thick, 3);
      draw();
    };
    for (const [who, on, , key, , written] of notes) {
      if (who === 1 || !written) continue;
      box(written[0], written[0] + (written[1] ?? 0), key, () => {
        pen.fillStyle = 'rgb(31 54 79)';
        pen.fill();
      });
    }
    for (const [on, off, key] of planned) {
      box(on, off, key, () => {
        pen.strokeStyle = this.#colour('answer');
        pen.lineWidth = 1.5;
        pen.stroke();
      });
    }
    for (const [who, on, off, key, velocity] of notes) {
      box(on, Math.min(off, now), key, () => {
        pen.globalAlpha = 0.55 + 0.45 * velocity / 127;
        pen.fillStyle = this.#colour(who === 1 ? 'answer' : 'call');
        pen.fill();
        pen.globalAlpha = 1;
      });
      if (who === 1 && off > now && on < now) {
        box(now, off, key, () => { pen.strokeStyle = this.#colour('answer'); pen.lineWidth = 1.5; pen.stroke(); });
      }
    }
    pen.fillStyle = this.#colour('text');
    pen.fillRect(x(now) - 1, top, 2, height - top);
    pen.beginPath();
    pen.arc(x(now), top, 4, 0, 7);
    pen.fill();
  }

  #lines(pen, lines, { x, width, height, top }) {
    pen.font = '13px Ubuntu, system-ui, sans-serif';
    for (const [parts, kind, number] of lines) {
      const at = x(parts);
      if (at < 0 || at > width) continue;
      pen.fillStyle = { bar: 'rgb(76 86 99)', beat: 'rgb(36 42 51)', division: 'rgb(27 41 58)' }[kind];
      pen.fillRect(at, top, 1, height - top);
      if (kind === 'bar' && at < width - 300) {
        pen.fillStyle = this.#colour('muted');
        pen.fillText(number + 1, at + 6, 18);
      }
    }
  }

  /** Makes room for these keys, and gives back what has not been needed, slowly. */
  #follow(keys) {
    if (!keys.length) return;
    const [lowest, highest] = [Math.min(...keys), Math.max(...keys)];
    const margin = Math.max(2, Math.ceil((LEAST_KEYS - (highest - lowest + 1)) / 2));
    const [low, high] = this.#range;
    const near = (is, wanted) => (Math.abs(is - wanted) < 0.05 ? wanted : is + (wanted - is) * 0.2);
    const wanted = [Math.max(0, lowest - margin), Math.min(127, highest + margin)];
    this.#range = lowest < low || highest > high ? [Math.min(low, wanted[0]), Math.max(high, wanted[1])]
      : [Math.floor(near(low, Math.min(wanted[0], lowest))), Math.ceil(near(high, Math.max(wanted[1], highest)))];
  }
}
