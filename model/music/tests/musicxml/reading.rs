//! Sound files, with all that notation programs write.

use music::file::{self, FileError};
use music::musicxml::{MusicXmlError, What, pack, read};
use music::{PedalChange, Reading};

use crate::common::{all_notes, file, named, open, packed, sixteenths};

#[test]
fn voices_chords_and_rests_find_their_time() {
    let upper =
        [named("C5", 4, ""), named("E5", 4, "chord"), "<note><rest/><duration>4</duration></note>".into()].concat();
    let lower = "<backup><duration>8</duration></backup><forward><duration>2</duration></forward>";
    let text = file(&[&[&upper, lower, &named("G3", 6, "<voice>2</voice>")].concat(), &named("C4", 16, "")]);
    // The first bar is as long as its longest voice: half of a bar of 4/4.
    assert_eq!(sixteenths(&open(&text).score), [(0, 4, 72), (0, 4, 76), (2, 6, 55), (8, 16, 60)]);
}

#[test]
fn tied_notes_are_one_over_bars_voices_and_chords() {
    let (start, stop) = ("<tie type=\"start\"/>", "<tie type=\"stop\"/>");
    let both = format!("{stop}{start}");
    let chord = [named("C4", 16, start), named("E4", 16, "chord")].concat();
    let middle = [named("C4", 8, &format!("{both}<voice>2</voice>")), named("C4", 8, stop)].concat();
    let text = file(&[&chord, &middle, &named("E4", 4, "<notations><tied type=\"stop\"/></notations>")]);
    let file = open(&text);
    assert_eq!(sixteenths(&file.score), [(0, 32, 60), (0, 16, 64), (32, 4, 64)]);
    assert_eq!(
        file.left_out.iter().map(|left| (&left.what, left.measure)).collect::<Vec<_>>(),
        [(&What::StrayTies, 3)]
    );
}

#[test]
fn a_transposing_instrument_sounds_where_it_sounds() {
    let clarinet = "<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>";
    let bass =
        "<attributes><transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose></attributes>";
    let note = named("C4", 4, "");
    let text = file(&[&[clarinet, &note, bass, &note].concat()]);
    assert_eq!(sixteenths(&open(&text).score), [(0, 4, 58), (4, 4, 48)]);
}

#[test]
fn tempo_metre_and_pickup_are_as_in_a_midi_file() {
    let first = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>\
        <direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>c. 40</per-minute>\
        </metronome></direction-type></direction>";
    let second = [&named("C4", 6, ""), "<sound tempo=\"90\"/>", &named("C4", 6, "")].concat();
    let third = "<attributes><time><beats>3+2</beats><beat-type>8</beat-type></time></attributes>";
    let text = file(&[&[first, &named("G3", 4, "")].concat(), &second, &[third, &named("C4", 10, "")].concat()]);
    let score = open(&text).score.resampled(48);
    assert_eq!(score.tempi.changes().collect::<Vec<_>>(), [(0, 1_000_000), (48 + 72, 666_667)]);
    let metres: Vec<_> = score.metres.iter().map(|m| (m.start_ticks, m.signature.to_string())).collect();
    assert_eq!(metres, [(0, "1/4".into()), (48, "3/4".into()), (192, "5/8".into())]);
}

#[test]
fn loudness_becomes_velocity() {
    let sign =
        |sign: &str| format!("<direction><direction-type><dynamics><{sign}/></dynamics></direction-type></direction>");
    let hairpin =
        |kind: &str| format!("<direction><direction-type><wedge type=\"{kind}\"/></direction-type></direction>");
    let own = "<note dynamics=\"100\"><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>";
    let quarter = named("C4", 4, "");
    let first = [&quarter, &sign("p"), &*quarter, own, &quarter].concat();
    let second = [&hairpin("crescendo"), &*quarter, &quarter, &quarter, &quarter, &hairpin("stop")].concat();
    let third = [&sign("f"), &*quarter, "<sound dynamics=\"50\"/>", &quarter].concat();
    let score = open(&file(&[&first, &second, &third])).score;
    let velocities: Vec<u8> = all_notes(&score).iter().map(|note| note.velocity.get()).collect();
    assert_eq!(velocities, [74, 49, 90, 49, 49, 60, 72, 84, 96, 45]);
}

