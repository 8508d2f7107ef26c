// A link that holds a take: what was played, on which song, and the settings. Whoever opens it hears the same answer, since that
// depends on nothing else. It stays in the part of the address that browsers do not send.

const MAX_TEXT = 100_000;
const MAX_BYTES = 400_000;
const MAX_MESSAGES = 4000;
/** Ten minutes at 48 kHz. */
const MAX_SAMPLES = 10 * 60 * 48_000;

async function through(stream, bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    // A small link may hold a large nothing.
    if (length > MAX_BYTES) throw new Error('too long');
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Messages without the whole bars of silence before them, which no answer depends on. `bar` is the length of one in samples; where that is
 * no whole number, they are left as they are.
 */
export function trimmed(messages, bar) {
  if (!Number.isInteger(bar) || !messages.length) return messages;
  const silence = Math.floor(messages[0][0] / bar) * bar;
  return messages.map(([at, message]) => [at - silence, message]);
}

/** The text after the `#`: `take` is {messages: [[samples, message]], song, settings}. */
export async function write({ messages, song, settings }) {
  let before = 0;
  const steps = messages.map(([at, message]) => {
    const step = at - before;
    before = at;
    return [step, ...message];
  });
  const text = JSON.stringify({ version: 1, settings, song, steps });
  const bytes = await through(new CompressionStream('deflate-raw'), new TextEncoder().encode(text));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return `take=${btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** The take of such a text; null if it is none. Throws an error that says what is wrong. */
export async function read(text) {
  const packed = text.match(/^#?take=([\w-]+)$/)?.[1];
  if (!packed) return null;
  try {
    if (packed.length > MAX_TEXT) throw new Error('too long');
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = await through(new DecompressionStream('deflate-raw'), Uint8Array.from(binary, (letter) => letter.charCodeAt(0)));
    return take(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new Error('This link cannot be read: a part of it may be missing. Ask for it again, or play something of your own.');
  }
}

/** Nothing but what can be played is taken from it. */
function take({ version, settings, song, steps }) {
  const isWhole = (number, least, most) => Number.isInteger(number) && number >= least && number <= most;
  const isByte = (number) => isWhole(number, 0, 127);
  if (version !== 1 || steps.length > MAX_MESSAGES) throw new Error('no take');
  let at = 0;
  const messages = steps.map(([step, ...message]) => {
    at += isWhole(step, 0, MAX_SAMPLES) ? step : NaN;
    if (!(at <= MAX_SAMPLES) || !isWhole(message[0], 0x80, 0xef) || !isByte(message[1]) || !isByte(message[2])) throw new Error('no music');
    return [at, message.slice(0, 3)];
  });
  const isChange = ([later, tempo, beats, unit]) => isWhole(later, 0, MAX_SAMPLES) && tempo >= 20 && tempo <= 400 && isWhole(beats, 1, 64) && isWhole(unit, 1, 64);
  if (song && !(song.length > 0 && song.length <= 1000 && song[0][0] === 0 && song.every(isChange))) throw new Error('no song');
  const values = Object.entries(settings ?? {}).filter(([id, value]) => /^\w+$/.test(id) && Number.isFinite(value));
  return { messages, song: song ?? null, settings: Object.fromEntries(values) };
}
