//! Limits for the length of functions and files of `src`. Unit tests are not counted.

use std::collections::BTreeSet;

use crate::source::{
    SourceFile, code_of, files_under, test_items, tokens, without_test_files, without_test_modules,
};

/// Maximum number of lines in a function.
const FUNCTION_LINES_MAX: usize = 70;

/// Maximum 95th percentile of the number of lines in a function.
const FUNCTION_LINES_P95_MAX: usize = 30;

/// Maximum number of lines in a file.
const FILE_LINES_MAX: usize = 450;

/// Functions that may be longer than [`FUNCTION_LINES_MAX`]: file, name and reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Files that may be longer than [`FILE_LINES_MAX`], and the reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Function that has a body.
#[derive(Debug, PartialEq)]
struct Function {
    name: String,
    first_line: usize,
    lines: usize,
}

/// Every function with a body in `code`, in the order in which the bodies end.
fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut open: Vec<(String, usize, usize)> = Vec::new();
    let mut waiting: Option<(String, usize)> = None;
    let (mut depth, mut nesting) = (0_usize, 0_usize);
    let mut tokens = tokens(code).into_iter().peekable();
    while let Some((token, line)) = tokens.next() {
        match token.as_str() {
            "fn" if tokens.peek().is_some_and(|(next, _)| next != "(") => {
                waiting = tokens.peek().map(|(name, _)| (name.clone(), line));
                nesting = 0;
            }
            "(" | "[" => nesting += 1,
            ")" | "]" => nesting = nesting.saturating_sub(1),
            ";" if nesting == 0 => waiting = None,
            "{" => {
                if nesting == 0
                    && let Some((name, first)) = waiting.take()
                {
                    open.push((name, first, depth));
                }
                depth += 1;
            }
            "}" => {
                depth = depth.saturating_sub(1);
                if let Some((name, first_line, _)) = open.pop_if(|(_, _, at)| *at == depth) {
                    let lines = line - first_line + 1;
                    found.push(Function {
                        name,
                        first_line,
                        lines,
                    });
                }
            }
            _ => {}
        }
    }
    found
}

/// Number of lines in `file` outside of its unit tests.
fn product_lines(file: &SourceFile) -> usize {
    let code = code_of(&file.text);
    let tests = test_items(&code);
    let in_tests: usize = tests
        .into_iter()
        .map(|test| code[test].lines().count())
        .sum();
    file.text.lines().count().saturating_sub(in_tests)
}

fn product_files() -> Vec<SourceFile> {
    let files = without_test_files(files_under("src"));
    assert!(files.len() > 100, "the sources were not found");
    files
}

/// Fails for everything that is too long and not excepted, and for each exception that is no longer needed.
fn compare(found: &BTreeSet<(String, String)>, excepted: BTreeSet<(String, String)>, of: &str) {
    let new = found
        .difference(&excepted)
        .map(|(file, name)| format!("{file}: {name} is longer than {of} lines"));
    let gone = excepted
        .difference(found)
        .map(|(file, name)| format!("{file}: {name} is short now, take it off the list"));
    let faults: Vec<String> = new.chain(gone).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn functions_are_short() {
    let mut lengths = Vec::new();
    let mut long = BTreeSet::new();
    for file in product_files() {
        for function in functions(&without_test_modules(&code_of(&file.text))) {
            lengths.push(function.lines);
            if function.lines > FUNCTION_LINES_MAX {
                long.insert((file.path.clone(), function.name));
            }
        }
    }
    lengths.sort_unstable();
    let p95 = lengths[lengths.len() * 95 / 100];
    println!(
        "{} functions, p95 {p95} lines, longest {}",
        lengths.len(),
        lengths[lengths.len() - 1]
    );
    assert!(
        p95 <= FUNCTION_LINES_P95_MAX,
        "5 % of the functions are longer than {p95} lines"
    );
    let excepted = LONG_FUNCTIONS
        .iter()
        .map(|(file, name, _)| ((*file).to_owned(), (*name).to_owned()));
    compare(&long, excepted.collect(), &FUNCTION_LINES_MAX.to_string());
}

#[test]
fn files_are_short() {
    let sizes: Vec<(usize, String)> = product_files()
        .into_iter()
        .map(|file| (product_lines(&file), file.path))
        .collect();
    println!(
        "{} files, {} lines",
        sizes.len(),
        sizes.iter().map(|(lines, _)| lines).sum::<usize>()
    );
    let long = sizes
        .into_iter()
        .filter(|(lines, _)| *lines > FILE_LINES_MAX);
    let long = long
        .map(|(_, file)| (file, "the file".to_owned()))
        .collect();
    let excepted = LONG_FILES
        .iter()
        .map(|(file, _)| ((*file).to_owned(), "the file".to_owned()));
    compare(&long, excepted.collect(), &FILE_LINES_MAX.to_string());
}

#[test]
fn a_function_is_measured_from_its_name_to_its_last_brace() {
    let code = "trait A {\n  fn told(&self);\n  fn a(x: [u8; 3]) -> u8 {\n    let f: fn(u8) = |x| { x };\n  }\n}\nfn b() {}\n";
    let expected = |name: &str, first_line, lines| Function {
        name: name.into(),
        first_line,
        lines,
    };
    assert_eq!(functions(code), [expected("a", 3, 3), expected("b", 7, 1)]);
}