#[test]
fn what_is_not_played_is_said() {
    let grace = "<note><grace/><pitch><step>D</step><octave>4</octave></pitch></note>";
    let trill = named("C4", 4, "<notations><ornaments><trill-mark/></ornaments></notations>");
    let repeat = "<barline><repeat direction=\"backward\"/></barline>";
    let bad = "<note><duration>4</duration></note>";
    let file = open(&file(&[&[grace, grace, &trill, repeat].concat(), bad]));
    assert_eq!(sixteenths(&file.score), [(0, 4, 60)]);
    let said: Vec<String> = file.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "bar 1: repeats and endings, each read once",
            "Piano, bar 1: 2 grace notes left out",
            "Piano, bar 1: 1 ornament left out",
            "Piano, bar 2: 1 note without pitch or length left out",
        ]
    );
    assert_eq!(file.left_out.iter().filter(|left| left.what.is_damage()).count(), 1);
}

#[test]
fn pedal_marks_are_pedal() {
    let pedal =
        |kind: &str| format!("<direction><direction-type><pedal type=\"{kind}\"/></direction-type></direction>");
    let quarter = named("C4", 4, "");
    let text = file(&[&[&pedal("start"), &*quarter, &pedal("change"), &quarter, &pedal("stop")].concat()]);
    let moves: Vec<(i64, bool)> = open(&text).score.resampled(4).parts[0]
        .pedal
        .iter()
        .map(|&PedalChange { ticks, is_down }| (ticks, is_down))
        .collect();
    assert_eq!(moves, [(0, true), (4, false), (4, true), (8, false)]);
}

#[test]
fn drums_are_kept_apart() {
    let text = file(&[&[
        "<note><unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched>\
        <duration>4</duration></note>",
        &named("C4", 4, ""),
    ]
    .concat()]);
    let file = open(&text);
    assert_eq!(file.drums.len(), 1);
    assert_eq!(
        file.score.parts.iter().map(|part| (part.is_drums(), part.notes.len())).collect::<Vec<_>>(),
        [(false, 1), (true, 1)]
    );
    let (reduction, left_out) = file::read_reduction(text.as_bytes(), Reading::Auto).unwrap();
    assert!(reduction.notes.len() == 1 && left_out.iter().all(file::LeftOut::is_drums));
}

#[test]
fn a_score_by_bars_is_read_as_one_by_parts() {
    let note = named("C4", 16, "");
    let part = |id: &str| format!("<part id=\"{id}\"><attributes><divisions>4</divisions></attributes>{note}</part>");
    let bar = |number: u32| format!("<measure number=\"{number}\">{}{}</measure>", part("P1"), part("P2"));
    let text = format!(
        "<score-timewise><part-list><score-part id=\"P1\"/><score-part id=\"P2\"/></part-list>{}{}</score-timewise>",
        bar(1),
        bar(2)
    );
    assert_eq!(sixteenths(&open(&text).score), [(0, 16, 60), (16, 16, 60), (0, 16, 60), (16, 16, 60)]);
}

#[test]
fn any_encoding_and_packing_gives_the_same() {
    let text = file(&[&named("F4#", 16, "")]);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let container = "<container><rootfiles><rootfile full-path='a/b.xml'/></rootfiles></container>";
    let named_odd =
        [("META-INF/container.xml", container.as_bytes()), ("c.xml", b"<x/>"), ("a/b.xml", text.as_bytes())];
    let latin: Vec<u8> =
        text.replace("Piano", "Fl\u{fc}gel").chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let forms = [
        pack(&text),
        packed(&named_odd),
        packed(&[("only.xml", text.as_bytes())]),
        utf16.clone(),
        [&[0xFF, 0xFE], &*utf16].concat(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        [b"\xEF\xBB\xBF\n ", text.as_bytes()].concat(),
        latin,
    ];
    for bytes in forms {
        assert_eq!(sixteenths(&file::read(&bytes).unwrap().score), [(0, 16, 66)]);
    }
}

#[test]
fn what_is_no_score_is_refused_with_what_to_do() {
    let why = |bytes: &[u8]| match file::read(bytes) {
        Err(FileError::MusicXml(why)) => why.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(why(b"<museScore version=\"3\"/>").contains("begins with <museScore>); export it as MusicXML"));
    assert!(why(&packed(&[("readme.txt", b"none")])).contains("no score"));
    assert!(why(b"PK\x03\x04nonsense").contains("export it again"));
    assert!(why(file(&[""]).as_bytes()).contains("no notes"));
    assert!(why(b"<score-partwise><part").contains("damaged at byte"));
    assert_eq!(read(b""), Err(MusicXmlError::NotMusicXml(None)));
}

#[test]
fn a_file_that_ends_too_early_is_read_so_far() {
    let text = file(&[&named("C4", 16, ""), &named("D4", 16, ""), &named("E4", 16, "")]);
    let cut = &text[..text.find("<step>E").unwrap()];
    let file = open(cut);
    assert_eq!(sixteenths(&file.score), [(0, 16, 60), (16, 16, 62)]);
    assert!(file.left_out[0].to_string().contains("the rest of the file left out"), "{}", file.left_out[0]);
}
