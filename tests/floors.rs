//! Layers of modules: a module imports only from layers above it, and the pure core names no client library, clock or
//! environment.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "support/source.rs"]
#[allow(dead_code, reason = "the house test uses the rest")]
mod source;

use source::{
    SourceFile, code_of, files_under, is_word, line_of, lines_with, without_test_files,
    without_test_modules,
};

/// Layers from the top, in the order of the data flow. `lib.rs` and `main.rs` belong to no layer.
const FLOORS: [&str; 15] = [
    "event",
    "codec",
    "sketch",
    "window",
    "reference",
    "join",
    "stats",
    "detect",
    "alert",
    "pipeline",
    "runtime",
    "kafka",
    "http",
    "config",
    "cli",
];

/// Last layer of the pure core.
const CORE_ENDS: &str = "pipeline";

/// Pairs of modules that must not import each other, although their order would allow it.
const STRANGERS: [(&str, &str); 2] = [
    ("sketch", "codec"), // a sketch does not depend on the format of its input
    ("http", "kafka"),   // the pages use the meter, not the client
];

/// Names that the pure core must not use: I/O, clocks, randomness, the environment.
const IMPURE: [&str; 10] = [
    "rdkafka",
    "tokio",
    "axum",
    "fastrand",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "::now",
];

/// Faults of one file, each with `path:line` and the rule.
fn faults(file: &SourceFile) -> Vec<String> {
    let Some(floor) = floor_of(&file.path) else {
        return Vec::new();
    };
    let Some(level) = level(floor) else {
        let rule =
            "stands on no floor: give it a place in FLOORS (tests/floors.rs) and in the design";
        return vec![format!("{}:1: `{floor}` {rule}", file.path)];
    };
    let code = without_test_modules(&code_of(&file.text));
    let mut faults = import_faults(&file.path, floor, &code);
    if Some(level) <= self::level(CORE_ENDS) {
        faults.extend(purity_faults(&file.path, &code));
    }
    faults
}

/// Layer of a file: `src/sketch/key.rs` and `src/sketch.rs` belong to `sketch`.
fn floor_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    if matches!(inner, "lib.rs" | "main.rs") {
        return None;
    }
    let first = inner.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

fn level(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|name| *name == floor)
}

fn import_faults(path: &str, floor: &str, code: &str) -> Vec<String> {
    let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
    let wrong = |(line, target): (usize, String)| {
        let rule = refusal(floor, &target)?;
        Some(format!(
            "{path}:{line}: `{floor}` imports `{target}`: {rule}"
        ))
    };
    imports(code, depth).into_iter().filter_map(wrong).collect()
}

/// Reason why `floor` must not import `target`; `None` if it may.
fn refusal(floor: &str, target: &str) -> Option<&'static str> {
    if STRANGERS.contains(&(floor, target)) {
        return Some("these two do not know each other");
    }
    match level(target) {
        Some(above) if Some(above) > level(floor) => {
            Some("a module imports only from floors above it")
        }
        _ => None, // its own layer, one above, or none (a macro, an item of the crate's root)
    }
}

/// First path segments after the root of the crate. The root may be written as `crate::x`, as `crate::{x, y::Z}`, or as
/// enough `super::` for a file that is `depth` modules deep.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let climb = "super::".repeat(depth);
    let roots = ["crate::", &climb];
    let mut found = Vec::new();
    for root in roots.iter().filter(|root| !root.is_empty()) {
        for (at, _) in code.match_indices(*root) {
            let whole = !code[..at].ends_with(|c: char| is_word(c) || c == ':');
            let targets = if whole {
                first_segments(&code[at + root.len()..])
            } else {
                Vec::new()
            };
            found.extend(
                targets
                    .into_iter()
                    .map(|target| (line_of(code, at), target)),
            );
        }
    }
    found
}

/// First segments of a path: `x::y` gives `x`; `{x::{a, b}, y}` gives `x` and `y`.
fn first_segments(path: &str) -> Vec<String> {
    let path = path.trim_start();
    let Some(group) = path.strip_prefix('{') else {
        return vec![leading_word(path)];
    };
    let mut depth = 0;
    let mut segments = vec![leading_word(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => segments.push(leading_word(&group[at + 1..])),
            _ => {}
        }
    }
    segments
}

fn leading_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| is_word(*c))
        .collect()
}

