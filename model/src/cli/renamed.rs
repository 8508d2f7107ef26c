//! Options that were called otherwise: an error says how they are called now.

/// `--rows` and `--rate` of earlier versions.
#[derive(clap::Args)]
pub(super) struct RenamedBatch {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = is_now("--batch-size"))]
    rows: Option<String>,
}

/// As [`RenamedBatch`].
#[derive(clap::Args)]
pub(super) struct RenamedLength {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = is_now("--sequence-length"))]
    steps: Option<String>,
}

/// As [`RenamedBatch`].
#[derive(clap::Args)]
pub(super) struct RenamedRate {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = is_now("--learning-rate"))]
    rate: Option<String>,
}

/// Refuses every value.
fn is_now(name: &'static str) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync + 'static {
    move |_| Err(format!("it is called {name} now"))
}
