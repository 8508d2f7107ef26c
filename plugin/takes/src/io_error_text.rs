//! What the system's errors mean to a musician, and what to do about them.

use std::io::{Error, ErrorKind};

/// A sentence without the system's numbers: what is wrong, and what to do.
#[must_use]
pub fn explain(error: &Error) -> String {
    let known = match error.kind() {
        ErrorKind::NotFound => "the file or its folder is not there; put it back, or try again",
        ErrorKind::PermissionDenied => "the system does not allow it; give this user the right to the folder",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; make room and try again",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read; choose another in the system's settings",
        ErrorKind::IsADirectory => "it is a folder, not a file; move it away",
        ErrorKind::NotADirectory => "a file is where a folder should be; move it away",
        ErrorKind::AlreadyExists if error.raw_os_error().is_some() => "a file of that name is in the way; move it away",
        ErrorKind::OutOfMemory => "the memory is full; close other programs",
        ErrorKind::WouldBlock => "the system is too busy; close other programs and try again",
        _ => return format!("{}; try again, or restart the music software", without_number(&error.to_string())),
    };
    known.to_owned()
}

/// Without "(os error 5)".
fn without_number(text: &str) -> &str {
    text.split(" (os error").next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_shows_the_systems_number_and_each_says_what_to_do() {
        for number in 1..134 {
            let text = explain(&Error::from_raw_os_error(number));
            assert!(!text.contains("os error") && text.contains("; "), "{number}: {text}");
        }
        assert_eq!(explain(&Error::from(ErrorKind::StorageFull)), "the disk is full; make room and try again");
        assert!(explain(&Error::other("a folder is full")).starts_with("a folder is full; "));
    }
}
