use super::*;

const PLAYING: Transport = Transport {
    is_playing: true,
    beats: Some(0.0),
    tempo: Some(120.0),
    bar_start_beats: Some(0.0),
    signature: Some((3, 4)),
    loop_beats: None,
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
fn played_time_goes_on_wherever_the_song_is() {
    let mut clock = Clock::new(48_000.0);
    let stopped = |beats| Transport { is_playing: false, ..at(beats) };
    let steps = [
        (at(4.0), Course::BeginsAnew, 192, "the first block"),
        (at(5.0), Course::GoesOn, 240, "a beat later"),
        (at(4.0), Course::Jumps, 288, "a loop"),
        (at(80.0), Course::Jumps, 336, "a seek"),
        (at(80.25), Course::Jumps, 384, "a short loop"),
        (stopped(81.0), Course::Stops, 432, "a stop"),
        (stopped(3.0), Course::GoesOn, 480, "a stopped song can be moved"),
        (at(3.0), Course::Starts, 528, "a start"),
        (at(-7.0), Course::Jumps, 576, "before the start of the song"),
    ];
    for (transport, course, tick, what) in steps {
        assert_eq!((clock.begin_block(&transport), clock.tick_at(0)), (course, tick), "{what}");
        assert_eq!(clock.metre() == Metre::Free, !transport.is_playing, "{what}");
        clock.end_block(24_000);
    }
    clock.restart();
    assert_eq!((clock.begin_block(&at(4.0)), clock.tick_at(0)), (Course::BeginsAnew, 192), "a reset");
}

#[test]
fn a_jump_keeps_the_songs_fraction_of_a_tick_and_its_bars() {
    let mut clock = Clock::new(48_000.0);
    clock.begin_block(&at(0.0));
    clock.end_block(1000);
    // A third of a tick after the 100th; by then, two ticks were played.
    assert_eq!(clock.begin_block(&at((100.0 + 1.0 / 3.0) / 48.0)), Course::Jumps);
    let tick_of_song = |tick: i64| tick - clock.offset_ticks();
    assert_eq!(tick_of_song(clock.tick_at(0)), 100);
    assert_eq!((clock.tick_at(0), clock.offset_of(clock.tick_at(0) + 1)), (2, 334));
    let Metre::Bars { bar_line_ticks, bar_ticks: 144 } = clock.metre() else { panic!("no bars") };
    assert_eq!(tick_of_song(bar_line_ticks).rem_euclid(144), 0);
    // A loop of whole bars leaves the bars where they are.
    let metre = clock.metre();
    clock.end_block(143 * 500);
    assert_eq!(clock.begin_block(&at((243.0 + 1.0 / 3.0) / 48.0)), Course::GoesOn);
    clock.end_block(500);
    assert_eq!(clock.begin_block(&at((100.0 + 1.0 / 3.0) / 48.0)), Course::Jumps);
    assert_eq!((clock.metre(), clock.tick_at(0)), (metre, 146));
}

#[test]
fn nothing_that_the_position_does_stops_the_time_or_turns_it_back() {
    let step = 64.0 / 24_000.0;
    let places: [fn(f64) -> f64; 5] = [
        |block| block % 2.0 * 1e-4,
        |block| block / 64.0 * 1e-3,
        |block| (block * 7.0) % 5.0 - 2.0,
        |block| (block * 64.0 / 24_000.0) % 0.01,
        |block| 3.0 - block * 0.05,
    ];
    for (i, place) in places.into_iter().enumerate() {
        let mut clock = Clock::new(48_000.0);
        let mut last = i64::MIN;
        for block in 0..7500 {
            clock.begin_block(&at(place(f64::from(block))));
            for offset in [0, 63] {
                let tick = clock.tick_at(offset);
                assert!(tick >= last, "{i}: {tick} after {last}");
                last = tick;
            }
            clock.end_block(64);
        }
        let beats = last as f64 / 48.0;
        assert!((19.0..21.0).contains(&(beats - place(0.0) + step)), "{i}: {beats} beats");
    }
}

#[test]
fn a_position_that_stands_still_is_none() {
    let mut clock = Clock::new(48_000.0);
    clock.begin_block(&at(3.0));
    for block in 1..100 {
        clock.end_block(480);
        assert_eq!(clock.begin_block(&at(3.0)), Course::GoesOn);
        assert_eq!(clock.offset_of(144), -480 * block);
    }
    assert!((980.0..1000.0).contains(&clock.still_ms()), "{}", clock.still_ms());
    clock.end_block(480);
    assert_eq!(clock.begin_block(&at(3.02)), Course::Jumps, "it moves again");
    assert_eq!(clock.still_ms(), 0.0);
}

#[test]
fn a_wrap_that_is_told_beforehand_comes_on_its_sample_in_any_host() {
    let looping = |beats| Transport { loop_beats: Some((1.0, 2.0)), ..at(beats) };
    // The loop lasts 24,000 samples, and its end is at 48,000.
    let wraps = |block: u32, splits: bool, counts_on: bool| {
        let mut clock = Clock::new(48_000.0);
        let (mut wraps, mut now) = (Vec::new(), 0);
        while now < 120_000u32 {
            let song = |sample: u32| if sample < 48_000 { sample } else { 24_000 + sample % 24_000 };
            let mut told = f64::from(song(now)) / 24_000.0;
            let n_samples = if splits { block.min(48_000 - song(now)) } else { block };
            if counts_on && wraps.last().is_some_and(|&wrap| now - wrap < 3000) {
                told += 1.0;
            }
            if clock.begin_block(&looping(told)) == Course::Jumps {
                wraps.push(now);
            }
            while let Some(offset) = clock.next_wrap().filter(|&offset| offset < i64::from(n_samples)) {
                let offset = u32::try_from(offset).unwrap();
                clock.wrap(offset);
                wraps.push(now + offset);
            }
            clock.end_block(n_samples);
            now += n_samples;
        }
        (wraps, clock.tick_at(0) + i64::from(120_000 - now.min(120_000)))
    };
    for block in [1, 700, 1000, 7001, 50_000] {
        for (splits, counts_on) in [(true, false), (false, false), (false, true)] {
            let (wraps, _) = wraps(block, splits, counts_on);
            let expected: Vec<u32> = (2..5).map(|pass| pass * 24_000).collect();
            assert_eq!(wraps[..3], expected, "blocks of {block}, {splits}, {counts_on}");
        }
    }
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
            loop_beats: Some((bad, -bad)),
        };
        clock.begin_block(&transport);
        clock.end_block(u32::MAX);
        clock.tick_at(u32::MAX);
        clock.offset_of(1 << 40);
    }
}
