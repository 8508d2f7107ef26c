//! What all of Antiphon's files have in common: a magic word, a version (u32, little-endian as all else), the length of a
//! header (u32), the header in JSON, zeros up to a multiple of 64; then data; then the SHA-256 of everything before it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::network::error::{VERSION, WeightsError};

const START_BYTES: usize = 16;
const MAX_HEADER_BYTES: usize = 64 * 1024;
const CHECKSUM_BYTES: usize = 32;

/// A file's JSON header, and where that ends. Nothing behind it has been looked at.
pub(crate) fn header<'a>(bytes: &'a [u8], magic: &[u8; 8]) -> Result<(&'a [u8], usize), WeightsError> {
    let truncated = |expected: usize| WeightsError::Truncated { expected: expected as u64, found: bytes.len() as u64 };
    let Some((start, _)) = bytes.split_first_chunk::<START_BYTES>() else {
        return Err(if bytes.starts_with(magic) { truncated(START_BYTES) } else { WeightsError::NotAntiphon });
    };
    let [found @ .., v0, v1, v2, v3, l0, l1, l2, l3] = *start;
    if found != *magic {
        return Err(WeightsError::NotAntiphon);
    }
    match u32::from_le_bytes([v0, v1, v2, v3]) {
        VERSION => {}
        0 => return Err(WeightsError::Header("there is no version 0".into())),
        newer => return Err(WeightsError::NewerVersion(newer)),
    }
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if length > MAX_HEADER_BYTES {
        return Err(WeightsError::Header(format!("it claims to be {length} bytes long")));
    }
    let end = START_BYTES + length;
    Ok((bytes.get(START_BYTES..end).ok_or_else(|| truncated(end))?, end))
}

/// Everything but the checksum, of a file whose data must end at `data_end`; and the checksum, which is right.
pub(crate) fn body(bytes: &[u8], data_end: u64) -> Result<(&[u8], [u8; CHECKSUM_BYTES]), WeightsError> {
    let (expected, found) = (data_end.saturating_add(CHECKSUM_BYTES as u64), bytes.len() as u64);
    let truncated = WeightsError::Truncated { expected, found };
    if found > expected {
        return Err(WeightsError::TooLong { expected, found });
    }
    let Some((body, checksum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>().filter(|_| found == expected) else {
        return Err(truncated);
    };
    if Sha256::digest(body).as_slice() != checksum { Err(WeightsError::Checksum) } else { Ok((body, *checksum)) }
}

/// The beginning of a file, up to where data goes.
pub(crate) fn begin(magic: &[u8; 8], header: &impl Serialize) -> Result<Vec<u8>, WeightsError> {
    let json = serde_json::to_vec_pretty(header).map_err(|e| WeightsError::Header(e.to_string()))?;
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    if json.len() > MAX_HEADER_BYTES {
        return Err(WeightsError::Header("its texts are longer than 64 KiB".into()));
    }
    let mut file = magic.to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(json);
    file.resize(file.len().next_multiple_of(64), 0);
    Ok(file)
}

/// A whole file.
pub(crate) fn seal(mut file: Vec<u8>) -> Vec<u8> {
    let checksum = Sha256::digest(&file);
    file.extend_from_slice(checksum.as_slice());
    file
}
