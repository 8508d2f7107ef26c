//! Takes pictures of windows in Wine. Wine keeps what a plugin draws with OpenGL in an X window of its own, which without a
//! window manager does not get to the screen; so the picture is of that window.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tiny_skia::{IntSize, Pixmap};

/// What is behind all else in the window: see the editor's theme.
const GROUND: [u8; 3] = [13, 16, 20];

/// Red, green, blue and 255 of each pixel, line by line from the top.
pub(super) struct Picture {
    size: IntSize,
    pixels: Vec<[u8; 4]>,
}

/// A picture of the first window of this size in which a call and its answer are to be seen. `run` makes commands for its screen.
///
/// # Errors
/// When a program that looks at the screen is missing.
pub(super) fn of_answer(size: (u32, u32), run: impl Fn(&str) -> Command) -> Result<Option<Picture>> {
    let tree = run("xwininfo").args(["-root", "-tree"]).output().context("cannot run xwininfo")?;
    let tree = String::from_utf8_lossy(&tree.stdout);
    for window in windows(&tree, size) {
        let dump = run("xwd").args(["-silent", "-id", window]).output().context("cannot run xwd")?;
        // It may be gone by now, or hidden.
        if let Some(picture) = Picture::read(&dump.stdout).filter(Picture::shows_answer) {
            return Ok(Some(picture));
        }
    }
    Ok(None)
}

/// The ids of windows of a size, from what `xwininfo` prints.
fn windows(tree: &str, (width, height): (u32, u32)) -> impl Iterator<Item = &str> {
    let size = format!(" {width}x{height}+");
    tree.lines().filter(move |line| line.contains(&size)).filter_map(|line| line.split_whitespace().next())
}

impl Picture {
    /// Reads a dump of `xwd`: a header of big-endian words, a table of colours, and lines of pixels, here of 32 bits
    /// (`X11/XWDFile.h`).
    fn read(dump: &[u8]) -> Option<Self> {
        let word = |place: usize| {
            let bytes = dump.get(place * 4..place * 4 + 4)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(bytes)).ok()
        };
        let (header, width, height) = (word(0)?, word(4)?, word(5)?);
        let (is_big_endian, bits, line_bytes, n_colours) = (word(7)? == 1, word(11)?, word(12)?, word(19)?);
        if is_big_endian || bits != 32 {
            return None;
        }
        let lines = dump.get(header.checked_add(n_colours.checked_mul(12)?)?..)?;
        let line = |line: usize| lines.get(line * line_bytes..)?.get(..width * 4);
        let lines: Vec<&[u8]> = (0..height).map(line).collect::<Option<_>>()?;
        let pixels = lines.concat().chunks_exact(4).map(|bgr| [bgr[2], bgr[1], bgr[0], 255]).collect();
        Some(Self { size: IntSize::from_wh(u32::try_from(width).ok()?, u32::try_from(height).ok()?)?, pixels })
    }

    /// Ground all over, on it the blue of a call and the orange of an answer, and enough colours for smooth letters.
    fn shows_answer(&self) -> bool {
        let mut colours = self.pixels.clone();
        colours.sort_unstable();
        colours.dedup();
        // Notes that are past are paler.
        let far_above = |one: u8, other: u8| one > other.saturating_add(50);
        let n_blue = self.per_mille(|[red, green, blue]| far_above(blue, red) && far_above(blue, green));
        let n_orange = self.per_mille(|[red, green, blue]| far_above(red, green) && far_above(green, blue));
        self.per_mille(|colour| colour == GROUND) > 200 && n_blue >= 1 && n_orange >= 1 && colours.len() > 100
    }

    /// How many of a thousand pixels are so.
    fn per_mille(&self, is_so: impl Fn([u8; 3]) -> bool) -> usize {
        let pixels = self.pixels.iter().filter(|&&[red, green, blue, _]| is_so([red, green, blue]));
        pixels.count() * 1000 / self.pixels.len().max(1)
    }

    /// Writes it as a PNG file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn save(self, file: &Path) -> Result<()> {
        let pixmap = Pixmap::from_vec(self.pixels.concat(), self.size);
        ensure!(pixmap.is_some(), "a picture has as many pixels as its size says");
        pixmap
            .map_or(Ok(()), |pixmap| pixmap.save_png(file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "  Root window id: 0x50d (the root window)\n     0x600035 (has no name): ()  1x1+-1+-1  +-1+-1\n        \
                        0x60003e (has no name): ()  1000x680+0+0  +-1+-1\n     0x800003 \"A host\": (\"a\")  1000x680+0+0  +0+0\n";

    /// A dump of one line, with a table of one colour and padding behind the line.
    fn dump(pixels: &[[u8; 3]]) -> Vec<u8> {
        let mut words = [0u32; 25];
        let width = u32::try_from(pixels.len()).unwrap();
        for (place, word) in [(0, 100), (4, width), (5, 1), (11, 32), (12, width * 4 + 8), (19, 1)] {
            words[place] = word;
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend([9; 12]);
        bytes.extend(pixels.iter().flat_map(|&[red, green, blue]| [blue, green, red, 0]));
        bytes.extend([7; 8]);
        bytes
    }

    #[test]
    fn windows_are_found_by_their_size() {
        assert_eq!(windows(TREE, (1000, 680)).collect::<Vec<_>>(), ["0x60003e", "0x800003"]);
        assert_eq!(windows(TREE, (100, 680)).count(), 0);
    }

    #[test]
    fn a_dump_is_read_and_a_damaged_one_is_not() {
        let bytes = dump(&[[1, 2, 3], [4, 5, 6]]);
        let picture = Picture::read(&bytes).unwrap();
        assert_eq!(picture.pixels, [[1, 2, 3, 255], [4, 5, 6, 255]]);
        for end in [0, 50, 105, 112, 118] {
            assert!(Picture::read(&bytes[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn an_answer_is_told_from_an_empty_window() {
        let ramp = (0..200u8).map(|shade| [shade, shade, shade]);
        let (past_call, answer) = ([73, 140, 211], [255, 159, 67]);
        let drawn = ramp.clone().chain([past_call; 5]).chain([answer; 5]).chain([GROUND; 200]).collect();
        let empty = ramp.chain([GROUND; 200]).collect();
        let black = vec![[0; 3]; 99];
        for (pixels, expected) in [(drawn, true), (empty, false), (black, false)] {
            let pixels: Vec<[u8; 3]> = pixels;
            assert_eq!(Picture::read(&dump(&pixels)).unwrap().shows_answer(), expected);
        }
    }
}
