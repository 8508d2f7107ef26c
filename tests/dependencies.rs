//! The arrows between the crates, as Cargo resolves them.

use std::process::Command;

/// Names of all packages that `package` is built from, itself included.
fn packages_of(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// Features of `dependency` as `package` alone is built.
fn features_of(package: &str, dependency: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let of_it = text.lines().filter(|line| line.split(' ').next() == Some(dependency));
    of_it.flat_map(|line| line.rsplit(' ').next().unwrap_or_default().split(',')).map(str::to_owned).collect()
}

fn check(package: &str, forbidden: &[&str]) {
    let packages = packages_of(package);
    assert_eq!(packages.first().map(String::as_str), Some(package));
    for found in &packages[1..] {
        assert!(!forbidden.iter().any(|name| found.starts_with(name)), "{package} depends on {found}");
    }
}

#[test]
fn the_plugin_does_not_contain_the_trainer() {
    check("antiphon", &["candle", "model", "host", "xtask"]);
}

#[test]
fn music_depends_on_none_of_ours() {
    check("music", &["antiphon", "engine", "takes", "model", "host", "xtask", "candle", "nice-plug"]);
}

#[test]
fn the_engine_depends_on_music_only() {
    check("engine", &["antiphon", "takes", "model", "host", "xtask", "candle", "nice-plug"]);
}

#[test]
fn what_is_written_for_the_user_is_known_without_them() {
    check("takes", &["antiphon", "engine", "model", "host", "xtask", "candle", "nice-plug"]);
}

#[test]
fn the_tasks_build_without_plugin_and_trainer() {
    check("xtask", &["antiphon", "model", "candle", "vst3-host"]);
}

#[test]
fn what_plays_draws_no_pictures_of_files() {
    for package in ["engine", "takes", "antiphon"] {
        let features = features_of(package, "music");
        assert!(features.iter().all(|feature| feature != "picture"), "{package} draws: {features:?}");
    }
    assert!(features_of("xtask", "music").iter().any(|feature| feature == "picture"), "the check sees what is there");
}

#[test]
fn the_check_sees_what_is_there() {
    assert!(packages_of("antiphon").iter().any(|name| name == "engine"));
}
