// The controls: a card for each parameter of the table, in groups as in the plugin's window.

/** What is no control on a page: buttons of their own, what the browser does, and what needs a host. */
const ELSEWHERE = ['mode', 'hand_over', 'another', 'another_back', 'bypass', 'panic', 'preview', 'drums', 'ahead', 'hand_cc'];
const NAMES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'];
/** Steps of a slider that has a curve. */
const FINE = 1000;

const keyName = (key) => (key < 0 ? 'Off' : `${NAMES[key % 12]}${Math.floor(key / 12) - 1}`);

export class Controls {
  #params;
  #change;
  #values = new Map();
  #styles;
  #tabs;
  #cards;
  #group = 'Style';

  /** `change(id, value)` is told what is moved. */
  constructor({ tabs, cards, params, styles, change }) {
    this.#params = params;
    this.#styles = styles;
    this.#change = change;
    this.#tabs = tabs;
    this.#cards = cards;
    for (const { id, default: value } of params.map((param) => ({ id: param.id, default: Controls.#default(param) }))) this.#values.set(id, value);
    const groups = [...new Set(this.#shown().map((param) => param.group))];
    tabs.replaceChildren(...groups.map((group) => this.#tab(group)));
    tabs.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      this.#choose(groups[(groups.indexOf(this.#group) + step + groups.length) % groups.length]);
      tabs.querySelector('[aria-selected=true]').focus();
    });
    this.#choose(this.#group);
  }

  static #default({ kind }) {
    return kind.type === 'Style' ? 0 : kind.type.endsWith('OrOff') ? -1 : Number(kind.default ?? 0);
  }

  #shown() {
    return this.#params.filter((param) => param.group !== 'None' && !ELSEWHERE.includes(param.id));
  }

  #tab(group) {
    const button = Object.assign(document.createElement('button'), { textContent: group, onclick: () => this.#choose(group) });
    button.setAttribute('role', 'tab');
    button.dataset.group = group;
    return button;
  }

  #choose(group) {
    this.#group = group;
    for (const tab of this.#tabs.children) {
      tab.setAttribute('aria-selected', tab.dataset.group === group);
      tab.tabIndex = tab.dataset.group === group ? 0 : -1;
    }
    this.#cards.setAttribute('aria-label', group);
    this.#cards.replaceChildren(...this.#shown().filter((param) => param.group === group).map((param) => this.#card(param)));
  }

  /** The names of the styles have changed. */
  setStyles(styles) {
    this.#styles = styles;
    this.#choose(this.#group);
  }

  get(id) {
    return this.#values.get(id);
  }

  /** What differs from the defaults: {id: value}. */
  get moved() {
    const moved = this.#params.filter((param) => this.get(param.id) !== Controls.#default(param));
    return Object.fromEntries(moved.map(({ id }) => [id, this.get(id)]));
  }

  /** Sets all: what is not among the values goes to its default. */
  setAll(values) {
    for (const param of this.#params) {
      const value = Number(values[param.id] ?? Controls.#default(param));
      if (value !== this.get(param.id)) this.set(param.id, value);
    }
    this.#choose(this.#group);
  }

  set(id, value) {
    if (!this.#values.has(id) || !Number.isFinite(value)) return;
    this.#values.set(id, value);
    this.#change(id, value);
  }

  text(id) {
    const { kind } = this.#params.find((param) => param.id === id);
    return Controls.#text(kind, this.get(id));
  }

  static #text({ type, names, unit, step = 1 }, value) {
    if (type === 'Choice') return names[value];
    if (type === 'Percent') return `${Math.round(value * 100)} %`;
    if (type === 'Float') return `${Number(value.toFixed(step < 0.1 ? 2 : 1))}${unit}`;
    return type.startsWith('Key') ? keyName(value) : String(value);
  }

  #card({ id, name, kind, tip }) {
    const card = Object.assign(document.createElement('div'), { className: 'card', title: tip });
    const label = Object.assign(document.createElement('label'), { textContent: name, htmlFor: `param-${id}` });
    card.append(label, ...this.#input(id, kind));
    card.querySelector('select, input').id = `param-${id}`;
    return card;
  }

  #input(id, kind) {
    const make = (tag, more) => Object.assign(document.createElement(tag), more);
    const value = this.get(id);
    const names = { Choice: () => kind.names, Style: () => this.#styles, Key: () => [...Array(128).keys()].map(keyName) }[kind.type]?.();
    if (names || kind.type === 'KeyOrOff') {
      const all = names?.map((text, place) => [text, place]) ?? [-1, ...Array(128).keys()].map((key) => [keyName(key), key]);
      const select = make('select', { onchange: () => this.set(id, Number(select.value)) });
      select.replaceChildren(...all.map(([text, place]) => make('option', { textContent: text, value: place })));
      select.value = value;
      return [select];
    }
    if (kind.type === 'Switch') {
      const box = make('input', { type: 'checkbox', checked: value !== 0, onchange: () => this.set(id, Number(box.checked)) });
      return [box];
    }
    if (kind.type === 'Integer') {
      const { min, max } = kind;
      const number = make('input', { type: 'number', min, max, step: 1, value });
      number.onchange = () => {
        number.value = Math.max(min, Math.min(max, Math.round(Number(number.value) || min)));
        this.set(id, Number(number.value));
      };
      return [number];
    }
    const { at, from } = curve(kind);
    const output = make('output', { textContent: Controls.#text(kind, value) });
    const slider = make('input', { type: 'range', min: 0, max: FINE, step: 1, value: Math.round(at(value) * FINE) });
    slider.setAttribute('aria-valuetext', output.textContent);
    slider.oninput = () => {
      const step = kind.step ?? 0.01;
      const next = Number((Math.round(from(slider.value / FINE) / step) * step).toFixed(4));
      this.set(id, next);
      output.textContent = Controls.#text(kind, next);
      slider.setAttribute('aria-valuetext', output.textContent);
    };
    return [output, slider];
  }
}

/** Where on a slider a value is, and the value at a place: see Range in plugin/live/src/params/spec.rs. */
function curve({ range, min, max }) {
  const { curve: kind = 'Linear', min: least, max: most, factor = 1, center } = range ?? { min, max };
  const part = (value) => (value - least) / (most - least);
  if (kind !== 'SymmetricalSkewed') {
    return { at: (value) => part(value) ** factor, from: (place) => least + (most - least) * place ** (1 / factor) };
  }
  const middle = part(center);
  const at = (value) => {
    const its = part(value);
    return its > middle ? 0.5 + 0.5 * ((its - middle) / (1 - middle)) ** factor : 0.5 - 0.5 * ((middle - its) / middle) ** factor;
  };
  const from = (place) => {
    const away = Math.abs(place - 0.5) * 2;
    const its = place > 0.5 ? middle + (1 - middle) * away ** (1 / factor) : middle - middle * away ** (1 / factor);
    return least + (most - least) * its;
  };
  return { at, from };
}
