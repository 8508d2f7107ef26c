//! The files of style packs and networks: the user's folder of them, and how one is found again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use engine::pack;
use takes::explain;

/// No file is near this size.
const MAX_BYTES: u64 = 64 << 20;

/// Where packs and networks belong: the folder Antiphon/Styles beside the takes.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(takes::Home::of_user()?.styles())
}

/// What is in that folder, by name.
pub(crate) fn installed_models() -> Vec<PathBuf> {
    folder().map_or_else(Vec::new, |folder| models_in(&folder))
}

fn models_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let is_model =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("antiphon"));
    let mut models: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_model).collect();
    models.sort();
    models
}

/// A file, unless it is far too large.
///
/// # Errors
/// A sentence that says what is wrong, and what to do.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |why: std::io::Error| match (why.kind(), path.file_name(), path.parent()) {
        (ErrorKind::NotFound, Some(name), Some(folder)) => format!(
            "cannot read {}: it is not there. Put it back and press Retry under Packs, or choose another; it was in {}",
            name.display(),
            folder.display()
        ),
        _ => format!("cannot read {}: {}", path.display(), explain(&why)),
    };
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > MAX_BYTES {
        return Err(format!(
            "{} is far too large for a style pack or a network; choose a file that ends in .antiphon",
            path.display()
        ));
    }
    std::fs::read(path).map_err(cannot)
}

/// The installed file of this checksum: the user may have moved or renamed it.
pub(super) fn find_by_checksum(sha256: &str) -> Option<Vec<u8>> {
    find_among(installed_models(), sha256)
}

fn find_among(models: Vec<PathBuf>, sha256: &str) -> Option<Vec<u8>> {
    models.into_iter().filter_map(|path| read_file(&path).ok()).find(|bytes| checksum(bytes) == sha256)
}

/// The checksum that ends a file of ours, in hexadecimal.
pub(super) fn checksum(bytes: &[u8]) -> String {
    pack::hex(bytes.last_chunk::<32>().unwrap_or(&[0; 32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_renamed_is_found_by_its_checksum() {
        let folder = std::env::temp_dir().join(format!("antiphon-library-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in [("b.antiphon", [7_u8; 40]), ("a.ANTIPHON", [8; 40]), ("notes.txt", [9; 40])] {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let names = || models_in(&folder).iter().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(), ["a.ANTIPHON", "b.antiphon"], "by name, and nothing else");
        assert_eq!(find_among(models_in(&folder), &checksum(&[7; 40])), Some(vec![7; 40]));
        assert_eq!(find_among(models_in(&folder), &checksum(&[9; 40])), None, "no file of ours");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(names().is_empty());
        let why = read_file(&folder.join("b.antiphon")).unwrap_err();
        assert!(why.starts_with("cannot read b.antiphon: it is not there. Put it back"), "{why}");
    }
}
