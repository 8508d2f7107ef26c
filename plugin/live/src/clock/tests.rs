use super::*;

const PLAYING: Transport = Transport {
    is_playing: true,
    beats: Some(0.0),
    tempo: Some(120.0),
    bar_start_beats: Some(0.0),
    signature: Some((3, 4)),
};

fn at(beats: f64) -> Transport {
    Transport { beats: Some(beats), ..PLAYING }
}

#[test]
fn ticks_and_samples_do_not_depend_on_the_blocks() {
    // 44.1 kHz at 131.7 BPM: nothing is a whole number.
    for block in [1u32, 7, 64, 1000] {
        let mut clock = Clock::new(44_100.0);
        let mut whole = Clock::new(44_100.0);
        whole.begin_block(&Transport { tempo: Some(131.7), ..PLAYING });
        for start in (0..20_000u32).step_by(block as usize) {
            let beats = f64::from(start) / 44_100.0 / 60.0 * 131.7;
            let course = clock.begin_block(&Transport { tempo: Some(131.7), beats: Some(beats), ..PLAYING });
            assert_eq!(course, if start == 0 { Course::BeginsAnew } else { Course::GoesOn });
            for offset in [0, block / 2, block - 1] {
                assert_eq!(clock.tick_at(offset), whole.tick_at(start + offset));
            }
            for tick in [0, 5, 48, 40] {
                assert_eq!(clock.offset_of(tick) + i64::from(start), whole.offset_of(tick));
            }
            clock.end_block(block);
        }
    }
}

#[test]
fn floor_is_the_floor() {
    let values = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, -1e-300, 2.999_999, -3.000_001, 1e15 + 0.5, -1e15 - 0.5];
    let senseless = [1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for value in values.into_iter().chain(senseless) {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let expected = value.floor() as i64;
        assert_eq!(floor(value), expected, "{value}");
    }
}

#[test]
fn a_tick_begins_on_its_sample() {
    let mut clock = Clock::new(48_000.0);
    clock.begin_block(&PLAYING);
    // 500 samples per tick.
    for (tick, offset) in [(0, 0), (1, 500), (48, 24_000), (-1, -500)] {
        assert_eq!(clock.offset_of(tick), offset);
    }
    for (offset, tick) in [(0, 0), (249, 0), (250, 1), (251, 1), (500, 1)] {
        assert_eq!(clock.tick_at(offset), tick, "{offset}");
    }
    assert_eq!(clock.ticks_of_ms(1000.0), 96);
    assert_eq!(clock.ticks_of_ms(0.0), 1);
}

#[test]
fn starts_seeks_and_loops_are_jumps_and_a_stop_ends_all() {
    let mut clock = Clock::new(48_000.0);
    let stopped = |beats| Transport { is_playing: false, ..at(beats) };
    let steps = [
        (at(4.0), Course::BeginsAnew, 192, "the first block"),
        (at(5.0), Course::GoesOn, 240, "a beat later"),
        (at(4.0), Course::Jumps, 192, "a loop"),
        (at(80.0), Course::Jumps, 3840, "a seek"),
        (stopped(81.0), Course::BeginsAnew, 0, "a stop"),
        (stopped(3.0), Course::GoesOn, 48, "a stopped song can be moved"),
        (at(3.0), Course::Jumps, 144, "a start"),
    ];
    for (transport, course, tick, what) in steps {
        assert_eq!((clock.begin_block(&transport), clock.tick_at(0)), (course, tick), "{what}");
        assert_eq!(clock.metre() == Metre::Free, !transport.is_playing, "{what}");
        clock.end_block(24_000);
    }
    clock.restart();
    assert_eq!(clock.begin_block(&at(4.0)), Course::BeginsAnew, "a reset");
}

#[test]
fn a_tempo_change_bends_time_and_does_not_break_it() {
    let mut clock = Clock::new(48_000.0);
    clock.begin_block(&at(0.0));
    clock.end_block(24_000);
    assert_eq!(clock.begin_block(&Transport { tempo: Some(60.0), ..at(1.0) }), Course::GoesOn);
    assert_eq!(clock.offset_of(96), 48_000);
    clock.end_block(48_000);
    // The host's own curve was a little faster than that.
    assert_eq!(clock.begin_block(&Transport { tempo: Some(61.0), ..at(2.1) }), Course::GoesOn);
    assert_eq!(clock.tick_at(0), 101);
}

#[test]
fn the_bar_line_stays_the_same_number() {
    let mut clock = Clock::new(48_000.0);
    clock.begin_block(&Transport { bar_start_beats: Some(3.0), ..at(4.0) });
    assert_eq!(clock.metre(), Metre::Bars { bar_line_ticks: 0, bar_ticks: 144 });
    clock.begin_block(&Transport { bar_start_beats: Some(-2.0), signature: Some((6, 8)), ..at(4.0) });
    assert_eq!(clock.metre(), Metre::Bars { bar_line_ticks: 48, bar_ticks: 144 });
}

#[test]
fn a_senseless_host_does_no_harm() {
    let mut clock = Clock::new(f32::NAN);
    for bad in [f64::NAN, f64::INFINITY, -1e300, 0.0, 1e300] {
        let transport = Transport {
            is_playing: true,
            beats: Some(bad),
            tempo: Some(bad),
            bar_start_beats: Some(bad),
            signature: Some((i32::MIN, 0)),
        };
        clock.begin_block(&transport);
        clock.end_block(u32::MAX);
        clock.tick_at(u32::MAX);
        clock.offset_of(1 << 40);
    }
}
