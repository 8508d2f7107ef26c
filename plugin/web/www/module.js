// The module of the duet: asks in JSON, and files as bytes. plugin/web/src/request.rs has the list of what can be asked.

/**
 * What a module imports, as functions that must never be called: a crate for archives, which the module only reads, would like random
 * numbers.
 */
export function nothing(compiled) {
  const imports = {};
  for (const { module, name } of WebAssembly.Module.imports(compiled)) {
    imports[module] ??= {};
    imports[module][name] = () => { throw new Error(`${name} is not to be called`); };
  }
  return imports;
}

/** A module that is ready to be asked. `compiled` is a WebAssembly.Module. */
export async function begin(compiled) {
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  const { exports } = await WebAssembly.instantiate(compiled, nothing(compiled));
  const put = (room, bytes) => {
    // Making room may move the memory.
    const place = room(bytes.length);
    new Uint8Array(exports.memory.buffer, place, bytes.length).set(bytes);
  };
  /** An object, or a file as bytes. Throws an error whose message is a sentence for the user. */
  return function ask(request, file) {
    if (file) put(exports.file_room, file);
    put(exports.request_room, encoder.encode(JSON.stringify(request)));
    const kind = exports.handle();
    const [start, length] = [exports.reply_start(), exports.reply_length()];
    const reply = new Uint8Array(exports.memory.buffer, start, length);
    if (kind === 2) return reply.slice();
    const text = decoder.decode(reply);
    if (kind === 1) throw new Error(text);
    return JSON.parse(text);
  };
}

/**
 * The smallest module with a relaxed dot product: (v128.const 0, v128.const 0, v128.const 0, i32x4.relaxed_dot_i8x16_i7x16_add_s, drop).
 * A browser that takes it plays the faster module, with the same notes.
 */
export function hasRelaxedSimd() {
  const zero = [0xfd, 12, ...Array(16).fill(0)];
  const body = [0, ...zero, ...zero, ...zero, 0xfd, 0x93, 0x02, 0x1a, 0x0b];
  const section = [10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, ...section]));
}
