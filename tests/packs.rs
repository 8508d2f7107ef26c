//! Style packs and networks in a song: chosen, missing, damaged.

use std::path::{Path, PathBuf};

use engine::pack::{self, Adapter};
use engine::{ModelConfig, PackHeader, Precision, Weights, random_file};
use host::{Clap, Instance, Pace, Played, Rig};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of};
use crate::turns::set_text;

static BASE: &[u8] = include_bytes!("../model/weights/nano.antiphon");

/// A pack for the plugin's own weights that makes it play quite otherwise, in a folder that goes away with it.
struct File {
    path: PathBuf,
}

impl File {
    fn new(test: &str, size: f32) -> Self {
        let base = Weights::parse(BASE).unwrap();
        let number = |i: usize| size * (f32::from(u8::try_from(i * 37 % 101).unwrap()) / 50.0 - 1.0);
        let numbers = |n: usize| (0..n).map(number).collect::<Vec<f32>>();
        let adapters: Vec<_> = pack::layers(base.config())
            .iter()
            .map(|layer| Adapter { b: numbers(layer.rows), a: numbers(layer.columns) })
            .collect();
        let header = PackHeader {
            name: "My own".into(),
            author: String::new(),
            licence: "CC0-1.0".into(),
            sources: Vec::new(),
            card: String::new(),
            tokeniser: engine::weights::TOKENISER,
            base: base.header().name.clone(),
            base_sha256: pack::hex(&base.checksum()),
            config: *base.config(),
            rank: 1,
        };
        Self::of(test, pack::write(&header, &numbers(base.config().d_model), &adapters).unwrap())
    }

    /// A network that looks back so far.
    fn network(test: &str, n_context: usize, precision: Precision) -> Self {
        Self::of(test, random_file(ModelConfig { n_context, ..ModelConfig::TINY }, precision, 7).unwrap())
    }

