//! How likely what came was.

use super::{Event, Session};
use crate::conditions::Conditions;
use crate::network::math;
use crate::session::context::Context;
use crate::tokens::vocab::{END, N_PITCHES};

impl Session {
    /// How unlikely an event is as the next one: -ln of the model's probability of its shift, pitch, duration and
    /// velocity, with nothing masked. Then feeds it, if it is a note. The first note's shift, and an end's duration and
    /// velocity, say nothing and are 0.
    pub fn score(&mut self, event: Event, conditions: Conditions) -> [f32; 4] {
        self.score_seeing(event, conditions, |_, _, _| {})
    }

    /// As [`Session::score`]; `see` is shown each attribute that says something: its index, all its logits and its value.
    pub fn score_seeing(
        &mut self,
        event: Event,
        conditions: Conditions,
        mut see: impl FnMut(usize, &[f32], u8),
    ) -> [f32; 4] {
        let conditions = self.known(conditions);
        let mut encoder = self.encoder();
        let (onset_ticks, values, note) = match event {
            Event::Note(note) => {
                let note = self.placed(note);
                (note.onset_ticks, encoder.encode(&note).values(), Some(note))
            }
            Event::End { at_ticks } => (at_ticks, encoder.end(at_ticks).values(), None),
        };
        let target = self.prefill_target(conditions, onset_ticks);
        Context::read_together(&self.weights.network, [&mut self.context], [target]);
        let position = self.metre.position(onset_ticks);
        let is_first = self.context.n_fed() == 0;
        self.recall();
        let mut nats = [0.0; 4];
        for (attribute, nats) in nats.iter_mut().enumerate() {
            let says_nothing = attribute == 0 && is_first || attribute >= 2 && values[1] == END;
            if !says_nothing {
                let mut buffer = [0.0; N_PITCHES];
                let logits = self.logits(&values[..attribute], position, &mut buffer);
                see(attribute, logits, values[attribute]);
                *nats = math::log_sum_exp(logits) - logits[usize::from(values[attribute])];
            }
        }
        if let Some(note) = note {
            self.push(note, conditions);
        }
        nats
    }
}
