//! Where an event ends. Each is a time, a status byte that says what it is, and data; a channel message may leave out the
//! status byte of the one before. What breaks a rule is a [`Fault`]; what keeps them all and is yet not what one would
//! write is in doubt.

use super::left_out::What;

/// Times and lengths of a file have four bytes of seven bits.
const LIMIT: u64 = 1 << 28;
const NOTE_ON: u8 = 0x90;
pub(super) const SYSEX: u8 = 0xF0;
const ESCAPE: u8 = 0xF7;
pub(super) const META: u8 = 0xFF;
pub(super) const END_OF_TRACK: u8 = 0x2F;

/// An event whose place is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// File ticks since the event before.
    pub(super) delta: u32,
    /// The last byte of its time: from there on, it is an event without a time before it, for a parser that wants one.
    pub(super) time_end: usize,
    /// What it is, said here or before.
    pub(super) status: u8,
    /// For a meta event its kind, else 0.
    pub(super) kind: u8,
    /// Where its data begin: after the status, or after the length.
    pub(super) data: usize,
    /// Where the next one begins.
    pub(super) next: usize,
    /// Read, but not as it should be written.
    pub(super) oddity: Option<What>,
    /// Perhaps another event, or one of another length.
    pub(super) doubt: Option<What>,
}

/// An event that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte that breaks it.
    pub(super) byte: usize,
    pub(super) why: &'static str,
    /// File ticks since the event before, if they can be read.
    pub(super) delta: Option<u32>,
    /// Where the next one begins if nothing but a value is wrong.
    pub(super) next: Option<usize>,
}

impl Frame {
    /// Whether it holds data of which nothing is known, in which other events could be hidden.
    pub(super) const fn is_opaque(&self) -> bool {
        match self.status {
            SYSEX | ESCAPE => true,
            META => !matches!(self.kind, END_OF_TRACK | 0x51 | 0x54 | 0x58 | 0x59 | 0x20 | 0x21),
            _ => false,
        }
    }

    /// Whether it is a track's end mark.
    pub(super) const fn is_end(&self) -> bool {
        self.status == META && self.kind == END_OF_TRACK
    }
}

/// Finds the end of the event at `at`, in a track that ends with `bytes`. `running` is the status of the last channel
/// message.
pub(super) fn frame(bytes: &[u8], at: usize, running: Option<u8>) -> Result<Frame, Fault> {
    let cut = |delta| Fault { byte: at, why: "the event is cut off", delta, next: None };
    let (delta, status_at) =
        number(bytes, at).ok_or(Fault { byte: at, why: "the time has no end", delta: None, next: None })?;
    let mut frame = Frame {
        delta,
        time_end: status_at - 1,
        status: NOTE_ON,
        kind: 0,
        data: status_at,
        next: status_at,
        oddity: (status_at - at > 4).then_some(What::LongTime),
        doubt: None,
    };
    match bytes.get(status_at) {
        None => return Err(cut(Some(delta))),
        Some(&status @ 0x80..) => {
            frame.status = status;
            frame.data = status_at + 1;
        }
        Some(_) => match running {
            Some(status) => frame.status = status,
            // The first status of the track may be missing; a single event without one is no music.
            None if number(bytes, status_at + 2)
                .is_some_and(|(_, next)| bytes.get(next).is_some_and(|&b| b < 0x80)) =>
            {
                frame.oddity = Some(What::NoStatus);
            }
            None => {
                let why = "an event without its first byte";
                return Err(Fault { byte: status_at, why, delta: Some(delta), next: Some(status_at + 2) });
            }
        },
    }
    match frame.status {
        0x80..=0xEF => channel_message(bytes, frame, cut),
        META => meta(bytes, frame, cut),
        SYSEX | ESCAPE => opaque(bytes, frame),
        status => {
            let n_data = match status {
                0xF1 | 0xF3 => 1,
                0xF2 => 2,
                _ => 0,
            };
            frame.next = (frame.data + n_data).min(bytes.len());
            frame.doubt = Some(What::SystemMessage(status));
            Ok(frame)
        }
    }
}

fn channel_message(bytes: &[u8], mut frame: Frame, cut: impl Fn(Option<u32>) -> Fault) -> Result<Frame, Fault> {
    let n_data = if matches!(frame.status, 0xC0..=0xDF) { 1 } else { 2 };
    frame.next = frame.data + n_data;
    let data = bytes.get(frame.data..frame.next).ok_or_else(|| cut(Some(frame.delta)))?;
    match data.iter().position(|&byte| byte >= 0x80) {
        None => Ok(frame),
        Some(place) => Err(Fault {
            byte: frame.data + place,
            why: "a value above 127",
            delta: Some(frame.delta),
            next: Some(frame.next),
        }),
    }
}

fn meta(bytes: &[u8], mut frame: Frame, cut: impl Fn(Option<u32>) -> Fault) -> Result<Frame, Fault> {
    frame.kind = *bytes.get(frame.data).ok_or_else(|| cut(Some(frame.delta)))?;
    frame.data += 1;
    let by_kind = length_of_meta(frame.kind).map(|length| frame.data + 1 + length);
    let (frame, data) = with_length(bytes, frame).map_err(|fault| Fault { next: by_kind, ..fault })?;
    let (kind, n_bytes) = (frame.kind, data.len());
    let doubt = match kind {
        0x00 => (n_bytes != 2 && n_bytes != 0).then_some(What::MetaLength { kind, n_bytes }),
        0x01..=0x0F => (!is_text(data)).then_some(What::OddText { n_bytes }),
        0x7F => None,
        _ => match length_of_meta(kind) {
            Some(length) => (n_bytes != length).then_some(What::MetaLength { kind, n_bytes }),
            None => Some(What::UnknownMeta { kind, n_bytes }),
        },
    };
    Ok(Frame { doubt, ..frame })
}

