//! Imports between the files of `src`: `use` declarations and paths, resolved to the file that defines the name.
//!
//! File A imports file B in these cases:
//! - A reaches a name by `use` or by a path (`crate::`, `super::`, `self::`, a child module, an imported module), and B
//!   defines that name. Re-exports are followed: `use crate::alert::Kind` imports the file that contains `enum Kind`,
//!   not `alert/mod.rs`.
//! - A re-exports a name of B and also uses it. A `mod.rs` that only lists the types of its children imports none of
//!   them.
//!
//! These are not imports: `mod b;`, an imported module of which nothing is used, test modules, and methods.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{
    SourceFile, code_of, files_under, is_word, tokens, without_test_files, without_test_modules,
};

/// Imports between files: from, to, and the line of the first import.
pub type Imports = BTreeMap<(String, String), usize>;

/// Imports among all files of `src`, except tests and `main.rs`.
pub fn of_the_tree() -> Imports {
    let files = without_test_files(files_under("src"));
    Tree::read(files.iter().filter(|file| file.path != "src/main.rs")).imports()
}

/// Parsed `use`: `use a::b as c;` has the path `a, b` and the name `c`. A glob has no name.
#[derive(Debug, PartialEq)]
struct Use {
    path: Vec<String>,
    name: Option<String>,
    is_public: bool,
    line: usize,
}

/// Module: a file, or a module declared inside a file.
struct Module {
    path: Vec<String>,
    file: String,
    items: BTreeSet<String>,
    uses: Vec<Use>,
    /// Paths of at least two segments outside of `use`, with their lines.
    paths: Vec<(Vec<String>, usize)>,
    /// Every word outside of `use`.
    words: BTreeSet<String>,
}

/// Target of a path.
#[derive(Clone, Copy)]
enum Place {
    Module(usize),
    /// An item that this module defines.
    Item(usize),
}

struct Tree {
    modules: Vec<Module>,
    by_path: BTreeMap<Vec<String>, usize>,
}

/// Maximum number of re-exports to follow. A longer chain is treated as a loop.
const HOPS_MAX: usize = 8;

impl Tree {
    fn read<'a>(files: impl Iterator<Item = &'a SourceFile>) -> Self {
        let mut modules = Vec::new();
        for file in files {
            Reader::new(file).read(&mut modules);
        }
        let path_of = |(at, module): (usize, &Module)| (module.path.clone(), at);
        let by_path = modules.iter().enumerate().map(path_of).collect();
        Self { modules, by_path }
    }

    fn imports(&self) -> Imports {
        let mut found = Imports::new();
        for (at, module) in self.modules.iter().enumerate() {
            let uses = module.uses.iter().filter(|u| counts(u, module));
            let by_use = uses.map(|u| (&u.path, u.line));
            let by_path = module.paths.iter().map(|(path, line)| (path, *line));
            for (path, line) in by_use.chain(by_path) {
                let Some(Place::Item(target)) = self.resolve(at, path, 0) else {
                    continue;
                };
                let (from, to) = (&module.file, &self.modules[target].file);
                if from != to {
                    let first = found.entry((from.clone(), to.clone())).or_insert(line);
                    *first = line.min(*first);
                }
            }
        }
        found
    }

    /// Resolves `path` as written in module `from`. Returns `None` if the path leads out of the crate.
    fn resolve(&self, from: usize, path: &[String], hops: usize) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Place::Module(*self.by_path.get(&Vec::new())?),
            "self" => Place::Module(from),
            "super" => self.parent(from)?,
            name => self.lookup(from, name, rest.is_empty(), hops)?,
        };
        for (at, segment) in rest.iter().enumerate() {
            let Place::Module(module) = place else {
                return Some(place); // a variant or an associated item
            };
            place = match segment.as_str() {
                "super" => self.parent(module)?,
                "self" => place,
                name => self
                    .lookup(module, name, at + 1 == rest.len(), hops)
                    .unwrap_or(Place::Item(module)), // defined by a macro
            };
        }
        Some(place)
    }

    fn parent(&self, module: usize) -> Option<Place> {
        let (_, parent) = self.modules[module].path.split_last()?;
        self.by_path.get(parent).copied().map(Place::Module)
    }

    /// Resolves `name` in the namespace of `module`. If a module and an item share the name, the item is meant at the
    /// end of a path.
    fn lookup(&self, module: usize, name: &str, is_last: bool, hops: usize) -> Option<Place> {
        if hops > HOPS_MAX {
            return None;
        }
        let here = &self.modules[module];
        let child = || {
            let path = here.path.iter().cloned().chain([name.to_owned()]).collect();
            self.by_path
                .get::<Vec<String>>(&path)
                .copied()
                .map(Place::Module)
        };
        let item = || here.items.contains(name).then_some(Place::Item(module));
        let imported = || {
            let named = |u: &&Use| u.name.as_deref() == Some(name);
            let mut uses = here.uses.iter().filter(named);
            uses.find_map(|u| self.resolve(module, &u.path, hops + 1))
        };
        let globbed = || {
            let mut globs = here.uses.iter().filter(|u| u.name.is_none());
            globs.find_map(|u| match self.resolve(module, &u.path, hops + 1)? {
                Place::Module(of) => self.lookup(of, name, is_last, hops + 1),
                Place::Item(_) => None,
            })
        };
        let found = if is_last {
            item().or_else(imported).or_else(child)
        } else {
            child().or_else(item).or_else(imported)
        };
        found.or_else(globbed)
    }
}

