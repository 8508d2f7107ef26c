//! A folder of MIDI files to a prepared folder to batches.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it does not expect")]

mod dataset;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use engine::{Note, Pitch, Velocity};
use model::data::corpus::Split;
use model::data::dataset::{Dataset, SamplingPolicy};
use model::data::prepare::{Filters, Mode, PrepareOptions, prepare, prepare_until};
use model::inspect::describe;
use music::file::read_reduction;
use music::midi::write;
use music::{Part, Reading, Score, TimeSignature};
/// Tune number `k`: each has its own steps, length and register.
fn tune(k: usize, n_notes: usize) -> Vec<u8> {
    let notes: Vec<Note> = (0..n_notes)
        .map(|i| Note {
            onset_ticks: i64::try_from(i / 2 * 24).unwrap(),
            duration_ticks: 12 + u32::try_from(k).unwrap(),
            pitch: Pitch::new(u8::try_from(40 + i % 2 * 12 + (i / 2 * (k + 1)) % 11 + k % 9).unwrap()).unwrap(),
            velocity: Velocity::new(u8::try_from(40 + i % 64).unwrap()).unwrap(),
        })
        .collect();
    write(&Score::new(120.0, TimeSignature::COMMON).with_part(Part::new("tune", notes))).unwrap()
}

/// 40 tunes in two styles, and five files that must be left out.
fn corpus(folder: &Path) -> PathBuf {
    let data = folder.join("midi");
    for style in ["Reels", "Airs"] {
        fs::create_dir_all(data.join(style)).unwrap();
    }
    for k in 0..40 {
        let style = if k % 3 == 0 { "Airs" } else { "Reels" };
        fs::write(data.join(style).join(format!("{k}.mid")), tune(k, 40 + 7 * k)).unwrap();
    }
    fs::write(data.join("Reels/short.mid"), tune(3, 12)).unwrap();
    fs::write(data.join("Reels/copy.midi"), tune(7, 40 + 49)).unwrap();
    fs::write(data.join("text.mid"), b"not music").unwrap();
    fs::write(data.join("empty.mid"), b"").unwrap();
    fs::write(data.join("Airs/cut.mid"), &tune(9, 90)[..60]).unwrap();
    data
}

fn options(folder: &Path) -> PrepareOptions {
    PrepareOptions { data: corpus(folder), out: folder.join("prepared"), ..PrepareOptions::default() }
}

#[test]
fn every_file_is_prepared_or_listed_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let summary = prepare(&options).unwrap();
    assert_eq!(summary.index.pieces.len() + summary.rejects.len(), 45);
    assert_eq!(summary.index.styles, ["Any style", "Reels", "Airs"]);
    let mut reasons: Vec<_> = summary.rejects.iter().map(|r| (r.path.as_str(), r.reason.as_str())).collect();
    reasons.sort_unstable();
    let listed = fs::read_to_string(options.out.join("rejected.csv")).unwrap();
    for (path, reason) in &reasons {
        assert!(listed.contains(&format!("{path},{reason}")), "{path} is not in rejected.csv");
    }
    assert!(reasons.contains(&("Reels/short.mid", "fewer than 32 notes")));
    assert_eq!(reasons.iter().filter(|(_, reason)| *reason == "the same notes as another file").count(), 1);
    assert!(reasons.contains(&("text.mid", "not a readable MIDI file")));
    assert_eq!(reasons.len(), 5);
    assert!(prepare(&options).is_ok(), "preparing again replaces");
    let names: HashSet<_> = fs::read_dir(&options.out).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(
        names,
        ["train.notes", "valid.notes", "test.notes", "pieces.json", "rejected.csv"].map(Into::into).into()
    );
    let table = describe(&options.out, false).unwrap();
    assert!(table.contains("left out:      2 not a readable MIDI file") && table.contains("Reels"), "{table}");
}

