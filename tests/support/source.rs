//! Reads the repository for the house tests: its files, and Rust code without comments, strings and test modules.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A text file of the repository.
pub struct SourceFile {
    /// Path from the root of the repository, with `/` as separator.
    pub path: String,
    /// Whole text of the file.
    pub text: String,
}

/// Returns every text file at or under `place` (relative to the root), sorted. Directories `target`, `.git` and
/// `node_modules` and files that are not UTF-8 are left out.
pub fn files_under(place: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(place), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(root).unwrap().to_str()?.to_owned();
        Some(SourceFile { path, text })
    };
    paths.into_iter().filter_map(read).collect()
}

fn collect(place: &Path, paths: &mut Vec<PathBuf>) {
    const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];
    if SKIPPED.iter().any(|name| place.ends_with(name)) {
        return;
    }
    match fs::read_dir(place) {
        Ok(entries) => entries.for_each(|entry| collect(&entry.unwrap().path(), paths)),
        Err(_) if place.is_file() => paths.push(place.to_owned()),
        Err(_) => {}
    }
}

/// Replaces comments, string literals and character literals in `text` by blanks. Line numbers stay the same.
pub fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let opaque = opaque_prefix(rest, code.chars().next_back());
        let taken = opaque.unwrap_or(first.len_utf8());
        let (head, tail) = rest.split_at(taken);
        if opaque.is_some() {
            code.extend(head.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            code.push(first);
        }
        rest = tail;
    }
    code
}

/// Length in bytes of the comment or literal at the start of `rest`, if there is one. `before` is the last character of
/// code.
fn opaque_prefix(rest: &str, before: Option<char>) -> Option<usize> {
    let in_name = before.is_some_and(is_word);
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if let Some(inner) = rest.strip_prefix('"') {
        return Some(1 + until_unescaped(inner, '"'));
    }
    if !in_name && (rest.starts_with("r\"") || rest.starts_with("r#") || rest.starts_with("br")) {
        return raw_string(rest);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Number of bytes up to and including the first `end` without a backslash before it.
fn until_unescaped(rest: &str, end: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        if !escaped && c == end {
            return at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let after_r = rest.find('r')? + 1;
    let hashes = rest[after_r..].chars().take_while(|c| *c == '#').count();
    let body = after_r + hashes + 1;
    rest[after_r + hashes..].starts_with('"').then_some(())?; // otherwise it is `r#name` or a plain name
    let end = format!("\"{}", "#".repeat(hashes));
    Some(
        rest[body..]
            .find(&end)
            .map_or(rest.len(), |at| body + at + end.len()),
    )
}

/// Length of a character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = &rest[1..];
    if inner.starts_with('\\') {
        return Some(1 + until_unescaped(inner, '\''));
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(first + 2)
}

/// Replaces the items under `#[cfg(test)]` in `code` (from [`code_of`]) by blanks.
pub fn without_test_modules(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut at = 0;
    for test in test_items(code) {
        kept.push_str(&code[at..test.start]);
        let blank = |c| if c == '\n' { '\n' } else { ' ' };
        kept.extend(code[test.clone()].chars().map(blank));
        at = test.end;
    }
    kept + &code[at..]
}

/// Byte ranges of the items under `#[cfg(test)]` in `code`.
pub fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(ahead) = code[at..].find("#[cfg(test)]") {
        let start = at + ahead;
        at = start + item_end(&code[start..]);
        found.push(start..at);
    }
    found
}

/// Length of the item in bytes: up to its `;`, or to the brace that closes its first block.
fn item_end(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

/// Names of the modules declared as `#[cfg(test)] mod name;` in `code`. Their files contain only tests.
pub fn test_only_modules(code: &str) -> Vec<String> {
    let after = code.split("#[cfg(test)]").skip(1);
    after
        .filter_map(|item| {
            let declared = item[..item.find([';', '{'])?].trim();
            let is_file = item[item.find([';', '{'])?..].starts_with(';');
            let name = declared.rsplit(char::is_whitespace).next()?;
            (is_file && declared.contains("mod ")).then(|| name.to_owned())
        })
        .collect()
}

/// Removes the files that another file declares with `#[cfg(test)] mod name;`.
pub fn without_test_files(files: Vec<SourceFile>) -> Vec<SourceFile> {
    let declared: Vec<String> = files.iter().flat_map(test_modules_of).collect();
    let is_test = |file: &SourceFile| {
        let stem = file.path.strip_suffix(".rs").unwrap_or(&file.path);
        let inside = |module: &String| {
            stem.strip_prefix(module.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        declared.iter().any(inside)
    };
    files.into_iter().filter(|file| !is_test(file)).collect()
}

/// Paths, without `.rs`, of the test modules that `file` declares.
fn test_modules_of(file: &SourceFile) -> Vec<String> {
    let folder = ["/mod.rs", "/lib.rs", ".rs"]
        .iter()
        .find_map(|end| file.path.strip_suffix(end));
    let Some(folder) = folder.filter(|_| file.text.contains("#[cfg(test)]")) else {
        return Vec::new();
    };
    let names = test_only_modules(&code_of(&file.text));
    names
        .iter()
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

/// Line numbers, from 1, on which `word` occurs in `code` as a whole word or path.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let whole = |at: usize| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let open_start = !word.starts_with(is_word) || !before.is_some_and(is_word);
        let open_end = !word.ends_with(is_word) || !after.is_some_and(is_word);
        open_start && open_end
    };
    let hits = code.match_indices(word).map(|(at, _)| at);
    hits.filter(|at| whole(*at))
        .map(|at| line_of(code, at))
        .collect()
}

/// Number of the line, from 1, that contains byte `at`.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// True if `c` may be part of a Rust name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words, `::` and single marks of `code`, with their lines.
pub fn tokens(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let length = match first {
            _ if word > 0 => word,
            _ if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !first.is_whitespace() {
            found.push((token.to_owned(), line));
        }
        line += usize::from(first == '\n');
        rest = after;
    }
    found
}
