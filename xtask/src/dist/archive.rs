//! Packs a folder so that the same files give the same bytes, whoever packs them and whenever.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The most that deflate can do.
const LEVEL: i64 = 9;

/// Writes a folder and all in it to a ZIP file, under the folder's own name. Every file gets the same time, and says only whether it
/// can be run; they come in the order of their names.
///
/// # Errors
/// When a file cannot be read, or the archive not be written.
pub(super) fn pack(folder: &Path, archive: &Path, time: DateTime) -> Result<()> {
    let parent = folder.parent().context("the folder lies in another")?;
    let mut files = Vec::new();
    list(folder, &mut files)?;
    let mut named: Vec<(String, PathBuf)> =
        files.into_iter().map(|path| Ok((name(path.strip_prefix(parent)?)?, path))).collect::<Result<_>>()?;
    named.sort();
    let file = File::create(archive).with_context(|| format!("cannot write {}", archive.display()))?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    for (name, path) in named {
        let mode = if is_program(&path)? { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(time)
            .unix_permissions(mode);
        zip.start_file(name, options)?;
        io::copy(&mut File::open(&path)?, &mut zip).with_context(|| format!("cannot pack {}", path.display()))?;
    }
    zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A path as archives write it.
fn name(path: &Path) -> Result<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Ok(parts.with_context(|| format!("{} is no Unicode", path.display()))?.join("/"))
}

#[cfg(unix)]
fn is_program(path: &Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o111 != 0)
}

/// Windows does not ask.
#[cfg(not(unix))]
fn is_program(_: &Path) -> Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const FILES: [(&str, &str); 4] =
        [("Plugin.vst3/Contents/x/Plugin.so", "code"), ("a.txt", "words"), ("B.txt", ""), ("folder/c", "c")];

    fn packed(files: &[(&str, &str)], program: &str, time: DateTime) -> Vec<u8> {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("name-1.0");
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        #[cfg(unix)]
        fs::set_permissions(folder.join(program), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let archive = parent.path().join("name.zip");
        pack(&folder, &archive, time).unwrap();
        fs::read(archive).unwrap()
    }

    fn time(day: u8) -> DateTime {
        DateTime::from_date_and_time(2026, 2, day, 3, 4, 6).unwrap()
    }

    #[test]
    fn the_same_files_give_the_same_bytes_and_others_do_not() {
        let mut reversed = FILES;
        reversed.reverse();
        let bytes = packed(&FILES, "a.txt", time(1));
        // The file system gives them in another order, and other times.
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(packed(&reversed, "a.txt", time(1)) == bytes);
        assert!(packed(&FILES, "a.txt", time(2)) != bytes);
        let mut other = FILES;
        other[1].1 = "word";
        assert!(packed(&other, "a.txt", time(1)) != bytes);
    }

    #[test]
    fn what_is_packed_is_unpacked_in_order() {
        let bytes = packed(&FILES, "folder/c", time(1));
        let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
        let mut names = Vec::new();
        for i in 0..archive.len() {
            let mut file = archive.by_index(i).unwrap();
            assert_eq!(file.last_modified(), Some(time(1)));
            let (name, mode) = (file.name().unwrap().into_owned(), file.unix_mode().unwrap() & 0o777);
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let is_program = cfg!(unix) && name == "name-1.0/folder/c";
            assert_eq!(mode, if is_program { 0o755 } else { 0o644 }, "{name}");
            assert!(FILES.iter().any(|(path, words)| format!("name-1.0/{path}") == name && *words == text), "{name}");
            names.push(name);
        }
        assert_eq!(names.len(), FILES.len());
        assert!(names.is_sorted());
    }
}
