//! The report, to be looked at: SVG files.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Report;
use super::distributions::{FEATURES, Feature};
use super::resemblance::Resemblance;
use crate::data::batch::ATTRIBUTES;

pub(crate) const BLUE: RGBColor = RGBColor(20, 80, 200);
pub(crate) const ORANGE: RGBColor = RGBColor(206, 84, 30);
pub(crate) const GREY: RGBColor = RGBColor(160, 160, 160);
pub(crate) const LINE: RGBColor = RGBColor(225, 225, 225);
pub(crate) const MARGIN: i32 = 20;
/// And room for the names of rows.
const TITLE: (&str, i32) = ("bits per note", 190);
const BAR_HEIGHT: i32 = 18;
const BAR_WIDTH: i32 = 560;
const PANEL: (i32, i32) = (400, 270);
const PANELS_ACROSS: i32 = 3;

/// Draws `bits.svg`, `styles.svg` and, if there were answers, `answers.svg` into a folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn draw(report: &Report, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let of = |name: &str| [&report.attributes, &report.ngram_attributes, &report.unigram_attributes].map(|by| by[name]);
    let all = [report.bits_per_note, report.ngram_bits_per_note, report.unigram_bits_per_note];
    let attributes = ATTRIBUTES.map(|name| (name, of(name).to_vec())).into_iter().chain([("all", all.to_vec())]);
    let legend = [("these weights", BLUE), ("n-gram", ORANGE), ("unigram", GREY)];
    bars(&folder.join("bits.svg"), TITLE, &attributes.collect::<Vec<_>>(), &legend)?;

    let mut styles: Vec<_> =
        report.styles.iter().map(|(name, style)| (name.as_str(), vec![style.bits_per_note])).collect();
    styles.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    bars(&folder.join("styles.svg"), TITLE, &styles, &legend[..1])?;
    report.answers.as_ref().map_or(Ok(()), |answers| panels(&folder.join("answers.svg"), answers))
}

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Of the drawing library; made readable in [`picture`].
pub(crate) type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

pub(crate) fn picture(path: &Path, (width, height): (i32, i32), draw: impl FnOnce(&Area) -> Drawn) -> Result<()> {
    let area = SVGBackend::new(path, (width.unsigned_abs(), height.unsigned_abs())).into_drawing_area();
    let finish = || {
        area.fill(&WHITE)?;
        draw(&area)?;
        Ok(area.present()?)
    };
    let drawn: Drawn = finish();
    drawn.map_err(|e| anyhow!("cannot draw {}: {e}", path.display()))
}

