//! A chart of times, as SVG.

use std::fmt::Write;

const ROW: f64 = 22.0;
const LEFT: f64 = 170.0;
const WIDTH: f64 = 480.0;

/// A time to show.
pub(crate) struct Bar {
    /// What was measured.
    pub(crate) label: String,
    /// Microseconds.
    pub(crate) us: f64,
    /// The engine, not a peer.
    pub(crate) is_ours: bool,
}

/// Bars below each other, all to one scale.
pub(crate) fn svg(bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.us).fold(1.0, f64::max);
    let rows: u32 = bars.len().try_into().unwrap_or(u32::MAX);
    let (width, height) = (LEFT + WIDTH + 90.0, 40.0 + ROW * f64::from(rows));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"20\">One note, median microseconds, one thread, warm</text>\n"
    );
    let mut y = 32.0;
    for Bar { label, us, is_ours } in bars {
        let length = us / most * WIDTH;
        let colour = if *is_ours { "#e07b39" } else { "#b9c0c9" };
        let (text_y, label_x, value_x) = (y + 13.0, LEFT - 8.0, LEFT + length + 6.0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{label_x}\" y=\"{text_y}\" text-anchor=\"end\">{label}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
             <text x=\"{value_x:.1}\" y=\"{text_y}\">{us:.0}</text>",
            ROW - 4.0
        );
        y += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}
