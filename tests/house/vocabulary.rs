//! Vocabulary: a public type name is declared only once in `src`, and every word of the glossary occurs in the code.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{
    SourceFile, code_of, files_under, is_word, tokens, without_test_files, without_test_modules,
};

/// Names that several public types may share, and the reason.
const SHARED_NAMES: &[(&str, &str)] = &[];

/// Public types that `code` declares, with their lines. `pub(super)` and `pub(crate)` count as public.
fn public_types(code: &str) -> Vec<(String, usize)> {
    let tokens = tokens(code);
    let word = |at: usize| tokens.get(at).map_or("", |(token, _)| token.as_str());
    let mut found = Vec::new();
    for at in (0..tokens.len()).filter(|at| word(*at) == "pub") {
        let skipped = if word(at + 1) == "(" { 3 } else { 0 };
        let is_type = matches!(
            word(at + 1 + skipped),
            "struct" | "enum" | "trait" | "type" | "union"
        );
        let name = word(at + 2 + skipped);
        if is_type && name.starts_with(is_word) {
            found.push((name.to_owned(), tokens[at].1));
        }
    }
    found
}

/// Words in the first column of each table of `page`, written in backticks or in bold.
fn terms(page: &str) -> Vec<String> {
    let first_cell =
        |line: &str| Some(line.strip_prefix('|')?.split('|').next()?.trim().to_owned());
    let cells = page.lines().filter_map(first_cell);
    cells
        .filter_map(|cell| {
            let bold = cell.strip_prefix("**").and_then(|c| c.strip_suffix("**"));
            let code = cell.strip_prefix('`').and_then(|c| c.strip_suffix('`'));
            bold.or(code).map(str::to_lowercase)
        })
        .collect()
}

/// Words of an identifier: `LabelAssertion` and `label_assertion` give `label assertion`.
fn spelled(identifier: &str) -> String {
    let mut words = String::new();
    let mut before = '_';
    for c in identifier.chars() {
        let begins = c.is_uppercase() && (before.is_lowercase() || before.is_numeric());
        if c == '_' || begins {
            words.push(' ');
        }
        words.extend(c.to_lowercase().filter(|c| *c != '_'));
        before = c;
    }
    words
}

/// Term without articles, as it would occur in an identifier.
fn without_articles(term: &str) -> String {
    let words = term
        .split(' ')
        .filter(|word| !matches!(*word, "a" | "an" | "the"));
    words.collect::<Vec<_>>().join(" ")
}

/// True if `spelled` contains the term as whole words, in the singular or the plural.
fn holds(spelled: &str, term: &str) -> bool {
    let padded = format!(" {spelled} ");
    [" ", "s ", "es "]
        .iter()
        .any(|end| padded.contains(&format!(" {term}{end}")))
}

fn product_files() -> Vec<SourceFile> {
    let files = without_test_files(files_under("src"));
    assert!(files.len() > 100, "the sources were not found");
    files
}

fn product_code(file: &SourceFile) -> String {
    without_test_modules(&code_of(&file.text))
}

#[test]
fn a_public_type_name_stands_once() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in product_files() {
        for (name, line) in public_types(&product_code(&file)) {
            places
                .entry(name)
                .or_default()
                .push(format!("{}:{line}", file.path));
        }
    }
    assert!(places.len() > 200, "the types were not found");
    let excepted: BTreeSet<&str> = SHARED_NAMES.iter().map(|(name, _)| *name).collect();
    let shared = places.iter().filter(|(_, places)| places.len() > 1);
    let shared: BTreeMap<&str, &Vec<String>> = shared
        .map(|(name, places)| (name.as_str(), places))
        .collect();
    let new = shared.iter().filter(|(name, _)| !excepted.contains(*name));
    let new =
        new.map(|(name, places)| format!("`{name}` names several types: {}", places.join(", ")));
    let gone = excepted.iter().filter(|name| !shared.contains_key(*name));
    let gone = gone.map(|name| format!("`{name}` stands once now, take it out of SHARED_NAMES"));
    let faults: Vec<String> = new.chain(gone).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_word_of_the_glossary_occurs_in_the_code() {
    let page = &files_under("docs/glossary.md")[0].text;
    let terms = terms(page);
    assert!(terms.len() > 30, "the glossary was not found");
    let mut identifiers: BTreeSet<String> = BTreeSet::new();
    for file in product_files() {
        let names = tokens(&product_code(&file))
            .into_iter()
            .map(|(token, _)| token);
        identifiers.extend(
            names
                .filter(|name| name.starts_with(is_word))
                .map(|name| spelled(&name)),
        );
    }
    let occurs = |term: &String| {
        identifiers
            .iter()
            .any(|name| holds(name, &without_articles(term)))
    };
    let lost: Vec<&String> = terms.iter().filter(|term| !occurs(term)).collect();
    assert!(
        lost.is_empty(),
        "no identifier of `src` holds these words of docs/glossary.md: {lost:?}"
    );
    let distinct: BTreeSet<&String> = terms.iter().collect();
    assert_eq!(
        distinct.len(),
        terms.len(),
        "a word stands twice in docs/glossary.md"
    );
}

#[test]
fn types_terms_and_identifiers_are_read() {
    let types = public_types(
        "pub struct A;\npub(super) enum B<T> {}\nstruct C; pub fn d() {} pub(in crate::x) type E = u8;",
    );
    assert_eq!(types, [("A".into(), 1), ("B".into(), 2)]);
    let page = "| word | meaning |\n|---|---|\n| `Dead letter` | x |\n| **pane** | y |\nnot `this`";
    assert_eq!(terms(page), ["dead letter", "pane"]);
    assert_eq!(spelled("LateForStage2"), "late for stage2");
    assert_eq!(spelled("DEAD_LETTERS_MAX"), "dead letters max");
    assert!(holds("dead letters max", "dead letter"));
    assert!(!holds("deadly letters", "dead letter"));
    assert_eq!(without_articles("late for the stage"), "late for stage");
}
