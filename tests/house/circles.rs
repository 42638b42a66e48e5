//! Test for import circles: files of `src` must not import each other in a circle, except those listed here with a
//! reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::{Imports, of_the_tree};

/// Files that may import each other in a circle, and the reason.
struct Circle {
    files: &'static [&'static str],
    reason: &'static str,
}

/// Places without any exception.
const STRICT: [&str; 4] = ["src/pipeline/", "src/alert/", "src/join/", "src/runtime/"];

const ALLOWED: &[Circle] = &[Circle {
    files: &["src/sketch/histogram.rs", "src/sketch/wire.rs"],
    reason: "a histogram and its serialised form name each other in serde attributes",
}];

/// Every set of two or more files in which each file reaches every other, sorted.
fn circles(imports: &Imports) -> Vec<BTreeSet<&str>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next
        .keys()
        .map(|from| (*from, reach(from, &next)))
        .collect();
    let reaches = |a: &str, b: &str| reached.get(a).is_some_and(|all| all.contains(b));
    let circle_of = |file: &&str| -> BTreeSet<&str> {
        let both = |other: &&str| reaches(file, other) && reaches(other, file);
        next.keys().copied().filter(both).collect()
    };
    let all: BTreeSet<BTreeSet<&str>> = next.keys().map(circle_of).collect();
    all.into_iter()
        .filter(|circle| !circle.is_empty())
        .collect()
}

/// Every file that `from` reaches by one or more imports.
fn reach<'a>(from: &'a str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(file) = open.pop() {
        let targets = next.get(file).into_iter().flatten();
        open.extend(targets.filter(|target| seen.insert(**target)));
    }
    seen
}

/// Formats a circle as an entry of [`ALLOWED`], followed by every import in it.
fn describe(circle: &BTreeSet<&str>, imports: &Imports) -> String {
    let files: Vec<String> = circle.iter().map(|file| format!("\"{file}\"")).collect();
    let inside = imports
        .iter()
        .filter(|((from, to), _)| circle.contains(from.as_str()) && circle.contains(to.as_str()))
        .map(|((from, to), line)| format!("    {from}:{line} imports {to}\n"));
    format!("  &[{}]\n{}", files.join(", "), inside.collect::<String>())
}

#[test]
fn files_import_each_other_in_no_circle_but_the_listed() {
    let imports = of_the_tree();
    assert!(imports.len() > 300, "the imports were not found");
    let found = circles(&imports);
    let allowed: BTreeSet<BTreeSet<&str>> = ALLOWED
        .iter()
        .map(|circle| circle.files.iter().copied().collect())
        .collect();
    let new = found.iter().filter(|circle| !allowed.contains(*circle));
    let gone = allowed.iter().filter(|circle| !found.contains(circle));
    let faults: Vec<String> = new
        .map(|circle| {
            format!(
                "a circle, move what both need to a file of its own:\n{}",
                describe(circle, &imports)
            )
        })
        .chain(gone.map(|circle| {
            format!(
                "no circle any more, take it out of ALLOWED:\n{}",
                describe(circle, &imports)
            )
        }))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    for circle in ALLOWED {
        let is_strict = |file: &&&str| STRICT.iter().any(|place| file.starts_with(place));
        assert!(!circle.reason.is_empty());
        assert_eq!(
            circle.files.iter().find(is_strict),
            None,
            "no exceptions there"
        );
    }
}

#[test]
fn a_circle_holds_every_file_that_reaches_itself_through_the_others() {
    let pairs = [
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("c", "d"),
        ("d", "e"),
        ("e", "d"),
        ("e", "f"),
    ];
    let imports: Imports = pairs.map(|(from, to)| ((from.into(), to.into()), 1)).into();
    assert_eq!(
        circles(&imports),
        [["a", "b", "c"].into(), ["d", "e"].into()]
    );
}