#[test]
fn a_file_that_is_read_in_part_is_kept_and_listed_with_its_losses() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    // A byte that belongs in no file, an end that is missing, and drums.
    let mut odd = tune(50, 60);
    odd.splice(odd.len() - 4..odd.len() - 4, [0, 0xF8]);
    fs::write(options.data.join("Airs/odd.kar"), odd).unwrap();
    let whole = tune(51, 80);
    fs::write(options.data.join("Airs/cut.RMI"), &whole[..whole.len() - 100]).unwrap();
    let tune_and_drums = Score::new(120.0, TimeSignature::COMMON)
        .with_part(Part::new("tune", read_notes(&tune(52, 70))))
        .with_part(Part::new("drums", read_notes(&tune(53, 10))).on_channel(9));
    fs::write(options.data.join("drums.mid"), write(&tune_and_drums).unwrap()).unwrap();
    let check = |summary: &model::data::prepare::Summary, out: &Path| {
        let mut in_part: Vec<_> = summary.in_part.iter().map(|r| (r.path.as_str(), r.reason.as_str())).collect();
        in_part.sort_unstable();
        let expected = [
            ("Airs/cut.RMI", "read in part"),
            ("Airs/odd.kar", "read in part"),
            ("drums.mid", "read without its drums"),
        ];
        assert_eq!(in_part, expected);
        for (path, _) in expected {
            assert!(summary.index.pieces.iter().any(|piece| piece.path == path), "{path} is kept");
        }
        let mut table = csv::Reader::from_path(out.join("rejected.csv")).unwrap();
        assert_eq!(table.headers().unwrap(), vec!["path", "reason", "detail", "kept"]);
        let rows: Vec<_> = table.records().map(Result::unwrap).collect();
        let row = |path: &str| rows.iter().find(|row| &row[0] == path).unwrap();
        assert!(row("Airs/odd.kar")[2].contains("track 2, byte ") && &row("Airs/odd.kar")[3] == "yes");
        assert!(row("Airs/cut.RMI")[2].contains("100 bytes too early"), "{:?}", row("Airs/cut.RMI"));
        assert!(row("drums.mid")[2].contains("10 notes of drums"));
        assert_eq!(&row("Reels/short.mid")[3], "no");
    };
    check(&prepare(&options).unwrap(), &options.out);
    let table = describe(&options.out, false).unwrap();
    assert!(table.contains("but kept:      2 read in part") && table.contains("left out:      2 not a"), "{table}");

    // What an earlier run had read is listed too.
    options.out = folder.path().join("resumed");
    let obstacle = options.out.join("pieces.json.partial");
    fs::create_dir_all(&obstacle).unwrap();
    prepare(&options).unwrap_err();
    fs::remove_dir(obstacle).unwrap();
    let resumed = prepare(&options).unwrap();
    assert_eq!(resumed.n_resumed, 48);
    check(&resumed, &options.out);
}

#[test]
fn no_piece_is_in_two_splits() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let dataset = Dataset::open(&options.out, &SamplingPolicy::default()).unwrap();
    let mut seen = HashSet::new();
    let mut n_notes = 0;
    for split in Split::ALL {
        assert!(dataset.n_notes(split) > 0, "{} is empty", split.name());
        for (piece, notes) in dataset.pieces(split) {
            let tune: Vec<_> = notes.iter().map(|p| (p.note.onset_ticks, p.note.pitch)).collect();
            assert!(seen.insert(piece.path.clone()) && notes.len() == piece.n_notes);
            assert_eq!(tune[0].0, 0, "{} begins in the middle", piece.path);
            n_notes += notes.len();
        }
    }
    assert_eq!(n_notes, Split::ALL.map(|split| dataset.n_notes(split)).iter().sum::<usize>());
}

#[test]
fn a_damaged_prepared_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    prepare(&options).unwrap();
    let file = options.out.join("train.notes");
    let sound = fs::read(&file).unwrap();
    for damage in [sound[..sound.len() - 1].to_vec(), Vec::new(), [&sound[..20], &[7u8][..], &sound[21..]].concat()] {
        fs::write(&file, damage).unwrap();
        let error = format!("{:#}", Dataset::open(&options.out, &SamplingPolicy::default()).unwrap_err());
        assert!(error.contains("prepare` again"), "{error}");
    }
}

