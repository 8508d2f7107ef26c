//! Checks the trainer's GPU build on a machine that has neither GPU nor CUDA.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Type-checks package `model` with its feature `cuda`. NVIDIA's compiler is stood in for by a script that writes empty
/// files, which is enough because nothing is linked.
///
/// # Errors
/// When Cargo cannot be run or finds an error.
pub(crate) fn run() -> Result<()> {
    let folder = Path::new("model/cuda").canonicalize().context("model/cuda is missing")?;
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([folder.clone()].into_iter().chain(env::split_paths(&others)))?;
    let status = Command::new("cargo")
        .args(["check", "--package", "model", "--features", "cuda", "--locked"])
        .env("PATH", path)
        .env("NVCC", folder.join("nvcc"))
        .env("CUDA_HOME", &folder)
        .env("CUDA_COMPUTE_CAP", "80")
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the trainer does not compile for CUDA; the lines above say why");
    Ok(())
}
