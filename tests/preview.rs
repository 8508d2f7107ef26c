//! *Preview sound*: the built-in piano on the audio output.

use host::{Clap, Entry, Instance, Message, Pace, Rig, Settings, Transport, pair};

use crate::common::{OFFLINE, TEMPO, open, play_call, sample_of, start};
use crate::turns::set_text;
use crate::vst3::{in_both, with_vst3};

/// Places of *Preview sound* in the formats' units, of which the VST3's are 0 to 1.
#[derive(Clone, Copy)]
enum Preview {
    Off,
    Answers,
    Both,
}

fn set<I: Instance>(rig: &mut Rig<I>, preview: Preview) {
    let highest = *rig.parameter("Preview sound").unwrap().range.end();
    rig.set("Preview sound", f64::from(preview as u8) * highest / 2.0).unwrap();
}

/// The samples that are kept from now on.
fn listen<I: Instance>(rig: &mut Rig<I>) {
    rig.sound = Some([Vec::new(), Vec::new()]);
}

fn sound<I: Instance>(rig: &Rig<I>) -> &[Vec<f32>; 2] {
    rig.sound.as_ref().expect("the sound is kept")
}

/// The greatest distance from 0 on either side, from one sample to another.
fn peak<I: Instance>(rig: &Rig<I>, samples: std::ops::Range<u64>) -> f32 {
    let samples = usize::try_from(samples.start).unwrap_or(0)..usize::try_from(samples.end).unwrap_or(0);
    let sides = sound(rig).iter().flat_map(|side| &side[samples.clone()]);
    sides.fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// The first sample that is not silence.
fn begin<I: Instance>(rig: &Rig<I>) -> Option<u64> {
    let first = |side: &Vec<f32>| side.iter().position(|sample| *sample != 0.0);
    sound(rig).iter().filter_map(first).min().and_then(|place| u64::try_from(place).ok())
}

/// Plays the call and hears its answer, which is over after 16 beats.
fn perform<I: Instance>(rig: &mut Rig<I>, preview: Preview) {
    set(rig, preview);
    listen(rig);
    play_call(rig, 0);
    rig.run(sample_of(rig, 16.0)).unwrap();
}

#[test]
fn without_it_there_is_silence() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        perform(&mut rig, Preview::Off);
        assert!(pair(&rig.heard).len() > 2);
        assert_eq!(sound(&rig)[1].len(), usize::try_from(rig.now()).unwrap());
        assert_eq!(begin(&rig), None);
    }
    in_both!(test);
}

#[test]
fn an_answer_sounds_from_the_sample_of_its_first_note_and_the_call_does_not() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        rig.set("Thru", 1.0).unwrap();
        perform(&mut rig, Preview::Answers);
        let notes = pair(&rig.heard);
        let answer = notes[6].on_samples;
        assert!(answer > notes[5].on_samples && notes.len() > 8);
        // A hammer is heard within a millisecond: two samples of the font are spread over six of the host.
        let begin = begin(&rig).unwrap();
        assert!((answer..answer + 8).contains(&begin), "a note at {answer}, and a sound at {begin}");
        assert!(peak(&rig, answer..answer + 4800) > 0.01);
    }
    in_both!(test);
}

#[test]
fn what_the_player_does_sounds_too_if_it_is_passed_on() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        rig.set("Thru", 1.0).unwrap();
        perform(&mut rig, Preview::Both);
        let first = pair(&rig.heard)[0].on_samples;
        assert!((first..first + 8).contains(&begin(&rig).unwrap()));
    }
    in_both!(test);
    let mut rig = open(OFFLINE, Pace::Unpaced);
    perform(&mut rig, Preview::Both);
    let answer = pair(&rig.heard)[0].on_samples;
    assert!(begin(&rig).unwrap() >= answer, "nothing but the answer goes out");
}

#[test]
fn the_samples_are_the_same_at_any_block_size_and_in_both_formats() {
    fn all<I: Instance>(mut rig: Rig<I>) -> [Vec<f32>; 2] {
        rig.set("Thru", 1.0).unwrap();
        let pedal = |beat, value| (beat, Message::Midi([0xB0, 64, value]));
        for (beat, message) in [pedal(0.3, 127), pedal(2.2, 0)] {
            rig.send(sample_of(&rig, beat), message);
        }
        perform(&mut rig, Preview::Both);
        rig.sound.take().expect("it was kept")
    }
    let expected = all(open(Settings { max_block: 512, ..OFFLINE }, Pace::Unpaced));
    assert!(expected.iter().flatten().any(|sample| sample.abs() > 0.1));
    for max_block in [32, 1000] {
        let settings = Settings { max_block, ..OFFLINE };
        assert!(all(open(settings, Pace::Unpaced)) == expected, "blocks of {max_block}");
    }
    with_vst3(Settings { max_block: 64, ..OFFLINE }, |rig| assert!(all(rig) == expected, "the VST3"));
}

