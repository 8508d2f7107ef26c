//! Where an instance keeps its files.

use takes::Home;

/// The folder for an instance that is made now; `None` for a user without one.
pub(crate) fn data_dir() -> Option<Home> {
    #[cfg(any(test, feature = "test-support"))]
    if let Some(folder) = instead::INSTEAD.with_borrow(Clone::clone) {
        return Some(Home::at(folder));
    }
    Home::of_user()
}

/// For tests, which may not touch the user's files.
#[cfg(any(test, feature = "test-support"))]
mod instead {
    use std::cell::RefCell;
    use std::path::{Path, PathBuf};

    thread_local! {
        pub(super) static INSTEAD: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    }

    /// Instances that are made meanwhile, on this thread, keep their takes and their log in this folder instead of the
    /// user's.
    pub fn with_data_dir<T>(folder: &Path, make: impl FnOnce() -> T) -> T {
        let before = INSTEAD.replace(Some(folder.to_owned()));
        let made = make();
        INSTEAD.set(before);
        made
    }
}

#[cfg(any(test, feature = "test-support"))]
pub use instead::with_data_dir;