#[test]
fn a_manifest_decides_splits_styles_and_licences() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(folder.path());
    let mut manifest = String::from("path,composer,style,split,licence_class,kind\n");
    for (k, split) in (0..20).zip(["train", "train", "validation", "test"].into_iter().cycle()) {
        let style = if k % 3 == 0 { "Airs" } else { "Reels" };
        let composer = if k % 2 == 0 { "Johann Sebastian Bach" } else { "Anna Bon" };
        let licence = if k == 5 { "share-alike" } else { "free" };
        manifest += &format!("{style}/{k}.mid,{composer},baroque,{split},{licence},score\n");
    }
    fs::write(data.join("manifest.csv"), manifest).unwrap();
    let options = PrepareOptions {
        data,
        out: folder.path().join("out"),
        licences: vec!["free".into()],
        ..PrepareOptions::default()
    };
    let summary = prepare(&options).unwrap();
    assert_eq!(summary.index.pieces.len(), 19);
    assert_eq!(summary.rejects[0].reason, "a licence that was not asked for");
    assert_eq!(summary.index.styles.len(), 3);
    for piece in &summary.index.pieces {
        let k: usize = piece.path.split(['/', '.']).nth(1).unwrap().parse().unwrap();
        assert_eq!(piece.split, [Split::Train, Split::Train, Split::Valid, Split::Test][k % 4]);
        assert_eq!(
            summary.index.styles[usize::from(piece.style)],
            if k.is_multiple_of(2) { "J. S. Bach" } else { "Baroque" }
        );
    }
}

#[test]
fn folders_without_music_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let options = |data: &Path| PrepareOptions {
        data: data.to_owned(),
        out: folder.path().join("out"),
        ..PrepareOptions::default()
    };
    let error = prepare(&options(folder.path())).unwrap_err().to_string();
    assert!(error.contains("no file of MIDI"), "{error}");
    let error = prepare(&options(&folder.path().join("missing"))).unwrap_err().to_string();
    assert!(error.contains("give the folder"), "{error}");
    fs::write(folder.path().join("bad.mid"), b"MThd").unwrap();
    let error = prepare(&options(folder.path())).unwrap_err().to_string();
    assert!(error.contains("rejected.csv"), "{error}");
}