/// Lets an endless answer sound, ends it, and hears that it has ended so many seconds later.
fn ends<I: Instance>(mut rig: Rig<I>, seconds: f64, end: impl Fn(&mut Rig<I>)) {
    let last = *rig.parameter("Answer length").unwrap().range.end();
    rig.set("Answer length", last).unwrap();
    perform(&mut rig, Preview::Answers);
    assert!(peak(&rig, rig.now() - 4800..rig.now()) > 0.001, "it sounds");
    end(&mut rig);
    rig.run(rig.samples(seconds)).unwrap();
    let now = rig.now();
    rig.run(4800).unwrap();
    assert_eq!(peak(&rig, now..now + 4800), 0.0);
}

#[test]
fn nothing_sounds_on_when_the_song_stops_or_the_player_says_so() {
    /// A string is damped within half a second.
    const DAMPED: f64 = 0.6;
    /// What ends all ends it within 10 ms, from the next block on.
    const AT_ONCE: f64 = 0.025;
    fn test<I: Instance>(make: impl Fn(&dyn Fn(Rig<I>))) {
        make(&|rig| {
            ends(rig, DAMPED, |rig| rig.set_transport(Transport { is_playing: false, ..rig.transport() }));
        });
        for name in ["Panic", "Bypass"] {
            make(&|rig| ends(rig, AT_ONCE, |rig| rig.set(name, 1.0).unwrap()));
        }
        make(&|rig| ends(rig, AT_ONCE, |rig| set(rig, Preview::Off)));
    }
    test(|test| test(open(OFFLINE, Pace::Unpaced)));
    test(|test| with_vst3(OFFLINE, test));
    ends(open(OFFLINE, Pace::Unpaced), AT_ONCE, |rig| {
        rig.plugin.reset();
        rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    });
}

#[test]
fn it_plays_on_at_another_sampling_rate() {
    fn test<I: Instance>(mut rig: Rig<I>) {
        perform(&mut rig, Preview::Answers);
        for sample_rate in [44_100.0, 8000.0, 96_000.0] {
            rig.restart(Settings { sample_rate, ..OFFLINE }).unwrap();
            rig.set_transport(Transport::rolling(TEMPO));
            listen(&mut rig);
            let begun = rig.now();
            for (key, at) in [(60, 0.1), (64, 0.4), (67, 0.7)] {
                rig.send_note(begun + rig.samples(at), rig.samples(0.2), key, 90);
            }
            rig.run(rig.samples(4.0)).unwrap();
            // At 8 kHz the piano cannot play; the notes go out all the same.
            assert_eq!(begin(&rig).is_some(), sample_rate > 16_000.0, "{sample_rate}");
            assert!(rig.heard.iter().any(|event| event.at_samples > begun));
        }
    }
    in_both!(test);
}

#[test]
fn drums_that_pass_by_are_no_piano() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.set("Thru", 1.0).unwrap();
    set(&mut rig, Preview::Both);
    listen(&mut rig);
    rig.send(1000, Message::NoteOn { channel: 9, key: 40, velocity: 100 });
    rig.send(2000, Message::NoteOff { channel: 9, key: 40 });
    rig.run(4000).unwrap();
    assert_eq!((pair(&rig.heard).len(), begin(&rig)), (1, None));
    set_text(&mut rig, "Drums on channel 10", "Are heard");
    rig.send(5000, Message::NoteOn { channel: 9, key: 40, velocity: 100 });
    rig.run(4000).unwrap();
    assert!(begin(&rig).unwrap() >= 5000);
}

#[test]
fn a_song_from_before_it_stays_silent() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set(&mut rig, Preview::Both);
    rig.run(512).unwrap();
    let id = rig.parameter("Preview sound").unwrap().id;
    assert!(rig.plugin.value(id).unwrap() > 0.0);
    // A length of 8 bytes, and then text.
    let saved = rig.plugin.save().unwrap();
    let mut song: serde_json::Value = serde_json::from_slice(&saved[8..]).unwrap();
    assert!(song["params"].as_object_mut().unwrap().remove("preview").is_some());
    assert!(song["fields"].as_object_mut().unwrap().remove("has_sound").is_some());
    let song = serde_json::to_vec(&song).unwrap();
    let song = [&u64::try_from(song.len()).unwrap().to_le_bytes()[..], &song].concat();
    rig.plugin.load(&song).unwrap();
    assert_eq!(rig.plugin.value(id).unwrap(), 0.0);
    // Nor is its player asked whether there is a sound.
    let again = rig.plugin.save().unwrap();
    let again: serde_json::Value = serde_json::from_slice(&again[8..]).unwrap();
    assert_eq!(again["fields"]["has_sound"], "true");
}

#[test]
fn the_clap_is_a_note_effect_first_and_a_host_may_take_its_notes_alone() {
    let entry = Entry::linked(&antiphon::clap_entry).unwrap();
    assert_eq!(entry.features().unwrap(), ["note-effect", "utility"]);
    let layout = |layout| start(Rig::new(Clap::with_layout(&entry, OFFLINE, layout).unwrap(), OFFLINE, Pace::Unpaced));
    let (mut with, mut without) = (layout(0), layout(1));
    for rig in [&mut with, &mut without] {
        perform(rig, Preview::Both);
    }
    assert!(with.plugin.sound().is_some() && without.plugin.sound().is_none());
    assert!(pair(&with.heard).len() > 2);
    assert_eq!(with.heard, without.heard);
}
