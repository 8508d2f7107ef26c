//! Textbook cases of each rule, kept and broken, and what must hold for any notes.

use super::*;
use crate::note::{Pitch, Velocity};

/// Voices of (key, beats), each from tick 0 on; a key of 0 is a rest.
fn passage(voices: &[&[(u8, f64)]]) -> Vec<Note> {
    let mut notes = Vec::new();
    for voice in voices {
        let mut onset_ticks = 0;
        for &(key, beats) in *voice {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let duration_ticks = (48.0 * beats) as u32;
            let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::MEDIUM);
            if key > 0 {
                notes.push(Note { onset_ticks, duration_ticks, pitch, velocity });
            }
            onset_ticks += i64::from(duration_ticks);
        }
    }
    notes
}

/// Checks the opportunities and violations of one rule.
fn check(rule: Rule, voices: &[&[(u8, f64)]], expected: (u32, u32), case: &str) {
    let count = count(&passage(voices))[rule];
    assert_eq!((count.opportunities, count.violations), expected, "{}: {case}", rule.name());
}

#[test]
fn fifths_and_octaves_in_parallel() {
    let rule = Rule::ParallelFifths;
    check(rule, &[&[(60, 1.), (62, 1.)], &[(67, 1.), (69, 1.)]], (1, 1), "C-G to D-A");
    check(rule, &[&[(60, 1.), (62, 1.)], &[(79, 1.), (81, 1.)]], (1, 1), "twelfths");
    check(rule, &[&[(60, 1.), (59, 1.)], &[(67, 1.), (68, 1.)]], (1, 0), "a fifth opens to a sixth");
    check(rule, &[&[(60, 1.), (60, 1.)], &[(67, 1.), (67, 1.)]], (0, 0), "a fifth that is repeated");
    check(rule, &[&[(60, 1.), (59, 1.)], &[(67, 1.), (65, 1.)]], (1, 0), "perfect to diminished is allowed (Piston)");
    let rule = Rule::ParallelOctaves;
    check(rule, &[&[(48, 1.), (50, 1.)], &[(60, 1.), (62, 1.)]], (1, 1), "C-C to D-D");
    check(rule, &[&[(48, 1.), (50, 1.)], &[(60, 1.), (59, 1.)]], (1, 0), "contrary motion");
    let line: [(u8, f64); 4] = [(48, 1.), (50, 1.), (52, 1.), (53, 1.)];
    check(rule, &[&line, &line.map(|(key, beats)| (key + 12, beats))], (0, 0), "a line that is doubled");
}

#[test]
fn fifths_and_octaves_by_direct_motion_of_the_outer_voices() {
    // Aldwell and Schachter: the soprano leaps into the fifth or octave.
    let rule = Rule::HiddenFifths;
    check(rule, &[&[(60, 1.), (62, 1.)], &[(64, 1.), (69, 1.)]], (1, 1), "the soprano leaps");
    check(rule, &[&[(55, 1.), (60, 1.)], &[(65, 1.), (67, 1.)]], (0, 0), "the soprano steps");
    check(rule, &[&[(60, 1.), (62, 1.)], &[(64, 1.), (71, 1.)]], (1, 0), "into a sixth");
    let rule = Rule::HiddenOctaves;
    check(rule, &[&[(48, 1.), (53, 1.)], &[(60 + 1, 1.), (65, 1.)]], (1, 1), "the soprano leaps");
    check(rule, &[&[(53, 1.), (48, 1.)], &[(57, 1.), (60, 1.)]], (0, 0), "contrary motion");
}

