//! Files that mean harm: each gets a sentence or is read so far, soon and without much memory. `ANTIPHON_MUTATIONS` says how many
//! damaged files are tried, 3,000 if it does not.

use std::io::Write;
use std::time::{Duration, Instant};

use music::Score;
use music::musicxml::{pack, read, write};
use oorandom::Rand32;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::common::{file, named, packed};

/// A sentence, or a score, within seconds even in a debug build.
fn survives(bytes: &[u8]) -> Result<Score, String> {
    let start = Instant::now();
    let result = read(bytes).map(|file| file.score).map_err(|why| why.to_string());
    if let Err(why) = &result {
        assert!(why.len() > 10, "{why}");
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    result
}

#[test]
fn depth_without_end() {
    for head in ["", "<score-partwise>", "<score-partwise><part id='P'><measure>"] {
        for tag in ["a", "measure", "part", "note", "score-partwise"] {
            let deep = format!("{head}{}", format!("<{tag}>").repeat(200_000));
            let why = survives(deep.as_bytes()).unwrap_err();
            assert!(why.contains("without end") || why.contains("begins with"), "{why}");
        }
    }
    let closed = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
    let score = file(&[&[&named("C4", 16, ""), &*closed].concat()]);
    assert!(survives(score.as_bytes()).unwrap_err().contains("without end"));
}

#[test]
fn entities_are_not_expanded() {
    let laughs: String = (1..30).map(|n| format!("<!ENTITY l{n} \"&l{};&l{};\">", n - 1, n - 1)).collect();
    let loops = "<!ENTITY a \"&b;\"><!ENTITY b \"&a;\"><!ENTITY file SYSTEM \"file:///etc/passwd\">";
    for (entities, name) in [(laughs.as_str(), "l29"), (loops, "a"), (loops, "file")] {
        let text = file(&[&named("C4", 16, "")]).replace("<?xml version=\"1.0\"?>", "");
        let doctype = format!("<!DOCTYPE score-partwise [<!ENTITY l0 \"ha\">{entities}]>");
        let text = format!("{doctype}{}", &text[text.find("<score").unwrap()..]).replace("Piano", &format!("&{name};"));
        let score = survives(text.as_bytes()).unwrap();
        assert!(score.parts[0].name.len() < 100, "{}", score.parts[0].name);
    }
}

#[test]
fn bombs_are_not_unpacked() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("score.xml", options).unwrap();
    for _ in 0..80 {
        archive.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = archive.finish().unwrap().into_inner();
    assert!(bomb.len() < 200_000);
    assert!(survives(&bomb).unwrap_err().contains("more than 64 MiB"));
    let names: Vec<String> = (0..5000).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert!(survives(&packed(&many)).unwrap_err().contains("4096 files"));
}

#[test]
fn a_flood_of_anything_is_held_back() {
    let head = "<score-partwise><part id='P'>";
    for (many, n) in [("<measure/>", 200_000), ("<part id='P'/>", 200_000)] {
        assert!(survives(format!("{head}{}", many.repeat(n)).as_bytes()).is_err());
    }
    let parts: String = (0..5000).map(|n| format!("<part id='{n}'></part>")).collect();
    assert!(survives(format!("<score-partwise>{parts}").as_bytes()).unwrap_err().contains("1,024 parts"));
    let bar = |of: String| file(&[&[named("C4", 16, ""), of].concat()]);
    let tie = named("C4", 1, "<tie type='start'/>");
    for (many, n) in [("<sound tempo='100' dynamics='50'/>", 150_000), ("<note/>", 150_000), (&*tie, 20_000)] {
        assert!(survives(bar(many.repeat(n)).as_bytes()).is_ok());
    }
    assert!(survives(bar("<a/>".repeat(300_000)).as_bytes()).unwrap_err().contains("more elements"));
}

#[test]
fn absurd_numbers_are_no_panic() {
    for number in ["-1", "0", "1e308", "-1e308", "NaN", "inf", "99999999999999999999", "0.0000001", ""] {
        let text = file(&[
            &named("C4", 16, ""),
            &named("D4", 16, ""),
            "<backup><duration>8</duration></backup><sound tempo=\"7\"/>",
        ]);
        for (place, from) in [
            ("<duration>16", "<duration>"),
            ("<divisions>4", "<divisions>"),
            ("<octave>4", "<octave>"),
            ("tempo=\"7", "tempo=\""),
        ] {
            let damaged = text.replace(place, &format!("{from}{number}"));
            if let Ok(score) = survives(damaged.as_bytes()) {
                assert!(write(&score).is_ok() || score.end_ticks() > 1_000_000);
            }
        }
        let time = "<attributes><time><beats>B</beats><beat-type>T</beat-type></time><transpose><chromatic>T</chromatic>\
            <octave-change>B</octave-change></transpose></attributes>";
        for (beats, unit) in [(number, "4"), ("4", number), (number, number)] {
            let time = time.replace('B', beats).replace('T', unit);
            let _ = survives(file(&[&[&time, &*named("C4", 16, "")].concat()]).as_bytes());
        }
    }
}

/// A piece with all that the reader knows.
fn rich() -> String {
    let direction = "<direction><direction-type><dynamics><p/></dynamics></direction-type><direction-type><wedge type=\"crescendo\"/>\
        </direction-type><direction-type><pedal type=\"start\"/></direction-type><offset sound=\"yes\">2</offset><staff>1</staff>\
        <sound tempo=\"77\" damper-pedal=\"yes\"/></direction>";
    let tied = named("C4", 8, "<tie type=\"start\"/><voice>1</voice><notations><tied type=\"start\"/></notations>");
    let first = [
        "<attributes><time><beats>4</beats><beat-type>4</beat-type></time></attributes>",
        direction,
        &tied,
        &named("E4", 8, "chord"),
        &named("G4", 8, ""),
    ]
    .concat();
    let second = [
        &named("C4", 16, "<tie type=\"stop\"/>"),
        "<backup><duration>16</duration></backup>",
        &*named("C3", 16, "<voice>2</voice>"),
        "<barline><repeat direction=\"forward\"/></barline>",
    ]
    .concat();
    file(&[&first, &second])
}

#[test]
fn damaged_files_panic_none() {
    let n_rounds = std::env::var("ANTIPHON_MUTATIONS").map_or(3000, |n| n.parse().unwrap());
    let text = rich();
    let (plain, packed) = (text.as_bytes(), pack(&text));
    let mut random = Rand32::new(5);
    let mut below = |n: usize| usize::try_from(random.rand_range(0..u32::try_from(n.max(1)).unwrap())).unwrap();
    let (mut n_read, mut n_refused) = (0, 0);
    for round in 0..n_rounds {
        let mut bytes = if round % 4 == 0 { packed.clone() } else { plain.to_vec() };
        for _ in 0..=below(3) {
            let at = below(bytes.len());
            let length = 1 + below(20);
            let to = (at + length).min(bytes.len());
            match below(6) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..to)),
                2 => bytes.extend_from_within(at..to),
                3 => bytes[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << below(8)),
                4 => drop(bytes.splice(at..at, [b"<>&;/\"0-9."[below(10)]])),
                _ => {
                    let from = bytes[at..to].to_vec();
                    let place = below(bytes.len());
                    drop(bytes.splice(place..place, from));
                }
            }
        }
        match read(&bytes) {
            Ok(file) => {
                n_read += 1;
                assert!(file.score.n_notes() > 0);
                if round % 50 == 0 {
                    let _ = write(&file.score);
                }
            }
            Err(why) => {
                n_refused += 1;
                assert!(why.to_string().len() > 10);
            }
        }
    }
    assert!(n_read > n_rounds / 10 && n_refused > n_rounds / 10, "{n_read} read, {n_refused} refused");
}
