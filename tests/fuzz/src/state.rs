//! Saved songs, as a host gives them back to the plugin through CLAP.

use std::cell::RefCell;

use host::{Clap, Entry, Instance, Pace, Rig, Settings};
use tempfile::TempDir;

/// The plugin, and the folder that it takes for the user's.
struct Plugin {
    rig: Rig<Clap>,
    _home: TempDir,
}

thread_local! {
    static PLUGIN: RefCell<Option<Plugin>> = const { RefCell::new(None) };
}

/// A state is refused or taken. After that all parameters have sane values, the plugin plays on, and what it saves, it takes
/// and saves again.
///
/// # Panics
/// If it does not hold.
pub fn check(bytes: &[u8]) {
    with_plugin(|rig| {
        // As it is, and as the text of a state whose length is right.
        for state in [bytes.to_vec(), framed(bytes)] {
            let is_taken = rig.plugin.load(&state).is_ok();
            rig.run(64).expect("the plugin plays on");
            for parameter in rig.plugin.parameters().to_vec() {
                let value = rig.plugin.value(parameter.id).unwrap_or(f64::NAN);
                assert!(parameter.range.contains(&value), "{} is {value}", parameter.name);
            }
            if is_taken {
                let saved = save(rig);
                rig.plugin.load(&saved).expect("it takes its own state");
                assert_eq!(String::from_utf8_lossy(&save(rig)), String::from_utf8_lossy(&saved));
            }
        }
    });
}

/// The state of a new song, as it is and as text only, and one with takes and memory.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let empty = with_plugin(save);
    let text = String::from_utf8_lossy(empty.get(8..).unwrap_or_default()).into_owned();
    let note = r#"{\"is_answer\":true,\"on_ticks\":0,\"off_ticks\":48,\"key\":60,\"velocity\":80}"#;
    let take = format!(r#""takes":"[{{\"tempo\":120.0,\"bar_ticks\":192,\"notes\":[{note}]}}]""#);
    let memory = r#"\"notes\":[[0,48,60,80,1],[48,48,62,80,1]],\"own\":[[0,48,60,80,true]]"#;
    let full = text.replace(r#""takes":"[]""#, &take).replace(r#"\"notes\":[],\"own\":[]"#, memory);
    vec![empty, text.into_bytes(), full.into_bytes()]
}

/// As the plugin framework writes a text: its length before it.
fn framed(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text].concat()
}

fn save(rig: &mut Rig<Clap>) -> Vec<u8> {
    rig.plugin.save().expect("it saves")
}

fn with_plugin<T>(action: impl FnOnce(&mut Rig<Clap>) -> T) -> T {
    PLUGIN.with_borrow_mut(|plugin| action(&mut plugin.get_or_insert_with(open).rig))
}

fn open() -> Plugin {
    let home = tempfile::tempdir().expect("a folder for a while");
    let settings = Settings { max_block: 64, ..Settings::default() };
    let clap = antiphon::with_data_dir(home.path(), || Clap::new(&Entry::linked(&antiphon::clap_entry)?, settings));
    let mut rig = Rig::new(clap.expect("the plugin starts"), settings, Pace::Unpaced);
    rig.run(64).expect("the plugin plays on");
    Plugin { rig, _home: home }
}