#[test]
fn what_was_read_before_a_stop_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("midi");
    fs::create_dir(&data).unwrap();
    for k in 0..150 {
        fs::write(data.join(format!("{k:03}.mid")), tune(k % 50, 40 + k)).unwrap();
    }
    let options =
        |out: &str| PrepareOptions { data: data.clone(), out: folder.path().join(out), ..PrepareOptions::default() };
    let interrupted = options("interrupted");
    let error = prepare_until(&interrupted, &Filters::default(), &AtomicBool::new(true)).unwrap_err().to_string();
    assert!(error.contains("run the same command again"), "{error}");

    // Stands in the way of the last step, when all is read.
    let obstacle = interrupted.out.join("pieces.json.partial");
    fs::create_dir_all(&obstacle).unwrap();
    let error = prepare(&interrupted).unwrap_err().to_string();
    assert!(error.contains("cannot write") && error.contains("pieces.json"), "{error}");
    assert!(!interrupted.out.join("train.notes").exists(), "a half-written folder");
    fs::remove_dir(obstacle).unwrap();
    // The last of three parts has changed, and the first is damaged.
    fs::write(data.join("149.mid"), tune(7, 300)).unwrap();
    let mut parts: Vec<_> =
        fs::read_dir(interrupted.out.join("parts.partial")).unwrap().map(|e| e.unwrap().path()).collect();
    parts.sort_by_key(|part| fs::metadata(part).unwrap().len());
    assert_eq!(parts.len(), 3);
    let largest = fs::read(&parts[2]).unwrap();
    fs::write(&parts[2], &largest[..largest.len() - 1]).unwrap();

    let summary = prepare(&interrupted).unwrap();
    assert_eq!(summary.n_resumed, 64);
    let fresh = options("fresh");
    assert_eq!(prepare(&fresh).unwrap().n_resumed, 0);
    for name in ["train.notes", "valid.notes", "test.notes", "pieces.json", "rejected.csv"] {
        assert_eq!(fs::read(interrupted.out.join(name)).unwrap(), fs::read(fresh.out.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn a_copy_of_a_held_out_piece_does_not_stay_in_training() {
    let folder = tempfile::tempdir().unwrap();
    let raised: Vec<Note> = read_notes(&tune(3, 80)).into_iter().map(raise).collect();
    let raised =
        write(&Score::new(90.0, TimeSignature::COMMON).with_part(Part::new("tune", raised).on_channel(2))).unwrap();
    for (name, bytes) in [("a", tune(3, 80)), ("b", raised), ("c", tune(4, 80)), ("d", tune(4, 81))] {
        fs::write(folder.path().join(format!("{name}.mid")), bytes).unwrap();
    }
    let rows = "path,split\na.mid,train\nb.mid,test\nc.mid,train\nc.mid,validation\nd.mid,train\n";
    fs::write(folder.path().join("manifest.csv"), rows).unwrap();
    let data = folder.path().to_owned();
    let summary =
        prepare(&PrepareOptions { data, out: folder.path().join("out"), ..PrepareOptions::default() }).unwrap();
    let kept: Vec<_> = summary.index.pieces.iter().map(|piece| (piece.path.as_str(), piece.split)).collect();
    assert_eq!(kept, [("b.mid", Split::Test), ("c.mid", Split::Valid), ("d.mid", Split::Train)]);
    assert_eq!(summary.rejects[0].detail, "as b.mid, which is in test");
}

fn read_notes(bytes: &[u8]) -> Vec<Note> {
    read_reduction(bytes, Reading::Auto).unwrap().0.notes
}

/// Two semitones up.
fn raise(note: Note) -> Note {
    Note { pitch: Pitch::new(note.pitch.get() + 2).unwrap(), ..note }
}

#[test]
fn maestros_table_is_read_and_hostile_rows_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("maestro");
    fs::create_dir_all(data.join("2018")).unwrap();
    for k in 0..4 {
        fs::write(data.join(format!("2018/{k}.midi")), tune(k, 60)).unwrap();
    }
    fs::write(folder.path().join("secret.mid"), tune(9, 60)).unwrap();
    let table = format!(
        "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n\
         Joseph Haydn,\"Sonata, Op. 1\",train,2018,2018/0.midi,0.wav,9\n\
         Joseph Haydn,\"Sonata, Op. 1\",validation,2018,2018/1.midi,1.wav,9\n\
         Anna Bon,Sonata,train,2018,../secret.mid,2.wav,9\n\
         Anna Bon,Sonata,train,2018,{},2.wav,9\n\
         Anna Bon,Sonata,wrong,2018,2018/2.midi,2.wav,9\n\
         too,short\n\
         Anna Bon,Sonata,train,2018,2018/gone.midi,2.wav,9\n\
         Anna Bon,Sonata,train,2018,2018,2.wav,9\n\
         Anna Bon,,,2018,2018/3.midi,3.wav,9\n",
        folder.path().join("secret.mid").display()
    );
    fs::write(data.join("maestro-v2.0.0.csv"), table).unwrap();
    let options = PrepareOptions { data: data.clone(), out: folder.path().join("out"), ..PrepareOptions::default() };
    let summary = prepare(&options).unwrap();
    let kept: Vec<_> = summary.index.pieces.iter().map(|piece| piece.path.as_str()).collect();
    assert_eq!(kept, ["2018/0.midi", "2018/1.midi", "2018/3.midi"]);
    assert!(summary.index.pieces.iter().all(|piece| !piece.is_free && piece.is_expressive));
    assert!(summary.in_part.iter().all(|r| r.detail == "by beats that were found in it") && summary.in_part.len() == 3);
    let raw = PrepareOptions { without_ear: true, out: folder.path().join("raw"), ..options.clone() };
    assert!(prepare(&raw).unwrap().index.pieces.iter().all(|piece| piece.is_free));
    assert_eq!((summary.index.pieces[1].split, summary.index.styles[1].as_str()), (Split::Valid, "Haydn"));
    let reasons: Vec<_> = summary.rejects.iter().map(|r| r.reason.as_str()).collect();
    let (outside, damaged) = ("a path outside the folder", "a damaged row of the manifest");
    assert_eq!(reasons, [outside, outside, damaged, damaged, "cannot be opened", "not a file of at most 8 MiB"]);

    fs::write(data.join("maestro-v3.0.0.csv"), "midi_filename\n2018/0.midi\n").unwrap();
    let error = prepare(&options).unwrap_err().to_string();
    assert!(error.contains("several tables"), "{error}");
    let one = PrepareOptions { data: data.join("maestro-v3.0.0.csv"), ..options.clone() };
    assert_eq!(prepare(&one).unwrap().index.pieces.len(), 1);
    fs::write(data.join("manifest.csv"), "file,split\n2018/0.midi,train\n").unwrap();
    let error = prepare(&options).unwrap_err().to_string();
    assert!(error.contains("one of them path"), "{error}");
}

#[test]
fn movements_of_a_work_share_their_split() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::from("path,composer,title\n");
    for k in 0..60 {
        fs::write(folder.path().join(format!("{k}.mid")), tune(k, 60 + k)).unwrap();
        rows += &format!("{k}.mid,Anna Bon,\"Sonata Op. {}: {}. Movement\"\n", k / 3, k % 3 + 1);
    }
    fs::write(folder.path().join("manifest.csv"), rows).unwrap();
    let data = folder.path().to_owned();
    let summary =
        prepare(&PrepareOptions { data, out: folder.path().join("out"), ..PrepareOptions::default() }).unwrap();
    let splits: Vec<_> = summary.index.pieces.iter().map(|piece| piece.split).collect();
    assert!(splits.chunks(3).all(|work| work.iter().all(|split| *split == work[0])), "{splits:?}");
    assert!(splits.iter().any(|split| *split != splits[0]));
}

#[test]
fn filters_leave_out_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let all = prepare(&options).unwrap().index.pieces.len();
    let with = |filters: Filters| {
        let summary = prepare_until(&options, &filters, &AtomicBool::new(false)).unwrap();
        let by_filter = summary.rejects.iter().filter(|r| r.reason.contains("not asked for")).count();
        // A filter comes before the search for copies.
        assert!((all..=all + 1).contains(&(summary.index.pieces.len() + by_filter)));
        summary
    };
    // Tunes are at 120 BPM, with eight notes a second.
    let span = |text: &str| Some(text.parse().unwrap());
    let slow_enough = with(Filters { tempo: span("100-130"), density: span("5-9"), ..Filters::default() });
    assert_eq!(slow_enough.index.pieces.len(), all);
    let long = with(Filters { length: span("20-"), ..Filters::default() });
    assert!(!long.index.pieces.is_empty() && long.index.pieces.iter().all(|piece| piece.end_ticks >= 20 * 96));
    let minor = with(Filters { mode: Some(Mode::Minor), ..Filters::default() });
    assert!(!minor.index.pieces.is_empty() && minor.index.pieces.iter().all(|piece| piece.mode == 2));
    for filters in [
        Filters { tempo: span("-100"), ..Filters::default() },
        Filters { density: span("20-"), ..Filters::default() },
        Filters { composers: vec!["bach".into()], ..Filters::default() },
    ] {
        let error = prepare_until(&options, &filters, &AtomicBool::new(false)).unwrap_err().to_string();
        assert!(error.contains("can be used"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_in_circles_and_to_nowhere_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    std::os::unix::fs::symlink(&options.data, options.data.join("Reels/round")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all.mid", options.data.join("Airs/gone.mid")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", options.data.join("Airs/endless.mid")).unwrap();
    let summary = prepare(&options).unwrap();
    let reason = |path: &str| summary.rejects.iter().find(|r| r.path == path).map(|r| r.reason.as_str());
    assert_eq!(reason("Reels/round"), Some("a link in a circle"));
    assert_eq!(reason("Airs/gone.mid"), Some("cannot be opened"));
    assert_eq!(summary.index.pieces.len() + summary.rejects.len(), 47);
}
