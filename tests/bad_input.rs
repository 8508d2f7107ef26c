//! What no sound host sends, and some hosts do.

use host::clack_host::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use host::clack_host::events::{EventFlags, EventHeader, Match};
use host::clack_host::prelude::{ClapId, EventBuffer, Pckn};
use host::clack_host::utils::{BeatTime, SecondsTime};
use host::{Instance, Message, Pace, Transport, pair};

use crate::common::{OFFLINE, TEMPO, answer, assert_released, open, play_call, sample_of};

#[test]
fn malformed_notes_are_survived_and_leave_nothing_sounding() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let thru = rig.parameter("Thru").unwrap();
    rig.set("Thru", *thru.range.end()).unwrap();
    rig.run(512).unwrap();

    let any = Pckn::match_all();
    let note = |channel: u16, key: u16| Pckn::new(0u16, channel, key, Match::All);
    let mut events = EventBuffer::new();
    for velocity in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300, 1.0] {
        events.push(&NoteOnEvent::new(0, note(0, 60), velocity));
        events.push(&NoteOnEvent::new(3, any, velocity));
        events.push(&NoteOffEvent::new(5, note(0, 60), velocity));
    }
    for (channel, key) in [(0, 128), (0, 255), (16, 60), (300, 300), (0, 32_000), (32_000, 0)] {
        events.push(&NoteOnEvent::new(7, note(channel, key), 0.5));
        events.push(&NoteOffEvent::new(8, note(channel, key), 0.5));
        events.push(&NoteChokeEvent::new(8, note(channel, key)));
    }
    events.push(&NoteOffEvent::new(9, any, 0.0));
    // Out of order, and beyond a block of 512.
    for time in [400, 10, 511, 512, 513, 100_000, u32::MAX, 0] {
        events.push(&NoteOnEvent::new(time, note(0, 64), 0.5));
        events.push(&NoteOffEvent::new(time, note(0, 64), 0.5));
    }
    for data in
        [[0x90, 200, 200], [0xFF, 0xFF, 0xFF], [0x00, 0x00, 0x00], [0xF0, 1, 2], [0x80, 255, 255], [0xB0, 123, 0]]
    {
        events.push(&MidiEvent::new(11, 0, data));
        events.push(&MidiEvent::new(11, 7, data));
    }
    let sent = rig.plugin.process_raw(512, None, &events).unwrap();
    assert!(sent.windows(2).all(|pair| pair[0].0 <= pair[1].0), "out of order: {sent:?}");
    assert!(sent.iter().all(|&(offset, _)| offset < 512), "beyond the block: {sent:?}");

    // Whatever it made of that, a stop clears it, and it still answers.
    let mut rig_events: Vec<host::Event> =
        sent.into_iter().map(|(_, message)| host::Event { at_samples: 0, message }).collect();
    rig.set_transport(Transport { is_playing: false, ..rig.transport() });
    rig.run(48_000).unwrap();
    rig.plugin.reset();
    rig.run(48_000).unwrap();
    rig_events.extend(&rig.heard);
    assert_released(&pair(&rig_events));
}

#[test]
fn parameters_take_any_number() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let parameters = rig.plugin.parameters().to_vec();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e9, 1e9, 0.5] {
        for parameter in &parameters {
            rig.send(rig.now(), Message::Parameter { id: parameter.id, value });
        }
        rig.run(2000).unwrap();
    }
    let mut unknown = EventBuffer::new();
    unknown.push(&ParamValueEvent::new(0, ClapId::new(123_456), Pckn::match_all(), 0.5));
    rig.plugin.process_raw(512, None, &unknown).unwrap();
    for parameter in &parameters {
        rig.send(rig.now(), Message::Parameter { id: parameter.id, value: parameter.default });
    }
    rig.set("Thru", 0.0).unwrap();
    rig.set_transport(Transport::rolling(TEMPO));
    let start = rig.now();
    rig.run(512).unwrap();
    rig.heard.clear();
    for beat in 0..4 {
        rig.send_note(start + sample_of(&rig, f64::from(beat + 1)), 4000, 62, 90);
    }
    rig.run(sample_of(&rig, 12.0)).unwrap();
    assert!(!pair(&rig.heard).is_empty(), "after sane values the plugin must answer again");
}

#[test]
fn absurd_transports_are_survived() {
    let sound = TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags: TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE
            | TransportFlags::HAS_SECONDS_TIMELINE
            | TransportFlags::HAS_TIME_SIGNATURE
            | TransportFlags::IS_PLAYING
            | TransportFlags::IS_LOOP_ACTIVE,
        song_pos_beats: BeatTime::from_int(0),
        song_pos_seconds: SecondsTime::from_int(0),
        tempo: 120.0,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_int(8),
        loop_end_beats: BeatTime::from_int(-8),
        loop_start_seconds: SecondsTime::from_int(0),
        loop_end_seconds: SecondsTime::from_int(0),
        bar_start: BeatTime::from_int(0),
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    };
    let mut absurd = vec![None, Some(TransportEvent { flags: TransportFlags::empty(), ..sound })];
    for tempo in [0.0, -120.0, f64::NAN, f64::INFINITY, 1e-300, 1e300, 999_999.0] {
        absurd.push(Some(TransportEvent { tempo, tempo_inc: tempo, ..sound }));
    }
    for (numerator, denominator) in [(0, 4), (4, 0), (0, 0), (65_535, 1), (1, 65_535), (5, 3)] {
        absurd.push(Some(TransportEvent {
            time_signature_numerator: numerator,
            time_signature_denominator: denominator,
            ..sound
        }));
    }
    for bits in [i64::MIN, i64::MAX, -1] {
        absurd.push(Some(TransportEvent {
            song_pos_beats: BeatTime::from_bits(bits),
            bar_start: BeatTime::from_bits(bits),
            bar_number: i32::MIN,
            ..sound
        }));
    }
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for transport in &absurd {
        for round in 0..40u16 {
            let mut events = EventBuffer::new();
            let key = Pckn::new(0u16, 0u16, 60 + round % 12, Match::All);
            events.push(&NoteOnEvent::new(0, key, 0.7));
            events.push(&NoteOffEvent::new(500, key, 0.0));
            let sent = rig.plugin.process_raw(512, transport.as_ref(), &events).unwrap();
            assert!(sent.iter().all(|&(offset, _)| offset < 512));
        }
        for _ in 0..40 {
            rig.plugin.process_raw(512, transport.as_ref(), &EventBuffer::new()).unwrap();
        }
    }
    let mut fresh = open(OFFLINE, Pace::Unpaced);
    play_call(&mut fresh, 0);
    assert!(!answer(&mut fresh, 12).is_empty());
}

#[test]
fn empty_blocks_change_nothing() {
    let expected = answer(&mut open(OFFLINE, Pace::Unpaced), 12);
    let mut rig = open(OFFLINE, Pace::Unpaced);
    play_call(&mut rig, 0);
    let end = sample_of(&rig, 12.0);
    while rig.now() < end {
        let transport = rig.transport();
        rig.plugin.process(0, &transport, &[], &mut Vec::new()).unwrap();
        rig.run(4096.min(end - rig.now())).unwrap();
    }
    assert_eq!(pair(&rig.heard), expected);
}
