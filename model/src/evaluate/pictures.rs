//! The report, to be looked at: SVG files.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::Report;
use super::resemblance::Resemblance;
use crate::batch::ATTRIBUTES;

const BLUE: RGBColor = RGBColor(20, 80, 200);
const ORANGE: RGBColor = RGBColor(206, 84, 30);
const GREY: RGBColor = RGBColor(160, 160, 160);

/// Draws `bits.svg`, `styles.svg` and, if there were answers, `answers.svg` into a folder.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn draw(report: &Report, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let of = |name: &str| [&report.attributes, &report.ngram_attributes, &report.unigram_attributes].map(|by| by[name]);
    let mut attributes: Vec<(String, Vec<f64>)> = ATTRIBUTES.map(|name| (name.to_owned(), of(name).to_vec())).into();
    attributes
        .push(("all".into(), vec![report.bits_per_note, report.ngram_bits_per_note, report.unigram_bits_per_note]));
    let legend = [("these weights", BLUE), ("n-gram", ORANGE), ("unigram", GREY)];
    picture(&folder.join("bits.svg"), (900, 460), |area| bars(area, "bits per note", &attributes, &legend))?;

    let styles: Vec<_> = report.styles.iter().map(|(name, style)| (name.clone(), vec![style.bits_per_note])).collect();
    picture(&folder.join("styles.svg"), (1200, 460), |area| bars(area, "bits per note", &styles, &legend[..1]))?;
    match &report.answers {
        Some(answers) => picture(&folder.join("answers.svg"), (1200, 900), |area| panels(area, answers)),
        None => Ok(()),
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Of the drawing library; made readable in [`picture`].
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn picture(path: &Path, size: (u32, u32), draw: impl FnOnce(&Area) -> Drawn) -> Result<()> {
    let area = SVGBackend::new(path, size).into_drawing_area();
    let finish = || {
        area.fill(&WHITE)?;
        draw(&area)?;
        Ok(area.present()?)
    };
    let drawn: Drawn = finish();
    drawn.map_err(|e| anyhow!("cannot draw {}: {e}", path.display()))
}

/// Groups of bars side by side, one of each colour.
fn bars(area: &Area, unit: &str, groups: &[(String, Vec<f64>)], legend: &[(&str, RGBColor)]) -> Drawn {
    let top = groups.iter().flat_map(|(_, values)| values).fold(1.0, |top: f64, &value| top.max(value)) * 1.05;
    #[expect(clippy::cast_precision_loss, reason = "a few groups")]
    let n = groups.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..n, 0.0..top)?;
    let name = |x: &f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the index of a group")]
        let group = groups.get(*x as usize);
        group.map_or(String::new(), |(name, _)| name.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(2 * groups.len())
        .x_label_formatter(&|x| if (x.fract() - 0.5).abs() < 0.01 { name(x) } else { String::new() })
        .y_desc(unit)
        .draw()?;
    #[expect(clippy::cast_precision_loss, reason = "a few bars")]
    let width = 0.8 / legend.len() as f64;
    let mut left = 0.1;
    for (i, &(label, colour)) in legend.iter().enumerate() {
        let mut x = left - 1.0;
        chart
            .draw_series(groups.iter().filter_map(|(_, values)| values.get(i)).map(|&value| {
                x += 1.0;
                Rectangle::new([(x, 0.0), (x + width, value)], colour.filled())
            }))?
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        left += width;
    }
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    Ok(())
}

/// One small picture for each feature.
fn panels(area: &Area, answers: &Resemblance) -> Drawn {
    for (panel, (name, shares)) in area.split_evenly((3, 3)).iter().zip(&answers.distributions) {
        let top = shares.iter().flatten().fold(0.01, |top: f64, &share| top.max(share)) * 1.1;
        #[expect(clippy::cast_precision_loss, reason = "at most 49")]
        let n = shares[0].len() as f64;
        let mut chart = ChartBuilder::on(panel)
            .margin(12)
            .caption(*name, ("sans-serif", 16))
            .x_label_area_size(24)
            .y_label_area_size(40)
            .build_cartesian_2d(0.0..n - 1.0, 0.0..top)?;
        chart.configure_mesh().disable_x_mesh().light_line_style(WHITE).draw()?;
        let lines = [("answers", BLUE, 0), ("what really follows", ORANGE, 1), ("other real music", GREY, 2)];
        for (label, colour, i) in lines {
            let mut x = -1.0;
            let points = shares[i].iter().map(|&share| {
                x += 1.0;
                (x, share)
            });
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        }
        chart.configure_series_labels().border_style(GREY).background_style(WHITE).draw()?;
    }
    Ok(())
}
