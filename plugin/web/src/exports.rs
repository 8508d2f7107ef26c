//! What a browser calls. Texts and files go through the module's memory: the page asks for room, writes there, and reads the reply from
//! where it is told. Safe code throughout: all that is unsafe is that these names must not be those of other functions.
#![expect(unsafe_code, reason = "a name that stays as it is")]

use std::cell::RefCell;

use piano::Piano;

use crate::page::Page;
use crate::request::{self, Reply};

/// Samples that an audio thread asks for at a time.
const MAX_FRAMES: usize = 1024;

#[derive(Default)]
struct Module {
    page: Page,
    request: Vec<u8>,
    file: Vec<u8>,
    reply: Vec<u8>,
}

struct Sound {
    piano: Piano,
    left: [f32; MAX_FRAMES],
    right: [f32; MAX_FRAMES],
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::default();
    static SOUND: RefCell<Option<Box<Sound>>> = const { RefCell::new(None) };
}

/// Room for a request of so many bytes.
#[unsafe(no_mangle)]
extern "C" fn request_room(n_bytes: usize) -> *mut u8 {
    MODULE.with_borrow_mut(|module| room(&mut module.request, n_bytes))
}

/// Room for the file that goes with it.
#[unsafe(no_mangle)]
extern "C" fn file_room(n_bytes: usize) -> *mut u8 {
    MODULE.with_borrow_mut(|module| room(&mut module.file, n_bytes))
}

fn room(buffer: &mut Vec<u8>, n_bytes: usize) -> *mut u8 {
    buffer.clear();
    buffer.resize(n_bytes, 0);
    buffer.as_mut_ptr()
}

/// Does what is asked. 0: the reply is JSON, 1: it says what is wrong, 2: it is a file.
#[unsafe(no_mangle)]
extern "C" fn handle() -> u32 {
    MODULE.with_borrow_mut(|module| {
        let file = std::mem::take(&mut module.file);
        let outcome = serde_json::from_slice(&module.request)
            .map_err(|error| error.to_string())
            .and_then(|request| request::handle(&mut module.page, request, &file));
        let (kind, reply) = match outcome {
            Ok(Reply::Json(value)) => (0, value.to_string().into_bytes()),
            Err(why) => (1, why.into_bytes()),
            Ok(Reply::File(bytes)) => (2, bytes),
        };
        module.reply = reply;
        kind
    })
}

/// Where the reply is.
#[unsafe(no_mangle)]
extern "C" fn reply_start() -> *const u8 {
    MODULE.with_borrow(|module| module.reply.as_ptr())
}

/// How long it is.
#[unsafe(no_mangle)]
extern "C" fn reply_length() -> usize {
    MODULE.with_borrow(|module| module.reply.len())
}

/// Makes the piano. Whether there is one.
#[unsafe(no_mangle)]
extern "C" fn piano_begin(sample_rate_hz: f32) -> bool {
    let Ok(piano) = Piano::new(sample_rate_hz) else { return false };
    let sound = Box::new(Sound { piano, left: [0.0; MAX_FRAMES], right: [0.0; MAX_FRAMES] });
    SOUND.set(Some(sound));
    true
}

/// Plays a MIDI message, from now on.
#[unsafe(no_mangle)]
extern "C" fn piano_play(status: u8, first: u8, second: u8) {
    let (channel, value) = (status & 15, f32::from(second) / 127.0);
    SOUND.with_borrow_mut(|sound| {
        let Some(sound) = sound else { return };
        match status & 0xf0 {
            0x90 if second > 0 => sound.piano.note_on(channel, first, value),
            0x80 | 0x90 => sound.piano.note_off(channel, first),
            0xb0 => sound.piano.controller(channel, first, value),
            _ => {}
        }
    });
}

/// Makes the next frames, at most 1024.
#[unsafe(no_mangle)]
extern "C" fn piano_render(n_frames: usize) {
    SOUND.with_borrow_mut(|sound| {
        let Some(sound) = sound else { return };
        let n_frames = n_frames.min(MAX_FRAMES);
        sound.piano.render(&mut sound.left[..n_frames], &mut sound.right[..n_frames]);
    });
}

/// Where they are: left, or right.
#[unsafe(no_mangle)]
extern "C" fn piano_frames(is_right: bool) -> *const f32 {
    SOUND.with_borrow(|sound| {
        let side = sound.as_ref().map(|sound| if is_right { &sound.right } else { &sound.left });
        side.map_or(std::ptr::null(), |side| side.as_ptr())
    })
}