/// True if a `use` is an import and not only a re-export.
fn counts(u: &Use, module: &Module) -> bool {
    !u.is_public || u.name.as_ref().is_some_and(|n| module.words.contains(n))
}

/// Reader of one file, token by token.
struct Reader {
    file: String,
    path: Vec<String>,
    tokens: Vec<(String, usize)>,
    at: usize,
}

impl Reader {
    fn new(file: &SourceFile) -> Self {
        Self {
            file: file.path.clone(),
            path: module_path(&file.path),
            tokens: tokens(&without_test_modules(&code_of(&file.text))),
            at: 0,
        }
    }

    fn read(mut self, modules: &mut Vec<Module>) {
        let path = self.path.clone();
        self.module(path, modules);
    }

    fn peek(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |(t, _)| t)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(_, line)| *line)
    }

    /// Reads up to the closing brace of the module, or to the end of the file.
    fn module(&mut self, path: Vec<String>, modules: &mut Vec<Module>) {
        let mut module = Module {
            path,
            file: self.file.clone(),
            items: BTreeSet::new(),
            uses: Vec::new(),
            paths: Vec::new(),
            words: BTreeSet::new(),
        };
        let mut depth = 0;
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "{" => depth += 1,
                "}" if depth == 0 => break,
                "}" => depth -= 1,
                "use" => {
                    self.declaration(&mut module.uses);
                    continue;
                }
                "mod" if self.peek(2) == "{" => {
                    let mut inner = module.path.clone();
                    inner.push(self.peek(1).to_owned());
                    self.at += 3;
                    self.module(inner, modules);
                }
                "struct" | "enum" | "trait" | "type" | "fn" | "const" | "static" | "union"
                    if depth == 0 =>
                {
                    let skipped = usize::from(matches!(self.peek(1), "fn" | "mut"));
                    module.items.insert(self.peek(1 + skipped).to_owned());
                }
                "macro_rules" => {
                    module.items.insert(self.peek(2).to_owned());
                }
                word if word.starts_with(is_word) => {
                    module.words.insert(word.to_owned());
                    self.path_at(&mut module.paths);
                }
                _ => {}
            }
            self.at += 1;
        }
        modules.push(module);
    }

    /// Records the path that begins at the current token, if there is one.
    fn path_at(&self, paths: &mut Vec<(Vec<String>, usize)>) {
        let before = self.at.checked_sub(1).map(|at| self.tokens[at].0.as_str());
        if self.peek(1) != "::" || matches!(before, Some("::" | ".")) {
            return;
        }
        let mut path = vec![self.peek(0).to_owned()];
        let mut ahead = 1;
        while self.peek(ahead) == "::" && self.peek(ahead + 1).starts_with(is_word) {
            path.push(self.peek(ahead + 1).to_owned());
            ahead += 2;
        }
        if path.len() > 1 {
            paths.push((path, self.line()));
        }
    }

    /// Reads a `use` declaration, including its `;`.
    fn declaration(&mut self, uses: &mut Vec<Use>) {
        let before = self.at.checked_sub(1).map(|at| self.tokens[at].0.as_str());
        let is_public = matches!(before, Some("pub" | ")"));
        let line = self.line();
        self.at += 1;
        let mut leaves = Vec::new();
        self.use_tree(&[], &mut leaves);
        uses.extend(leaves.into_iter().map(|(path, name)| Use {
            path,
            name,
            is_public,
            line,
        }));
        while self.at < self.tokens.len() && self.peek(0) != ";" {
            self.at += 1;
        }
        self.at += 1;
    }

    /// Reads `a::b`, `a as b`, `a::*` or `a::{…}`, and stops after it.
    fn use_tree(&mut self, prefix: &[String], leaves: &mut Vec<(Vec<String>, Option<String>)>) {
        let mut path = prefix.to_vec();
        loop {
            match self.peek(0) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        self.use_tree(&path, leaves);
                        self.at += usize::from(self.peek(0) == ",");
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    leaves.push((path, None));
                    return;
                }
                "::" => self.at += 1,
                word if word.starts_with(is_word) && word != "as" => {
                    path.push(word.to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut name = path.last().cloned();
        if self.peek(0) == "as" {
            name = Some(self.peek(1).to_owned());
            self.at += 2;
        }
        leaves.push((path, name));
    }
}

/// Path of the module in a file: `src/a/b.rs` and `src/a/b/mod.rs` are `a, b`; `src/lib.rs` is the root.
fn module_path(file: &str) -> Vec<String> {
    let inner = file.strip_prefix("src/").unwrap_or(file);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let segments = inner.split('/').map(str::to_owned);
    segments.filter(|s| s != "mod" && s != "lib").collect()
}

#[test]
fn a_name_is_imported_from_the_file_that_defines_it() {
    let files = [
        ("src/lib.rs", "pub mod alert; pub mod stats;"),
        (
            "src/alert/mod.rs",
            "mod kind; pub(crate) mod text; pub use kind::Kind; pub use text::{say as tell, Tone}; fn f(t: Tone) {}",
        ),
        ("src/alert/kind.rs", "use super::text;\npub enum Kind { A }"),
        (
            "src/alert/text.rs",
            "pub fn say() { macro_rules! x { () => {} } } pub struct Tone;",
        ),
        (
            "src/stats/mod.rs",
            "use std::fmt;\nuse crate::{alert::{self, Kind::A}};\nfn f() { alert::tell() }",
        ),
        (
            "src/stats/odd.rs",
            "use super::made_by_a_macro; fn f() { crate::alert::text::say() }",
        ),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.into(),
        text: text.into(),
    });
    let imports = Tree::read(files.iter()).imports();
    let found: Vec<String> = imports
        .iter()
        .map(|((from, to), line)| format!("{from}:{line} {to}"))
        .collect();
    let expected = [
        "src/alert/mod.rs:1 src/alert/text.rs", // this file uses `Tone` but only re-exports `Kind`
        "src/stats/mod.rs:2 src/alert/kind.rs",
        "src/stats/mod.rs:3 src/alert/text.rs",
        "src/stats/odd.rs:1 src/alert/text.rs",
        "src/stats/odd.rs:1 src/stats/mod.rs",
    ];
    assert_eq!(found, expected);
}
