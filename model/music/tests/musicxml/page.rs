//! What stands on the page.

use music::musicxml::write;
use music::{Note, Part, Score, TimeSignature};

use crate::common::note;

fn page(notes: &[Note], signature: TimeSignature) -> String {
    let part = Part::new("Antiphon's answer", notes.to_vec());
    write(&Score::new(100.0, signature).with_part(part)).unwrap().replace("\n", "").replace("> ", ">")
}

fn count(page: &str, what: &str) -> usize {
    page.matches(what).count()
}

#[test]
fn a_beat_of_triplets_is_a_tuplet_and_beamed() {
    let triplets: Vec<Note> = (0..3).map(|i| note(16 * i, 16, 72, 80)).chain([note(48, 144, 72, 80)]).collect();
    let page = page(&triplets, TimeSignature::COMMON);
    assert_eq!(count(&page, "<actual-notes>3</actual-notes>"), 3);
    assert_eq!((count(&page, "<tuplet type=\"start\"/>"), count(&page, "<tuplet type=\"stop\"/>")), (1, 1));
    assert_eq!([">begin</beam>", ">continue</beam>", ">end</beam>"].map(|beam| count(&page, beam)), [1, 1, 1]);
    assert_eq!(count(&page, "<type>half</type>"), 1);
    assert_eq!(count(&page, "<tie "), 0);
}

#[test]
fn fifths_of_a_beat_are_a_quintuplet() {
    let ends = [0i64, 10, 19, 29, 38, 48];
    let fifths: Vec<Note> =
        ends.windows(2).map(|pair| note(pair[0], u32::try_from(pair[1] - pair[0]).unwrap(), 72, 80)).collect();
    let page = page(&fifths, TimeSignature::COMMON);
    assert_eq!(count(&page, "<actual-notes>5</actual-notes>"), 5);
    assert_eq!((count(&page, "<divisions>240</divisions>"), count(&page, "<tie ")), (1, 0));
}

#[test]
fn two_hands_have_two_staves_and_one_hand_one() {
    let right: Vec<Note> = (0..8).map(|i| note(24 * i, 24, 72 + u8::try_from(i % 5).unwrap(), 80)).collect();
    let left = [note(0, 96, 43, 70), note(0, 96, 50, 70), note(96, 96, 45, 70)];
    let both: Vec<Note> = right.iter().chain(&left).copied().collect();
    let two = page(&both, TimeSignature::COMMON);
    assert_eq!((count(&two, "<staves>2</staves>"), count(&two, "<staff>2</staff>")), (1, 3));
    assert_eq!((count(&two, "<tie "), count(&two, "<rest")), (0, 0));
    assert_eq!(count(&page(&right, TimeSignature::COMMON), "<staves>"), 0);
    assert!(page(&left, TimeSignature::COMMON).contains("<sign>F</sign>"));
}

#[test]
fn a_held_note_below_a_tune_is_a_second_voice() {
    let tune = (0..4).map(|i| note(48 * i, 48, [72, 74, 76, 77][usize::try_from(i).unwrap()], 80));
    let notes: Vec<Note> = tune.chain([note(0, 192, 64, 60)]).collect();
    let page = page(&notes, TimeSignature::COMMON);
    assert_eq!((count(&page, "<tie "), count(&page, "<rest"), count(&page, "<voice>2</voice>")), (0, 0, 1));
    assert_eq!((count(&page, "<stem>up</stem>"), count(&page, "<stem>down</stem>")), (4, 1));
}

#[test]
fn loudness_is_said_where_it_changes() {
    let notes: Vec<Note> = (0..48)
        .map(|i| note(48 * i, 48, 72, if (16..40).contains(&i) { 49 } else { 80 + u8::try_from(i % 3).unwrap() }))
        .collect();
    let page = page(&notes, TimeSignature::COMMON);
    assert_eq!((count(&page, "<mf/>"), count(&page, "<p/>"), count(&page, "<dynamics>")), (2, 1, 3));
}

#[test]
fn what_antiphon_played_is_said_to_be_made_by_a_model() {
    let tune = vec![note(0, 48, 60, 80)];
    let source = |names: &[&str]| {
        let score = Score::new(100.0, TimeSignature::COMMON);
        let text =
            write(&names.iter().fold(score, |score, name| score.with_part(Part::new(name, tune.clone())))).unwrap();
        let field = text.split("<miscellaneous-field name=\"digitalSourceType\">").nth(1);
        field.map(|rest| rest.split('<').next().unwrap().rsplit('/').next().unwrap().to_owned())
    };
    assert_eq!(source(&["Antiphon's answer"]).unwrap(), "trainedAlgorithmicMedia");
    assert_eq!(source(&["Call", "Antiphon's answer"]).unwrap(), "compositeWithTrainedAlgorithmicMedia");
    assert_eq!(source(&["Call"]), None);
}

#[test]
fn a_pickup_is_not_counted() {
    let mut score = Score::new(100.0, TimeSignature::new(1, 2).unwrap());
    let three = TimeSignature::new(3, 2).unwrap();
    score.metres.push(music::MetreChange { start_ticks: 48, signature: three });
    let text = write(&score.with_part(Part::new("", vec![note(0, 48, 67, 80), note(48, 144, 72, 80)]))).unwrap();
    assert!(text.contains("<measure number=\"0\" implicit=\"yes\">") && text.contains("<measure number=\"1\">"));
    assert_eq!((count(&text, "<time>"), count(&text, "<beats>3</beats>")), (1, 1));
}

#[test]
fn a_score_of_no_notes_is_a_page_all_the_same() {
    let text = write(&Score::new(100.0, TimeSignature::COMMON)).unwrap();
    assert!(text.contains("<part id=\"P1\">") && text.contains("<rest measure=\"yes\"/>"));
}

#[test]
fn what_no_page_holds_is_refused() {
    let late = Part::new("", vec![note(192 * 30_000, 48, 60, 80)]);
    let why = write(&Score::new(100.0, TimeSignature::COMMON).with_part(late)).unwrap_err();
    assert!(why.to_string().contains("20000 bars"));
}