/// The length of meta events that have always the same.
pub(super) const fn length_of_meta(kind: u8) -> Option<usize> {
    match kind {
        0x20 | 0x21 => Some(1),
        END_OF_TRACK => Some(0),
        0x51 => Some(3),
        0x54 => Some(5),
        0x58 => Some(4),
        0x59 => Some(2),
        _ => None,
    }
}

/// Where a system-exclusive message ends by its own end mark, whatever its length says.
pub(super) fn sysex_end(bytes: &[u8], data: usize) -> Option<usize> {
    let place = data + bytes.get(data..)?.iter().position(|&byte| byte >= 0x80)?;
    (bytes[place] == ESCAPE).then_some(place + 1)
}

fn opaque(bytes: &[u8], frame: Frame) -> Result<Frame, Fault> {
    let (status, length_at) = (frame.status, frame.data);
    let by_mark = || number(bytes, length_at).filter(|_| status == SYSEX).and_then(|(_, data)| sysex_end(bytes, data));
    let (frame, data) = with_length(bytes, frame).map_err(|fault| Fault { next: by_mark(), ..fault })?;
    let n_bytes = data.len();
    // A message may come in packets, of which all but the first have the status of an escape.
    let is_last = data.last() == Some(&ESCAPE);
    let is_followed = || {
        let next = number(bytes, frame.next).and_then(|(_, status_at)| bytes.get(status_at));
        next == Some(&ESCAPE)
    };
    let n_data = n_bytes - usize::from(is_last);
    let is_sound = data[..n_data].iter().all(|&byte| byte < 0x80) && n_bytes > 0 && (is_last || is_followed());
    let what = if frame.status == ESCAPE { What::Escape { n_bytes } } else { What::OddSysex { n_bytes } };
    let doubt = (!is_sound).then_some(what);
    Ok(Frame { doubt, ..frame })
}

/// Reads the length at `frame.data`, and what it is the length of.
fn with_length(bytes: &[u8], mut frame: Frame) -> Result<(Frame, &[u8]), Fault> {
    let fault = |byte, why| Fault { byte, why, delta: Some(frame.delta), next: None };
    let length_at = frame.data;
    let (length, data) = number(bytes, length_at).ok_or(fault(length_at, "the length has no end"))?;
    frame.data = data;
    frame.next = data.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    let data = bytes.get(data..frame.next).ok_or(fault(length_at, "the event is longer than its track"))?;
    Ok((frame, data))
}

/// A number of up to four bytes of seven bits, and where it ends; five bytes too, if the first say nothing.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let mut value = 0u64;
    for (i, &byte) in bytes.get(at..)?.iter().take(5).enumerate() {
        value = value << 7 | u64::from(byte & 0x7F);
        if byte < 0x80 {
            return Some((u32::try_from(value).ok().filter(|_| value < LIMIT)?, at + i + 1));
        }
    }
    None
}

fn is_text(data: &[u8]) -> bool {
    let ended = data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    data[..ended].iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_bytes_or_five_that_say_no_more() {
        assert_eq!(number(&[0x81, 0x5C, 9], 0), Some((220, 2)));
        assert_eq!(number(&[0xFF, 0xFF, 0xFF, 0x7F], 0), Some(((1 << 28) - 1, 4)));
        assert_eq!(number(&[0x80, 0x80, 0x80, 0x80, 0x05], 0), Some((5, 5)));
        assert_eq!(number(&[0xFF, 0x80, 0x80, 0x80, 0x05], 0), None);
        assert_eq!((number(&[0x81], 0), number(&[], 0), number(&[], 7)), (None, None, None));
    }

    #[test]
    fn an_event_ends_where_its_kind_says() {
        let ends = |bytes: &[u8], running| frame(bytes, 0, running).map(|frame| (frame.delta, frame.next, frame.doubt));
        assert_eq!(ends(&[0, 0x90, 60, 80], None), Ok((0, 4, None)));
        assert_eq!(ends(&[9, 60, 80], Some(0x80)), Ok((9, 3, None)));
        assert_eq!(ends(&[0, 0xC0, 5, 7], None), Ok((0, 3, None)));
        assert_eq!(ends(&[0, 0xFF, 3, 2, b'a', b'b'], None), Ok((0, 6, None)));
        assert_eq!(ends(&[0, 0xF0, 2, 1, 0xF7], None), Ok((0, 5, None)));
        assert!(ends(&[0, 0xF0, 2, 1, 2], None).unwrap().2.is_some());
        assert!(ends(&[0, 0xFF, 0x51, 2, 1, 2], None).unwrap().2.is_some());
        assert_eq!(ends(&[0, 0x90, 0xBC, 80], None).unwrap_err().next, Some(4));
        assert!(ends(&[0, 0xFF, 3, 9, b'a'], None).is_err() && ends(&[0, 0x90, 60], None).is_err());
    }
}
