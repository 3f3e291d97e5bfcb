//! The shape of the code: modules import only from those above them, every file says what it is, and what was left
//! undone or may panic is not shipped.
//!
//! A light reading of the text, line by line: a module is a name after `crate::`, a test is what stands behind
//! `#[cfg(test)]` or in a folder of tests.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, at most.
const LINES_MAX: usize = 450;

/// Folders of the workspace that hold code.
const FOLDERS: [&str; 8] = ["engine", "store-memory", "store-jetstream", "harness", "cli", "viz", "benches", "fuzz"];

/// Where a module imports from one below it, and why.
const UPWARD: [(&str, &str, &str); 1] =
    [("store/conformance", "chain", "the suite seals real events to try stores with; the contract above it does not")];

/// A file of the workspace.
struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        let named = |part: &str| matches!(part, "tests" | "benches" | "examples" | "fuzz_targets");
        self.path.rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').skip(1).any(named))
            || self.path.ends_with("_tests.rs")
    }

    /// Returns the numbered lines that are shipped: without comments, and up to the tests at the end.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        let shipped = lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]" && line.trim() != "mod tests {");
        shipped.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let named = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.push(Source { path: named, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(sources.len() > 100, "the code is found");
    sources
}

/// Fails with all that was found, one place a line.
fn none(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// Returns the engine's modules in the order of `lib.rs`.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(root().join("engine/src/lib.rs")).unwrap();
    lib.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned())).collect()
}

/// Returns the names that follow `crate::` in a line.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).filter_map(|after| after.split(|c: char| c != '_' && !c.is_alphanumeric()).next())
}

fn is_excepted(module: &str, imported: &str) -> bool {
    UPWARD.iter().any(|(from, to, _)| module.starts_with(from) && imported == *to)
}

#[test]
fn modules_import_only_from_those_above_them() {
    let order = modules();
    let place = |module: &str| order.iter().position(|known| known == module);
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let Some(module) = source.path.strip_prefix("engine/src/").and_then(|path| path.strip_suffix(".rs")) else {
            continue;
        };
        let own = module.split('/').next().unwrap();
        let Some(own_place) = place(own) else {
            assert_eq!(own, "lib", "{} is no module of lib.rs", source.path);
            continue;
        };
        for (number, line) in source.shipped() {
            assert!(!line.contains("crate::{"), "{}:{number}: imports are one module a line", source.path);
            for imported in imports(line) {
                if place(imported).is_some_and(|place| place > own_place) && !is_excepted(module, imported) {
                    found.push(format!("{}:{number}: {own} imports {imported}", source.path));
                }
            }
        }
    }
    none(found, "a module imports only from those above it in lib.rs");
}

#[test]
fn every_file_says_what_it_is() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    none(silent.map(|source| source.path).collect(), "a file opens with //! and what it is");
}

#[test]
fn no_file_is_too_long() {
    let counted = sources().into_iter().map(|source| (source.text.lines().count(), source.path));
    let long = counted.filter(|(lines, _)| *lines > LINES_MAX);
    none(long.map(|(lines, path)| format!("{path}: {lines} lines")).collect(), "a file becomes a folder when it grows");
}

#[test]
fn nothing_is_left_undone() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut found = Vec::new();
    for source in sources() {
        let marked = (1..).zip(source.text.lines()).filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
        found.extend(marked.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())));
    }
    none(found, "an issue says what is left to do");
}

#[test]
fn nothing_shipped_unwraps() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let unwraps = source.shipped().filter(|(_, line)| line.contains(".unwrap()"));
        found.extend(unwraps.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())));
    }
    none(found, "expect says why it cannot fail");
}
