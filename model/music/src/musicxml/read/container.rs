//! From the bytes of a file to its text: what is packed is unpacked, and letters are made those of Rust.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::super::error::MusicXmlError;
use super::xml;

/// A score of a whole opera has less.
pub(super) const MAX_TEXT_BYTES: u64 = 64 << 20;
/// Scores with pictures and parts have less.
const MAX_ENTRIES: usize = 4096;
/// Text that is not in UTF-8 needs up to twice the room when it is.
const MAX_RECODED_BYTES: usize = 32 << 20;
const MAX_CONTAINER_BYTES: u64 = 1 << 20;
/// How a packed file begins.
pub(super) const PACKED: &[u8] = b"PK\x03\x04";

/// The text of the score in a .mxl or .musicxml file.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, MusicXmlError> {
    if !bytes.starts_with(PACKED) {
        return decode(Cow::Borrowed(bytes));
    }
    let cannot = |why: &dyn std::fmt::Display| MusicXmlError::Container(why.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|why| cannot(&why))?;
    if archive.len() > MAX_ENTRIES {
        return Err(MusicXmlError::TooLarge { what: "4096 files packed in it" });
    }
    let named = root_file(&mut archive);
    let is_score = |name: &String| {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        !name.starts_with("META-INF") && (end.eq_ignore_ascii_case("xml") || end.eq_ignore_ascii_case("musicxml"))
    };
    let known = named.filter(|name| archive.index_for_name(name).is_some());
    let name = known.or_else(|| archive.file_names().flatten().map(Cow::into_owned).find(is_score));
    let name = name.ok_or_else(|| cannot(&"there is no score in it"))?;
    decode(Cow::Owned(unpack(&mut archive, &name, MAX_TEXT_BYTES)?))
}

/// What the archive's own description says is its score.
fn root_file(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Option<String> {
    let bytes = unpack(archive, "META-INF/container.xml", MAX_CONTAINER_BYTES).ok()?;
    let text = decode(Cow::Owned(bytes)).ok()?;
    let mut reader = xml::Reader::new(&text);
    while let Ok(step) = reader.step() {
        match step {
            xml::Step::Open(element) if element.name() == "rootfile" => {
                return element.attribute("full-path").map(str::to_owned);
            }
            xml::Step::End => break,
            _ => {}
        }
    }
    None
}

fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str, most: u64) -> Result<Vec<u8>, MusicXmlError> {
    let cannot = |why: &dyn std::fmt::Display| MusicXmlError::Container(format!("{name}: {why}"));
    let file = archive.by_name(name).map_err(|why| cannot(&why))?;
    let mut bytes = Vec::new();
    // Whatever size it claims.
    file.take(most + 1).read_to_end(&mut bytes).map_err(|why| cannot(&why))?;
    match bytes.len() as u64 > most {
        true => Err(MusicXmlError::TooLarge { what: "64 MiB of text" }),
        false => Ok(bytes),
    }
}

/// UTF-8, UTF-16 by its mark or its zeros, or else Latin-1, which any bytes are.
fn decode(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, MusicXmlError> {
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        return Err(MusicXmlError::TooLarge { what: "64 MiB of text" });
    }
    let utf16 = match bytes.get(..2) {
        Some([0xFF, 0xFE] | [b'<', 0]) => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
        Some([0xFE, 0xFF] | [0, b'<']) => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => None,
    };
    if let Some(unit) = utf16 {
        if bytes.len() > MAX_RECODED_BYTES {
            return Err(MusicXmlError::Encoding);
        }
        let units = bytes.as_chunks().0.iter().map(|pair| unit(*pair));
        let text: String = char::decode_utf16(units).map(|letter| letter.unwrap_or('?')).collect();
        return Ok(Cow::Owned(text));
    }
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => latin(bytes).map(Cow::Owned),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(error) => latin(error.as_bytes()).map(Cow::Owned),
        },
    }
}

fn latin(bytes: &[u8]) -> Result<String, MusicXmlError> {
    if bytes.len() > MAX_RECODED_BYTES || bytes.contains(&0) {
        return Err(MusicXmlError::Encoding);
    }
    Ok(bytes.iter().map(|&byte| char::from(byte)).collect())
}
