//! The `model` command: from MIDI files to a style that the plugin plays.
#![forbid(unsafe_code)]

mod cli;

/// Keeps freed tensors for the next step; the system's allocator would give them back and fetch them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    cli::run()
}