fn purity_faults(path: &str, code: &str) -> Vec<String> {
    let fault = |line: usize, word: &str| {
        let remedy = "take it as an argument, or move the code below";
        format!("{path}:{line}: the core names `{word}`: {remedy} `{CORE_ENDS}`")
    };
    let of_word = |word: &&'static str| {
        let word: &'static str = word;
        let lines = lines_with(code, word);
        lines.into_iter().map(move |line| (line, word))
    };
    IMPURE
        .iter()
        .flat_map(of_word)
        .map(|(line, word)| fault(line, word))
        .collect()
}

#[test]
fn every_module_stands_on_its_floor() {
    let all = files_under("src");
    assert!(all.len() > 20, "the sources were not found");
    let judged = without_test_files(all);
    let faults: Vec<String> = judged.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

// Tests of this test. The sources below are only read, never compiled.

fn judge(path: &str, text: &str) -> Vec<String> {
    faults(&SourceFile {
        path: path.into(),
        text: text.into(),
    })
}

#[test]
fn an_import_from_below_is_named_with_its_line() {
    let cases = [
        (
            "src/event/mod.rs",
            "\nuse crate::sketch::Key;",
            "src/event/mod.rs:2: `event` imports `sketch`",
        ),
        (
            "src/stats/ks.rs",
            "use crate::{event::Id, window::{Span}, alert};",
            ":1: `stats` imports `alert`",
        ),
        (
            "src/sketch/key.rs",
            "fn f() { super::super::detect::run() }",
            "`sketch` imports `detect`",
        ),
        (
            "src/sketch/key.rs",
            "use crate::codec::Codec;",
            "`sketch` imports `codec`: these two",
        ),
        (
            "src/runtime/flush.rs",
            "use crate::kafka::Client;",
            "`runtime` imports `kafka`",
        ),
        (
            "src/codec/mod.rs",
            "use crate::{\n    event::Limits,\n    cli,\n};",
            "`codec` imports `cli`",
        ),
        ("src/helpers/mod.rs", "", "`helpers` stands on no floor"),
    ];
    for (path, text, expected) in cases {
        let faults = judge(path, text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(faults[0].contains(expected), "{}", faults[0]);
    }
}

#[test]
fn what_is_allowed_is_left_alone() {
    let cases = [
        (
            "src/cli/run.rs",
            "use crate::{config::Plan, kafka::Client, event::Id};",
        ),
        (
            "src/kafka/log.rs",
            "use crate::runtime::Log; use rdkafka::Message;",
        ),
        ("src/config/mod.rs", "use crate::http::Listen;"),
        (
            "src/sketch/key.rs",
            "use super::Value; use crate::event::Id; // crate::cli and tokio",
        ),
        (
            "src/sketch/key.rs",
            "const A: &str = \"std::env\"; const B: char = '\"'; fn f<'a>(x: &'a str) {}",
        ),
        (
            "src/stats/ks.rs",
            "#[cfg(test)]\nmod tests { use crate::cli::Run; fn f() { Instant::now(); } }",
        ),
        ("src/main.rs", "fn main() { tidegauge::cli::main() }"),
    ];
    for (path, text) in cases {
        assert_eq!(judge(path, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_impure_core_is_named() {
    let cases = [
        "use rdkafka::Message;",
        "let now = SystemTime::now();",
        "jiff::Timestamp::now()",
        "std::env::var(\"X\")",
        "fastrand::u64(..)",
    ];
    for text in cases {
        let after_a_test_module = format!("#[cfg(test)]\nmod tests {{ }}\nfn f() {{\n{text} }}");
        let faults = judge("src/detect/psi.rs", &after_a_test_module);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(
            faults[0].starts_with("src/detect/psi.rs:4: the core names"),
            "{}",
            faults[0]
        );
        assert_eq!(judge("src/cli/demo.rs", text), Vec::<String>::new());
    }
}

#[test]
fn a_file_that_is_a_test_as_a_whole_is_known_by_its_declaration() {
    let file = |path: &str, text: &str| SourceFile {
        path: path.into(),
        text: text.into(),
    };
    let parent = "mod key;\n#[cfg(test)]\nmod laws;\n#[cfg(test)]\nmod tests { mod key; }";
    let tests = ["src/sketch/laws.rs", "src/sketch/laws/merge.rs"];
    let product = [
        "src/sketch/key.rs",
        "src/sketch/laws_of.rs",
        "src/stats/laws.rs",
    ];
    let rest = tests.iter().chain(&product).map(|path| file(path, ""));
    let all = std::iter::once(file("src/sketch/mod.rs", parent)).chain(rest);
    let kept: Vec<String> = without_test_files(all.collect())
        .into_iter()
        .skip(1)
        .map(|file| file.path)
        .collect();
    assert_eq!(kept, product);
}