#[test]
fn dissonances_are_prepared_or_passing() {
    // Fux, first species: note against note, all consonant.
    let rule = Rule::StruckDissonance;
    check(rule, &[&[(60, 1.), (62, 1.)], &[(64, 1.), (65, 1.)]], (1, 0), "third to third");
    check(rule, &[&[(60, 1.), (62, 1.)], &[(69, 1.), (72, 1.)]], (1, 1), "a seventh is struck");
    check(rule, &[&[(60, 1.), (60, 1.)], &[(64, 1.), (65, 1.)]], (1, 1), "a fourth over the bass");
    check(
        rule,
        &[&[(48, 1.), (48, 1.)], &[(60, 1.), (60, 1.)], &[(64, 1.), (65, 1.)]],
        (3, 1),
        "clashes with the bass only",
    );
    // Second species: D passes between C and E over a held C.
    check(Rule::DissonanceEntered, &[&[(48, 4.)], &[(60, 1.), (62, 1.), (64, 1.)]], (1, 0), "passing note");
    check(Rule::DissonanceLeft, &[&[(48, 4.)], &[(60, 1.), (62, 1.), (64, 1.)]], (1, 0), "passing note");
    check(Rule::DissonanceEntered, &[&[(48, 4.)], &[(67, 1.), (62, 1.), (64, 1.)]], (1, 1), "leap into a ninth");
    check(Rule::DissonanceLeft, &[&[(48, 4.)], &[(60, 1.), (62, 1.), (67, 1.)]], (1, 1), "leap out of a ninth");
    // Fourth species: a seventh that resolves into a sixth (Fux 7-6).
    let held = [(64, 1.), (65, 2.), (64, 2.)];
    check(Rule::Suspension, &[&[(60, 1.), (57, 1.), (55, 3.)], &held], (1, 0), "7-6");
    let rises = [(64, 1.), (65, 2.), (69, 2.)];
    check(Rule::Suspension, &[&[(60, 1.), (57, 1.), (55, 3.)], &rises], (1, 1), "the seventh leaps up");
}

#[test]
fn sevenths_fall_and_leading_notes_rise() {
    // G7 to C in four voices: F falls to E, B rises to C.
    let good: [&[(u8, f64)]; 4] =
        [&[(43, 1.), (48, 1.)], &[(50, 1.), (48 + 4, 1.)], &[(53 + 12, 1.), (64, 1.)], &[(71, 1.), (72, 1.)]];
    check(Rule::Seventh, &good, (1, 0), "V7-I");
    check(Rule::LeadingNote, &good, (1, 0), "V7-I");
    let bad: [&[(u8, f64)]; 3] = [&[(43, 1.), (48, 1.)], &[(59, 1.), (55, 1.)], &[(65, 1.), (67, 1.)]];
    check(Rule::Seventh, &bad, (1, 1), "the seventh rises");
    check(Rule::LeadingNote, &bad, (1, 1), "the leading note falls");
    let held: [&[(u8, f64)]; 3] = [&[(43, 2.)], &[(59, 1.), (62, 1.)], &[(65, 1.), (71, 1.)]];
    check(Rule::Seventh, &held, (0, 0), "the chord goes on");
}

#[test]
fn voices_keep_their_places() {
    check(Rule::Crossing, &[&[(60, 4.)], &[(57, 1.), (59, 1.), (57, 2.)]], (2, 0), "below a held note");
    check(Rule::Crossing, &[&[(60, 4.)], &[(57, 1.), (59, 1.), (62, 1.), (64, 1.)]], (3, 1), "through a held note");
    // Aldwell and Schachter: the lower voice moves above where the upper just was.
    check(Rule::Overlap, &[&[(60, 1.), (66, 1.)], &[(64, 1.), (69, 1.)]], (1, 1), "above the upper's last note");
    check(Rule::Overlap, &[&[(60, 1.), (62, 1.)], &[(64, 1.), (65, 1.)]], (1, 0), "in their places");
    check(Rule::Spacing, &[&[(36, 1.), (38, 1.)], &[(60, 1.), (62, 1.)], &[(64, 1.), (65, 1.)]], (2, 0), "close");
    check(Rule::Spacing, &[&[(36, 1.), (38, 1.)], &[(50, 1.), (52, 1.)], &[(64, 1.), (65, 1.)]], (2, 2), "a gap");
}

