//! An answer note by note, as the plugin makes it: what would run in circles is chosen anew.

use engine::repeat::{FREER, MOST_TRIES, SHARE_LET_THROUGH, is_enough, is_repeat};
use engine::{Ask, Bend, Event, Note, Session};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// See the module.
#[derive(Debug)]
pub(crate) struct Answering {
    made: Vec<(Note, bool)>,
    rng: ChaCha8Rng,
}

impl Answering {
    /// Nothing yet. The same seed, of the session as well, gives the same answer.
    pub(crate) fn new(seed: u64) -> Self {
        Self { made: Vec::new(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The next note; None when the music ends by itself.
    pub(crate) fn next(&mut self, session: &mut Session, ask: &Ask) -> Option<Note> {
        let is_let_through = self.rng.random::<f32>() < SHARE_LET_THROUGH;
        let before = session.mark();
        let (mut ask, mut avoid) = (*ask, None);
        for attempt in 0.. {
            let Event::Note(note) = session.next_bent(&ask, &Bend { avoid, ..Bend::default() }) else { break };
            let is_repeat = is_repeat(&self.made, note);
            let is_too_much = is_repeat && is_enough(&self.made, note.onset_ticks);
            if !is_too_much || is_let_through || attempt == MOST_TRIES {
                self.made.push((note, is_repeat));
                return Some(note);
            }
            session.rewind(&before);
            session.seed(self.rng.random());
            avoid = Some(note.pitch);
            ask.sampling.temperature *= FREER;
        }
        None
    }
}
