//! Where something stands in an input, and why an import stops.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A place in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePosition {
    /// The file, as it was named; `-` is standard input.
    pub file: Arc<str>,
    /// The line, from 1; 0 where the input has no lines.
    pub line: u64,
    /// The column, from 1: a character in text, a field in CSV; 0 where the whole line is meant.
    pub column: u64,
}

impl SourcePosition {
    /// Names a whole line.
    pub const fn line(file: Arc<str>, line: u64) -> Self {
        Self { file, line, column: 0 }
    }

    /// Names a column of the same line.
    #[must_use]
    pub fn at(&self, column: u64) -> Self {
        Self { column, ..self.clone() }
    }
}

impl fmt::Display for SourcePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input cannot be opened or read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{position}: expected {expected}, found {found}")]
    BadLine {
        /// Where.
        position: SourcePosition,
        /// What should stand there.
        expected: String,
        /// What stands there, at most its first 60 characters.
        found: String,
    },
    /// More lines than allowed were bad.
    #[error("{position}: expected {expected}, found {found}; it is bad line {count} and --skip-bad allows {allowed}")]
    TooManyBadLines {
        /// Where the last one stands.
        position: SourcePosition,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// How many were bad, this one included.
        count: u64,
        /// How many may be.
        allowed: u64,
    },
    /// The git repository cannot be read as asked.
    #[error("{path}: {reason}", path = path.display())]
    Repository {
        /// The repository.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl ImportError {
    /// Makes the error of a bad line; `found` is clipped.
    pub fn bad(position: SourcePosition, expected: impl Into<String>, found: impl AsRef<[u8]>) -> Self {
        Self::BadLine { position, expected: expected.into(), found: clip(found.as_ref()) }
    }
}

/// Quotes at most the first 60 characters of what was found, so that an error stays one readable line.
pub fn clip(found: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 60;
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let head = &found[..found.len().min(4 * CHARACTERS_MAX)];
    let text = String::from_utf8_lossy(head);
    let clipped: String = text.chars().take(CHARACTERS_MAX).collect();
    let more = if clipped.len() < text.len() || head.len() < found.len() { " …" } else { "" };
    format!("{clipped:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_shown_on_one_short_line() {
        assert_eq!(clip(b""), "nothing");
        assert_eq!(clip(b"a\nb"), r#""a\nb""#);
        assert_eq!(clip(&[b'x'; 61]), format!("{:?} …", "x".repeat(60)));
        assert!(clip(&[0xff; 10_000_000]).len() < 400);
    }
}
