//! House style that a test can check: every file has a description, nothing is unsafe, and no path of a developer's
//! machine occurs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "../support/source.rs"]
mod source;

mod circles;
mod imports;
mod shape;
mod vocabulary;

use source::{SourceFile, code_of, files_under, is_word, line_of, lines_with};

/// Beginnings of paths that exist only on a developer's machine. Each is built from pieces, so that this file passes
/// its own test.
const PRIVATE: [&str; 5] = [
    concat!("../", "shared"),
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
];

fn rust_files() -> Vec<SourceFile> {
    let places = ["src", "tests", "benches", "examples"];
    let all = places.iter().flat_map(|place| files_under(place));
    all.filter(|file| file.path.ends_with(".rs")).collect()
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Private paths in `text`, with their lines. A path counts only if it begins there; `https://example.com/home/`
/// contains none.
fn private_paths(text: &str) -> Vec<(usize, &'static str)> {
    let begins = |at: usize, path: &str| {
        let before = text[..at].chars().next_back();
        !path.starts_with('/') || !before.is_some_and(|c| is_word(c) || "./-~}".contains(c))
    };
    let mut found = Vec::new();
    for path in PRIVATE {
        let hits = text.match_indices(path).filter(|(at, _)| begins(*at, path));
        found.extend(hits.map(|(at, _)| (line_of(text, at), path)));
    }
    found
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent = |file: &SourceFile| !file.text.starts_with("//! ");
    let files = rust_files();
    assert!(files.len() > 25, "the sources were not found");
    report(
        files
            .iter()
            .filter(|f| silent(f))
            .map(|f| {
                format!(
                    "{}:1: the first line is `//!` and one sentence that says what lives here",
                    f.path
                )
            })
            .collect(),
    );
}

#[test]
fn nothing_is_unsafe() {
    report(
        rust_files()
            .iter()
            .flat_map(|file| {
                let lines = lines_with(&code_of(&file.text), "unsafe");
                lines
                    .into_iter()
                    .map(|line| format!("{}:{line}: `unsafe` is forbidden", file.path))
            })
            .collect(),
    );
}

#[test]
fn no_file_points_at_a_private_place() {
    report(
        files_under("")
            .iter()
            .flat_map(|file| {
                let found = private_paths(&file.text);
                found
                    .into_iter()
                    .map(|(line, path)| {
                        format!("{}:{line}: `{path}` exists on one machine only", file.path)
                    })
                    .collect::<Vec<_>>()
            })
            .collect(),
    );
}

#[test]
fn a_private_path_is_told_from_a_url() {
    let text = format!("see\n`{}me/x` and ({}y)", PRIVATE[3], PRIVATE[0]);
    let found = private_paths(&text);
    assert_eq!(found, [(2, PRIVATE[0]), (2, PRIVATE[3])]);
    let url = format!("https://example.com{}page", PRIVATE[3]);
    assert!(private_paths(&url).is_empty());
}