#[test]
fn lines_sing() {
    check(Rule::MelodicInterval, &[&[(60, 1.), (66, 1.)]], (1, 1), "a tritone");
    check(Rule::MelodicInterval, &[&[(60, 1.), (67, 1.), (60, 1.)]], (2, 0), "fifths");
    check(Rule::LeapRecovery, &[&[(60, 1.), (67, 1.), (65, 1.)]], (1, 0), "a fifth up, a step down");
    check(Rule::LeapRecovery, &[&[(60, 1.), (67, 1.), (69, 1.)]], (1, 1), "a fifth up, a step up");
    let scale: [(u8, f64); 12] = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65].map(|key| (key, 1.));
    check(Rule::Range, &[&scale], (1, 0), "an octave");
    let wide: [(u8, f64); 12] = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79].map(|key| (key, 1.));
    check(Rule::Range, &[&wide], (1, 1), "a twelfth");
}

#[test]
fn cadences_are_told_by_their_bass() {
    let kind = |bass: u8, above: u8, cadence: Cadence| {
        let counts = count(&passage(&[&[(bass, 1.), (48, 4.)], &[(above, 1.), (64, 4.)], &[(67, 1.), (67, 4.)]]));
        let expected = Cadence::ALL.map(|kind| u32::from(kind == cadence));
        assert_eq!(counts.cadences, expected, "from {bass} and {above}");
        assert_eq!(counts[Rule::Ending], Count { opportunities: 1, violations: 0 });
    };
    kind(43, 59, Cadence::Authentic);
    kind(43, 58, Cadence::Modal);
    kind(53, 57, Cadence::PlagalOrHalf);
    kind(50, 59, Cadence::Stepwise);
    kind(45, 60, Cadence::Other);
    check(Rule::Ending, &[&[(43, 1.), (52, 4.)], &[(71, 1.), (72, 4.)]], (1, 1), "a sixth chord");
}

/// Random notes in up to four layers, some of them chords, in order of onset.
fn random_notes(random: &mut oorandom::Rand32, low: u32, high: u32) -> Vec<Note> {
    let steps = [6, 12, 16, 24, 48, 96];
    let mut notes = Vec::new();
    for _ in 0..random.rand_range(1..5) {
        let mut onset_ticks = i64::from(random.rand_range(0..96)) - 48;
        for _ in 0..random.rand_range(0..60) {
            let pick = |random: &mut oorandom::Rand32| steps[random.rand_range(0..6) as usize];
            let duration_ticks = pick(random);
            let key = u8::try_from(random.rand_range(low..high)).unwrap();
            let pitch = Pitch::new(key).unwrap();
            notes.push(Note { onset_ticks, duration_ticks, pitch, velocity: Velocity::MEDIUM });
            if random.rand_range(0..4) > 0 {
                onset_ticks += i64::from(pick(random));
            }
        }
    }
    notes
}

#[test]
fn any_notes_can_be_counted_and_counts_do_not_change_with_key_or_time() {
    let mut random = oorandom::Rand32::new(1);
    for _ in 0..2000 {
        let low = random.rand_range(0..100);
        let high = random.rand_range(low + 1..117);
        let notes = random_notes(&mut random, low, high);
        let counts = count(&notes);
        for rule in Rule::ALL {
            assert!(counts[rule].violations <= counts[rule].opportunities);
        }
        let moved = |note: &Note| Note {
            pitch: Pitch::new(note.pitch.get() + 11).unwrap(),
            onset_ticks: note.onset_ticks + 1000,
            ..*note
        };
        assert_eq!(count(&notes.iter().map(moved).collect::<Vec<_>>()), counts);
        let mut backwards = notes;
        backwards.reverse();
        assert_eq!(count(&backwards), counts, "the order in which they are given");
        assert!(StyleRates::of("Hymn").score(&counts).is_finite());
    }
}
