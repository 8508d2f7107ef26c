//! What a project file keeps.

use host::{Instance, Message, Pace};

use crate::common::{OFFLINE, answer, open, sample_of};

/// A small random number generator (xorshift64*), so that a failure can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % n
    }

    /// A number from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "20 bits")]
    pub(crate) fn fraction(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from((1 << 20) - 1)
    }
}

fn values(rig: &mut host::Rig<host::Clap>) -> Vec<(String, f64)> {
    let parameters = rig.plugin.parameters().to_vec();
    parameters.into_iter().map(|p| (p.name, rig.plugin.value(p.id).unwrap())).collect()
}

#[test]
fn every_parameter_survives_saving_and_loading() {
    let mut random = Random(7);
    for _ in 0..20 {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        for parameter in rig.plugin.parameters().to_vec() {
            let (low, high) = (*parameter.range.start(), *parameter.range.end());
            let value = low + random.fraction() * (high - low);
            rig.send(0, Message::Parameter { id: parameter.id, value });
        }
        rig.run(512).unwrap();
        let before = values(&mut rig);
        let saved = rig.plugin.save().unwrap();
        let mut fresh = open(OFFLINE, Pace::Unpaced);
        fresh.plugin.load(&saved).unwrap();
        assert_eq!(values(&mut fresh), before);
        assert_eq!(fresh.plugin.save().unwrap(), saved, "saving again must give the same bytes");
    }
}

#[test]
fn a_loaded_project_gives_the_saved_answer() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let seed = rig.plugin.read_text("Seed", "17").unwrap();
    rig.set("Seed", seed).unwrap();
    rig.run(1).unwrap();
    let saved = rig.plugin.save().unwrap();
    let mut again = open(OFFLINE, Pace::Unpaced);
    again.plugin.load(&saved).unwrap();
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.set("Seed", seed).unwrap();
    let expected = answer(&mut rig, 12);
    assert!(!expected.is_empty());
    assert_eq!(answer(&mut again, 12), expected);
}

#[test]
fn damaged_states_are_refused_or_survived() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.run(512).unwrap();
    let saved = rig.plugin.save().unwrap();
    let mut random = Random(11);
    for round in 0..200 {
        let mut blob = saved.clone();
        match round % 4 {
            0 => blob.truncate(usize::try_from(random.below(saved.len() as u64)).unwrap()),
            1 => {
                for _ in 0..=random.below(8) {
                    let at = usize::try_from(random.below(saved.len() as u64)).unwrap();
                    blob[at] ^= 1 << random.below(8);
                }
            }
            2 => blob = (0..random.below(4096)).map(|_| u8::try_from(random.below(256)).unwrap()).collect(),
            _ => blob.extend((0..random.below(64)).map(|_| u8::try_from(random.below(256)).unwrap())),
        }
        // A refusal is right; what must not happen is a crash, a hang, or values out of range.
        let _ = rig.plugin.load(&blob);
        rig.run(512).unwrap();
        for parameter in rig.plugin.parameters().to_vec() {
            let value = rig.plugin.value(parameter.id).unwrap();
            assert!(parameter.range.contains(&value), "{} is {value} after blob {round}", parameter.name);
        }
    }
    rig.plugin.load(&saved).unwrap();
    assert_eq!(rig.plugin.save().unwrap(), saved);
}

#[test]
fn learning_from_the_player_changes_answers_and_is_off_at_0() {
    // One figure again and again: the answer takes it up, and then leans towards it.
    let lean = |learn: &str| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        let value = rig.plugin.read_text("Learn from me", learn).unwrap();
        rig.set("Learn from me", value).unwrap();
        for (key, half_beat) in [62, 64, 65, 64].repeat(12).into_iter().zip(0u32..) {
            let beat = f64::from(half_beat) / 2.0;
            let (on, off) = (sample_of(&rig, beat), sample_of(&rig, beat + 0.5));
            rig.send(on, Message::NoteOn { channel: 0, key, velocity: 90 });
            rig.send(off, Message::NoteOff { channel: 0, key });
        }
        rig.run(sample_of(&rig, 60.0)).unwrap();
        host::pair(&rig.heard)
    };
    let [off, on] = ["0 %", "100 %"].map(lean);
    assert!(!off.is_empty() && on != off);
    assert_eq!((lean("0 %"), lean("100 %")), (off, on), "an offline render repeats itself");
}

