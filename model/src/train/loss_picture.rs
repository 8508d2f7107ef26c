//! The course of a training run as a picture.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

/// The first steps of a new network are far above all that matters.
const TOP_BITS: f64 = 14.0;

/// Draws bits per note over millions of notes seen, from the log of `model train` (`log.csv`) into an SVG file.
///
/// # Errors
/// When the log cannot be read or the picture not written.
pub fn draw(log: &Path, picture: &Path) -> Result<()> {
    let (mut train, mut valid) = (Vec::new(), Vec::new());
    for row in csv::Reader::from_path(log)?.records() {
        let row = row?;
        let number = |i: usize| row.get(i).and_then(|cell| cell.parse::<f64>().ok());
        let Some(notes) = number(1) else { continue };
        train.extend(number(4).map(|bits| (notes / 1e6, bits)));
        valid.extend(number(5).map(|bits| (notes / 1e6, bits)));
    }
    let Some(last) = train.last().map(|point| point.0) else { return Ok(()) };
    let all = || train.iter().chain(&valid).map(|point| point.1);
    let top = all().fold(0.0, f64::max).min(TOP_BITS - 0.3) + 0.3;
    let bottom = all().fold(top, f64::min) - 0.3;
    let failed = |e: &dyn std::fmt::Display| anyhow!("cannot draw {}: {e}", picture.display());

    let area = SVGBackend::new(picture, (900, 500)).into_drawing_area();
    area.fill(&WHITE).map_err(|e| failed(&e))?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..last, bottom..top)
        .map_err(|e| failed(&e))?;
    chart
        .configure_mesh()
        .x_desc("million notes seen")
        .y_desc("bits per note")
        .light_line_style(WHITE)
        .draw()
        .map_err(|e| failed(&e))?;
    let (grey, blue) = (RGBColor(160, 160, 160), RGBColor(20, 80, 200));
    let visible = |points: Vec<(f64, f64)>| points.into_iter().filter(move |point| point.1 <= top);
    chart
        .draw_series(LineSeries::new(visible(train), &grey))
        .map_err(|e| failed(&e))?
        .label("training")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], grey));
    chart
        .draw_series(LineSeries::new(visible(valid), blue.stroke_width(2)).point_size(3))
        .map_err(|e| failed(&e))?
        .label("validation pieces")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], blue));
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw().map_err(|e| failed(&e))?;
    area.present().map_err(|e| failed(&e))
}
