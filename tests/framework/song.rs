//! A song whose host tells more than the rig's transport can: another metre before, and events within a block.

use host::clack_host::events::event_types::{NoteOffEvent, NoteOnEvent, TransportEvent, TransportFlags};
use host::clack_host::events::{EventFlags, EventHeader, Match};
use host::clack_host::prelude::{EventBuffer, Pckn};
use host::clack_host::utils::{BeatTime, SecondsTime};
use host::{Clap, Event, Pace, Played, Rig, pair};

use crate::common::{OFFLINE, TEMPO, open};
use crate::turns::set_text;

/// A song in 4/4 after one bar of 3/4, which goes at half the tempo from a sample on.
#[derive(Clone, Copy)]
pub(super) struct Song {
    /// The sample from which it is slower.
    pub(super) slows_at: u32,
}

impl Song {
    /// What the host says of it `offset` samples into the block that begins there.
    pub(super) fn told(self, samples: u32, offset: u32) -> TransportEvent {
        let now = samples + offset;
        let after = now.saturating_sub(self.slows_at);
        let beats = 3.0 + f64::from(now - after) / 12_000.0 + f64::from(after) / 24_000.0;
        TransportEvent {
            header: EventHeader::new_core(offset, EventFlags::empty()),
            flags: TransportFlags::HAS_TEMPO
                | TransportFlags::HAS_BEATS_TIMELINE
                | TransportFlags::HAS_TIME_SIGNATURE
                | TransportFlags::IS_PLAYING,
            song_pos_beats: BeatTime::from_float(beats),
            song_pos_seconds: SecondsTime::from_int(0),
            tempo: if now < self.slows_at { TEMPO } else { TEMPO / 2.0 },
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_int(0),
            loop_end_beats: BeatTime::from_int(0),
            loop_start_seconds: SecondsTime::from_int(0),
            loop_end_seconds: SecondsTime::from_int(0),
            bar_start: BeatTime::from_float(3.0 + ((beats - 3.0) / 4.0).floor() * 4.0),
            bar_number: 0,
            time_signature_numerator: 4,
            time_signature_denominator: 4,
        }
    }

    /// The answer at the next bar to three notes, when more happens in each block.
    pub(super) fn take(self, block: u32, more: impl Fn(&Rig<Clap>, u32, &mut EventBuffer)) -> Vec<Played> {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        set_text(&mut rig, "Start", "Next bar");
        rig.run(1).unwrap();
        let mut heard = Vec::new();
        for at in (0..200_000).step_by(block as usize) {
            let mut events = EventBuffer::new();
            more(&rig, at, &mut events);
            for (on, key) in [(1_800, 62u16), (13_800, 65), (25_800, 69)] {
                let note = Pckn::new(0u16, 0u16, key, Match::All);
                if at == on / block * block {
                    events.push(&NoteOnEvent::new(on - at, note, 0.7));
                }
                if at == (on + 6_000) / block * block {
                    events.push(&NoteOffEvent::new(on + 6_000 - at, note, 0.0));
                }
            }
            let sent = rig.plugin.process_raw(block, Some(&self.told(at, 0)), &events).unwrap();
            heard.extend(sent.into_iter().map(|(offset, message)| Event { at_samples: (at + offset).into(), message }));
        }
        let notes = pair(&heard);
        assert!(!notes.is_empty());
        notes
    }
}
