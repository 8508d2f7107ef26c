use nice_plug_core::context::process::Transport;

/// Counts on from the bar line that the host has told to the last one before the position of a later part of its buffer.
/// Returns that line, and how many bars later it is. The time signature alone does not tell: there may have been another
/// one earlier in the song.
pub fn count_on_bars(transport: &Transport, bar_start: f64) -> (f64, i32) {
    let (Some(numerator @ 1..), Some(denominator @ 1..), Some(pos_beats)) = (
        transport.time_sig_numerator,
        transport.time_sig_denominator,
        transport.pos_beats,
    ) else {
        return (bar_start, 0);
    };
    let bar_length = numerator as f64 / denominator as f64 * 4.0;
    let num_bars = ((pos_beats - bar_start) / bar_length).floor().max(0.0);
    (bar_start + num_bars * bar_length, num_bars as i32)
}
