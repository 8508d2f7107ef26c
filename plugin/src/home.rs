//! Where an instance keeps its files.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use takes::Home;

thread_local! {
    static INSTEAD: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Instances that are made meanwhile, on this thread, keep their takes and their log in this folder instead of the user's:
/// so that no test touches those.
pub fn with_home<T>(folder: &Path, make: impl FnOnce() -> T) -> T {
    let before = INSTEAD.replace(Some(folder.to_owned()));
    let made = make();
    INSTEAD.set(before);
    made
}

/// The folder for an instance that is made now; `None` for a user without one.
pub(crate) fn home() -> Option<Home> {
    INSTEAD.with_borrow(Clone::clone).map(Home::at).or_else(Home::of_user)
}