    fn of(test: &str, bytes: Vec<u8>) -> Self {
        let path = std::env::temp_dir().join(format!("antiphon-pack-{}-{test}.antiphon", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self { path }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// CLAP's states begin with their length, one byte of which may be a bracket too.
fn json_start(state: &[u8]) -> usize {
    state.windows(2).position(|bytes| bytes == b"{\"").unwrap()
}

/// What is saved of the pack.
fn saved_pack(state: &[u8]) -> serde_json::Value {
    let start = json_start(state);
    let state: serde_json::Value = serde_json::from_slice(&state[start..]).unwrap();
    serde_json::from_str(state["fields"]["pack"].as_str().unwrap()).unwrap()
}

/// The state with another pack in it.
fn with_pack(state: &[u8], path: &Path, sha256: &str, name: &str) -> Vec<u8> {
    let start = json_start(state);
    let mut json: serde_json::Value = serde_json::from_slice(&state[start..]).unwrap();
    let pack = serde_json::json!({ "path": path, "sha256": sha256, "name": name });
    json["fields"]["pack"] = pack.to_string().into();
    let body = serde_json::to_vec(&json).unwrap();
    let mut state = if start == 8 { (body.len() as u64).to_le_bytes().to_vec() } else { Vec::new() };
    state.extend(body);
    state
}

/// A new instance that plays with this pack, in styles by their places.
fn song(pack: Option<(&Path, &str)>, style: f64, second: Option<f64>) -> Rig<Clap> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.set("Style", style).unwrap();
    // Of a few notes, all may be the same by chance.
    set_text(&mut rig, "Answer length", "8 bars");
    if let Some(second) = second {
        rig.set("Second style", second).unwrap();
        rig.set("Style mix", 0.5).unwrap();
    }
    rig.run(1).unwrap();
    let state = rig.plugin.save().unwrap();
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let state = pack.map_or(state.clone(), |(path, sha256)| with_pack(&state, path, sha256, ""));
    rig.plugin.load(&state).unwrap();
    rig
}

fn played(mut rig: Rig<Clap>) -> Vec<Played> {
    let notes = answer(&mut rig, 44);
    assert!(!notes.is_empty());
    assert_released(&notes);
    notes
}

/// The text of the style at this place, as soon as it is `wanted`, or after a while: files are read on a thread of their own.
fn shown(rig: &mut Rig<Clap>, style: u32, place: f64, wanted: &str) -> String {
    for _ in 0..500 {
        if rig.plugin.value_text(style, place).unwrap() == wanted {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    rig.plugin.value_text(style, place).unwrap()
}

/// The place of the first style that the built-in weights do not have.
fn own_style() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 32")]
    let place = Weights::parse(BASE).unwrap().header().styles.len() as f64;
    place
}

#[test]
fn a_song_plays_with_its_pack_and_mixes_its_style_with_others() {
    let file = File::new("plays", 0.05);
    let own = own_style();
    let pack = Some((&*file.path, ""));
    let with_pack = played(song(pack, own, None));
    assert_ne!(with_pack, played(song(None, own, None)), "the pack changes nothing");
    assert_eq!(with_pack, played(song(pack, own, None)), "not the same notes again");
    let mixed = played(song(pack, own, Some(1.0)));
    assert!(mixed != with_pack && mixed != played(song(pack, 1.0, None)), "the styles do not mix");

    // The host shows the style by its name, and the song keeps which file it was.
    let mut rig = song(pack, own, None);
    let style = rig.parameter("Style").unwrap().id;
    assert_eq!(shown(&mut rig, style, own, "My own"), "My own");
    let state = rig.plugin.save().unwrap();
    let saved = saved_pack(&state);
    assert_eq!(saved["name"], "My own");
    assert_eq!(saved["sha256"].as_str().unwrap().len(), 64);
    let mut again = open(OFFLINE, Pace::Unpaced);
    again.plugin.load(&state).unwrap();
    assert_eq!(played(again), with_pack);
}

#[test]
fn without_its_pack_a_song_plays_the_built_in_styles_and_says_so() {
    let built_in = played(song(None, 0.0, None));
    let nowhere = std::env::temp_dir().join("no-such-folder").join("lost.antiphon");
    let damaged = File::new("damaged", 0.05);
    let mut bytes = std::fs::read(&damaged.path).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&damaged.path, bytes).unwrap();
    let changed = File::new("changed", 0.05);
    let other = "0".repeat(64);
    let network = File::network("before", 512, Precision::Q8);
    let floats = File::network("floats", 512, Precision::F32);
    let short = File::network("short", 64, Precision::Q8);
    let cases = [
        (&*nowhere, ""),
        (&*nowhere, &*other),
        (&*damaged.path, ""),
        (&*changed.path, &*other),
        (&*floats.path, ""),
        (&*short.path, ""),
    ];
    for (path, sha256) in cases {
        let mut rig = song(Some((path, sha256)), own_style(), None);
        let style = rig.parameter("Style").unwrap().id;
        rig.run(512).unwrap();
        let text = rig.plugin.value_text(style, own_style()).unwrap();
        assert!(text.contains("not in this model"), "{text}");
        assert_eq!(played(song(Some((path, sha256)), own_style(), None)), built_in, "{}", path.display());
        // So does one that is opened where another song with a network of its own was.
        let mut second = song(Some((&*network.path, "")), own_style(), None);
        assert_eq!(shown(&mut second, style, 1.0, "J. S. Bach, chorales"), "J. S. Bach, chorales");
        let state = song(Some((path, sha256)), own_style(), None).plugin.save().unwrap();
        second.plugin.load(&state).unwrap();
        assert_eq!(played(second), built_in, "{}", path.display());
        // Saved again, the song still knows what it wants.
        assert_eq!(saved_pack(&rig.plugin.save().unwrap())["path"], path.to_str().unwrap());
    }
}

#[test]
fn a_song_plays_with_a_whole_network_and_shows_its_styles() {
    let file = File::network("network", 1024, Precision::Q8);
    let network = Some((&*file.path, ""));
    let with_network = played(song(network, 1.0, None));
    assert_ne!(with_network, played(song(None, 1.0, None)), "the network is not played");
    assert_eq!(with_network, played(song(network, 1.0, None)), "not the same notes again");

    let names = Weights::parse(&std::fs::read(&file.path).unwrap()).unwrap().header().styles.clone();
    let mut rig = song(network, 1.0, None);
    let style = rig.parameter("Style").unwrap().id;
    assert_eq!(shown(&mut rig, style, 1.0, &names[1]), names[1]);
    let state = rig.plugin.save().unwrap();
    drop(file);
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.plugin.load(&state).unwrap();
    let missing = format!("{} (not in this model)", names[1]);
    assert_eq!(shown(&mut rig, style, 1.0, &missing), missing);
    assert_eq!(saved_pack(&rig.plugin.save().unwrap()), saved_pack(&state), "a song forgets what it misses");
}

#[test]
fn packs_and_networks_come_and_go_while_it_plays() {
    let files = [File::new("swap", 0.05), File::network("other", 1024, Precision::Q8)];
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let plain = rig.plugin.save().unwrap();
    let chosen = [&files[0], &files[1]].map(|file| with_pack(&plain, &file.path, "", ""));
    for round in 0..8u32 {
        let before = rig.heard.len();
        play_call(&mut rig, round * 12);
        let beats = sample_of(&rig, 12.0);
        rig.run(beats).unwrap();
        let notes = host::pair(&rig.heard[before..]).len();
        // The network is of random weights, whose notes may be long.
        let least = if round % 4 == 2 { 1 } else { 3 };
        assert!(notes >= least, "{notes} notes answer call {round}");
        // A pack, a network, the pack at once after it, none.
        rig.plugin.load([&chosen[0], &chosen[1], &chosen[0], &plain][round as usize % 4]).unwrap();
    }
    rig.run(480_000).unwrap();
    assert_released(&host::pair(&rig.heard));
}