pub(crate) fn write(area: &Area, text: &str, at: (i32, i32), size: i32, side: HPos) -> Drawn {
    let style = TextStyle::from(("sans-serif", size)).pos(Pos::new(side, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}

/// A square of each colour and what it stands for, side by side or one below the other.
pub(crate) fn key(area: &Area, entries: &[(&str, RGBColor)], (mut x, mut y): (i32, i32), step: (i32, i32)) -> Drawn {
    for &(name, colour) in entries {
        area.draw(&Rectangle::new([(x, y - 6), (x + 12, y + 6)], colour.filled()))?;
        write(area, name, (x + 20, y), 14, HPos::Left)?;
        (x, y) = (x + step.0, y + step.1);
    }
    Ok(())
}

/// Lying bars: of each row one of each colour, with its number, under a title; the names of the rows have so much room.
pub(crate) fn bars(
    path: &Path,
    (title, name_width): (&str, i32),
    rows: &[(&str, Vec<f64>)],
    colours: &[(&str, RGBColor)],
) -> Result<()> {
    let bar_height = if colours.len() == 1 { BAR_HEIGHT } else { BAR_HEIGHT - 4 };
    let count = |n: usize| i32::try_from(n).unwrap_or(0);
    let row_height = bar_height * count(colours.len()) + 8;
    let top = MARGIN + 40;
    let size = (name_width + BAR_WIDTH + 80, top + row_height * count(rows.len()) + MARGIN);
    let longest = rows.iter().flat_map(|(_, values)| values).fold(1.0, |longest: f64, &value| longest.max(value));
    picture(path, size, |area| {
        write(area, title, (name_width, MARGIN), 14, HPos::Left)?;
        if colours.len() > 1 {
            key(area, colours, (name_width + 120, MARGIN), (140, 0))?;
        }
        for (r, (name, values)) in rows.iter().enumerate() {
            let y = top + row_height * count(r);
            write(area, name, (name_width - 10, y + row_height / 2 - 4), 14, HPos::Right)?;
            for (i, (&value, (_, colour))) in values.iter().zip(colours).enumerate() {
                let (y, right) = (y + bar_height * count(i), name_width + pixels(value / longest, BAR_WIDTH));
                area.draw(&Rectangle::new([(name_width, y), (right, y + bar_height - 2)], colour.filled()))?;
                write(area, &format!("{value:.2}"), (right + 6, y + bar_height / 2 - 1), 12, HPos::Left)?;
            }
        }
        Ok(())
    })
}

/// One small picture for each feature, and the key in the place of another.
fn panels(path: &Path, answers: &Resemblance) -> Result<()> {
    let colours = [("answers", BLUE), ("what really follows", ORANGE), ("other real music", GREY)];
    let place = |n: i32| (n % PANELS_ACROSS * PANEL.0, n / PANELS_ACROSS * PANEL.1);
    let n = i32::try_from(FEATURES.len()).unwrap_or(0);
    picture(path, (PANELS_ACROSS * PANEL.0, place(n).1 + PANEL.1), |area| {
        for (n, (feature, (_, shares))) in (0..).zip(FEATURES.iter().zip(&answers.distributions)) {
            // The answers last, so that they lie on top.
            let lines: Vec<_> =
                shares.iter().zip(colours).map(|(shares, (_, colour))| (shares, colour)).rev().collect();
            panel(area, place(n), feature, &lines)?;
        }
        let (x, y) = place(n);
        key(area, &colours, (x + 60, y + 70), (0, 24))
    })
}

/// Shares of outcomes as lines.
fn panel(area: &Area, (left, top): (i32, i32), feature: &Feature, lines: &[(&Vec<f64>, RGBColor)]) -> Drawn {
    let (left, right, top, bottom) = (left + 52, left + PANEL.0 - MARGIN, top + 40, top + PANEL.1 - 36);
    let most = lines.iter().flat_map(|(shares, _)| *shares).fold(0.01, |most: f64, &share| most.max(share));
    let y = |share: f64| bottom - pixels(share / most, bottom - top);
    let steps = i32::try_from(feature.n_bins).unwrap_or(2) - 1;
    let x = |bin: i32| left + (right - left) * bin / steps.max(1);
    write(area, &format!("{}{}", feature.name, feature.unit), ((left + right) / 2, top - 24), 15, HPos::Center)?;
    let percent = if most > 0.3 { 10 } else { 5 };
    for percent in (0..=100).step_by(percent).take_while(|&percent| f64::from(percent) / 100.0 <= most) {
        let y = y(f64::from(percent) / 100.0);
        area.draw(&PathElement::new([(left, y), (right, y)], LINE))?;
        write(area, &format!("{percent} %"), (left - 8, y), 12, HPos::Right)?;
    }
    for (bin, n) in (0..feature.n_bins).zip(0..) {
        write(area, &(feature.label)(bin), (x(n), bottom + 14), 12, HPos::Center)?;
    }
    for (shares, colour) in lines {
        let points: Vec<_> = shares.iter().zip(0..).map(|(&share, bin)| (x(bin), y(share))).collect();
        area.draw(&PathElement::new(points, colour.stroke_width(2)))?;
    }
    Ok(())
}

/// A part of a length.
pub(crate) fn pixels(part: f64, length: i32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and pictures are small")]
    let pixels = (part * f64::from(length)).round() as i32;
    pixels
}