#[test]
fn a_song_that_is_saved_and_loaded_in_the_middle_of_an_answer_goes_on_as_it_was() {
    let set = |rig: &mut host::Rig<host::Clap>, name: &str, text: &str| {
        let value = rig.plugin.read_text(name, text).unwrap();
        rig.set(name, value).unwrap();
    };
    let song = || {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        for (name, text) in [("Answer length", "8 bars"), ("Seed", "5"), ("Style", "4")] {
            set(&mut rig, name, text);
        }
        crate::common::play_call(&mut rig, 0);
        rig.run(sample_of(&rig, 10.0)).unwrap();
        rig
    };
    let mut rig = song();
    let saved = rig.plugin.save().unwrap();
    rig.run(sample_of(&rig, 10.0)).unwrap();
    let expected = host::pair(&rig.heard);

    let mut rig = song();
    rig.plugin.load(&saved).unwrap();
    rig.run(sample_of(&rig, 10.0)).unwrap();
    assert_eq!(host::pair(&rig.heard), expected, "loaded over itself");
    let mut other = open(OFFLINE, Pace::Unpaced);
    other.plugin.load(&saved).unwrap();
    assert_eq!(answer(&mut other, 20), expected, "loaded and played from the start");

    // Another song ends what sounds.
    let mut off = open(OFFLINE, Pace::Unpaced);
    for (name, text) in [("Mode", "Off"), ("Output channel", "5")] {
        set(&mut off, name, text);
    }
    off.run(64).unwrap();
    rig.plugin.load(&off.plugin.save().unwrap()).unwrap();
    rig.run(1024).unwrap();
    crate::common::assert_released(&host::pair(&rig.heard));
}

#[test]
fn takes_and_memory_are_kept_with_the_song_and_the_memory_is_heard() {
    let rewritten = |saved: &[u8], from: &str, to: &str| -> Vec<u8> {
        let text = std::str::from_utf8(&saved[8..]).unwrap();
        let text = text.replace(from, to);
        assert!(text.contains(to), "{text}");
        (text.len() as u64).to_le_bytes().into_iter().chain(text.bytes()).collect()
    };
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.run(64).unwrap();
    let empty = rig.plugin.save().unwrap();
    let note = r#"{\"is_answer\":true,\"on_ticks\":0,\"off_ticks\":48,\"key\":60,\"velocity\":80}"#;
    let take = format!(r#""takes":"[{{\"tempo\":120.0,\"bar_ticks\":192,\"notes\":[{note}]}}]""#);
    let memory = r#"\"notes\":[[0,48,60,80,1],[48,48,62,80,1],[96,48,64,80,1]],\"own\":[[0,48,60,80,true]]"#;
    let saved = rewritten(&empty, r#""takes":"[]""#, &take);
    let saved = rewritten(&saved, r#"\"notes\":[],\"own\":[]"#, memory);

    let answer_of = |saved: &[u8]| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        rig.plugin.load(saved).unwrap();
        assert_eq!(rig.plugin.save().unwrap(), saved);
        answer(&mut rig, 16)
    };
    assert_eq!(answer_of(&saved), answer_of(&saved));
    assert_ne!(answer_of(&saved), answer_of(&empty));
}

#[test]
fn a_song_of_before_drums_could_be_heard_lets_them_pass_by() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.run(64).unwrap();
    let saved = rig.plugin.save().unwrap();
    let text = std::str::from_utf8(&saved[8..]).unwrap();
    let (before, after) = text.split_once(r#""drums":"#).unwrap();
    let older = format!("{before}{}", after.split_once("},").unwrap().1);
    let mut blob = (older.len() as u64).to_le_bytes().to_vec();
    blob.extend(older.bytes());
    let mut fresh = open(OFFLINE, Pace::Unpaced);
    fresh.plugin.load(&blob).unwrap();
    let drums = fresh.parameter("Drums on channel 10").unwrap();
    assert_eq!(fresh.plugin.value_text(drums.id, drums.default).unwrap(), "Pass by");
    assert_eq!(values(&mut fresh), values(&mut rig));
}
