//! The report, to be looked at: SVG files.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Report, number};
use crate::evaluate::pictures::{BLUE, GREY, LINE, MARGIN, ORANGE, bars, key, picture, pixels, write};

const NAME_WIDTH: i32 = 360;
const WIDTH: i32 = 560;
const ROW_HEIGHT: i32 = 22;
const N_TELLS: usize = 15;
const GREEN: RGBColor = RGBColor(40, 140, 80);

/// Draws `measures.svg` and `tells.svg` into a folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn draw(report: &Report, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    measures(report, &folder.join("measures.svg"))?;
    let Some(told) = report.tells_of_ours() else { return Ok(()) };
    let rows: Vec<(&str, Vec<f64>)> =
        told.tells.iter().take(N_TELLS).map(|tell| (tell.feature.as_str(), vec![100.0 * tell.importance])).collect();
    bars(&folder.join("tells.svg"), ("share of what tells ours from real, %", NAME_WIDTH), &rows, &[("", BLUE)])
}

/// Each measure as a line from other real music to the worst anchor, with ours on it.
fn measures(report: &Report, path: &Path) -> Result<()> {
    let count = |n: usize| i32::try_from(n).unwrap_or(0);
    let top = MARGIN + 50;
    let size = (NAME_WIDTH + WIDTH + 120, top + ROW_HEIGHT * count(report.measures.len()) + MARGIN);
    picture(path, size, |area| {
        let colours =
            [("other real music", GREEN), ("bad for certain", GREY), ("ours, page", BLUE), ("ours, played", ORANGE)];
        key(area, &colours, (NAME_WIDTH, MARGIN), (150, 0))?;
        write(
            area,
            "how far from real music, as a share of the worst of the bad ones",
            (NAME_WIDTH, MARGIN + 24),
            13,
            HPos::Left,
        )?;
        for (row, measure) in (0..).zip(&report.measures) {
            let y = top + ROW_HEIGHT * row + ROW_HEIGHT / 2;
            write(area, &measure.name, (NAME_WIDTH - 10, y), 13, HPos::Right)?;
            area.draw(&PathElement::new([(NAME_WIDTH, y), (NAME_WIDTH + WIDTH, y)], LINE))?;
            let off = |place: usize| measure.figures.get(place).map_or(0.0, |figure| figure.off);
            let seen = |place: &usize| report.columns.get(*place).is_some_and(|name| measure.sees.contains(name));
            let anchors: Vec<usize> = (0..measure.figures.len()).filter(seen).collect();
            let (floor, worst) = (off(0), anchors.iter().map(|&place| off(place)).fold(off(0), f64::max));
            let x = |place: usize| {
                let share = (off(place) - floor) / (worst - floor).max(1e-9);
                NAME_WIDTH + pixels(share.clamp(-0.05, 1.08), WIDTH)
            };
            area.draw(&Circle::new((x(0), y), 4, GREEN.filled()))?;
            for &place in &anchors {
                area.draw(&Circle::new((x(place), y), 4, GREY.filled()))?;
            }
            let of_ours = |end: &str| report.columns.iter().position(|name| name.ends_with(end));
            for (place, colour) in [(of_ours(", played"), ORANGE), (of_ours(", page"), BLUE)] {
                let Some(place) = place else { continue };
                area.draw(&Circle::new((x(place), y), 5, colour.filled()))?;
            }
            if let Some(place) = of_ours(", page") {
                let value = measure.figures.get(place).map_or(0.0, |figure| figure.interval.value);
                write(area, &number(value), (NAME_WIDTH + WIDTH + 110, y), 12, HPos::Right)?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn pictures_name_what_they_show() {
        let folder = tempfile::tempdir().unwrap();
        draw(&report(), folder.path()).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(read("measures.svg").contains("told by features, in pairs"));
        assert!(read("tells.svg").contains("velocity deviation"));
    }
}
