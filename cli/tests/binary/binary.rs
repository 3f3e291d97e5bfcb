//! Runs the binary in a folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph"));
    command.current_dir(folder).args(arguments).env_remove("NO_COLOR");
    command
}

pub(crate) fn cidgraph(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).stdin(Stdio::null()).output().expect("the binary runs")
}

/// Runs the binary and returns what it printed.
#[track_caller]
pub(crate) fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = cidgraph(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs the binary on some input and returns exit code, output and errors.
pub(crate) fn fed(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = command(folder, arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    // A command that refuses before it reads closes the pipe.
    drop(child.stdin.take().expect("a pipe").write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

/// Checks exit code and the one line on standard error.
#[track_caller]
pub(crate) fn failed(folder: &Path, arguments: &[&str], code: i32, expected: &str) {
    let output = cidgraph(folder, arguments);
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
    assert!(error.contains(expected), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
}

pub(crate) fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).expect("a JSON object")
}

pub(crate) fn field(line: &str, path: &str) -> String {
    let object = json(line);
    let field = object.pointer(path).expect("the field");
    field.as_str().map_or_else(|| field.to_string(), str::to_owned)
}

/// Writes a file into the folder.
pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), content).expect("written");
}

/// Returns a file of the shared data; `None`, with the reason printed, where there is none and `CI` is not set.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CIDGRAPH_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let file = folder.join(name);
    if file.exists() {
        return Some(file);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", file.display());
    eprintln!("skipped: {} is missing", file.display());
    None
}
