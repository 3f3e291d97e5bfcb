//! Records of one CSV file, each with its place; over-long records and text that is not UTF-8 are bad lines.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::quotes::{QuoteKind, Quotes};
use crate::import::{ImportError, LINE_BYTES_MAX, SourcePosition, open_input};

/// How a file separates its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The delimiter; `None` is found out by the first line.
    pub(super) delimiter: Option<u8>,
    /// Whether fields may be quoted; `None`: yes, except where the delimiter is `|`.
    pub(super) quoted: Option<bool>,
}

/// One file, read record by record.
pub(super) struct Records {
    reader: csv::Reader<Box<dyn Read + Send>>,
    /// Where fields may be quoted: what follows the quotes of the bytes that the reader has been given.
    quotes: Option<Arc<Mutex<Quotes>>>,
    file: Arc<str>,
    record: ByteRecord,
    line: u64,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("file", &self.file).field("line", &self.line).finish_non_exhaustive()
    }
}

impl Records {
    pub(super) fn open(path: &Path, dialect: Dialect) -> Result<Self, ImportError> {
        let mut input = open_input(path)?;
        let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
        let start = input.fill_buf().map_err(unreadable)?;
        let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let found = [b'|', b'\t', b',', b';'].into_iter().find(|delimiter| first.contains(delimiter));
        let delimiter = dialect.delimiter.or(found).unwrap_or(b',');
        if start.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let quoted = dialect.quoted.unwrap_or(delimiter != b'|');
        let quotes = quoted.then(|| Arc::new(Mutex::new(Quotes::new(delimiter))));
        let bounded = BoundedLines { input, length: 0, quotes: quotes.clone() };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .quoting(quoted)
            .from_reader(Box::new(bounded) as Box<dyn Read + Send>);
        Ok(Self { reader, quotes, file: path.to_string_lossy().into(), record: ByteRecord::new(), line: 0 })
    }

    /// Returns the place of the record that was read last.
    pub(super) fn position(&self) -> SourcePosition {
        SourcePosition::line(self.file.clone(), self.line)
    }

    /// Reads the next record; `false` at the end. After a bad line the next call reads the one after it.
    pub(super) fn advance(&mut self) -> Result<bool, ImportError> {
        let more = self.reader.read_byte_record(&mut self.record).map_err(|error| {
            let reason = error.to_string();
            let ErrorKind::Io(source) = error.into_kind() else {
                return ImportError::bad(self.position(), "a CSV record", reason);
            };
            ImportError::Unreadable { path: self.file.as_ref().into(), source }
        })?;
        if !more {
            return Ok(false);
        }
        self.line = self.record.position().map_or(self.line + 1, csv::Position::line);
        self.check_quotes()?;
        if self.record.as_slice().len() > LINE_BYTES_MAX {
            let expected = format!("a line of at most {LINE_BYTES_MAX} bytes");
            return Err(ImportError::bad(self.position(), expected, self.record.as_slice()));
        }
        for (field, column) in self.record.iter().zip(1..) {
            if std::str::from_utf8(field).is_err() || field.contains(&0) {
                return Err(ImportError::bad(self.position().at(column), "UTF-8 text", field));
            }
        }
        Ok(true)
    }

    /// Refuses the record that was read last where a quote in it cannot be meant.
    fn check_quotes(&self) -> Result<(), ImportError> {
        let Some(quotes) = &self.quotes else { return Ok(()) };
        let read = self.reader.position().byte();
        let fault = quotes.lock().unwrap_or_else(PoisonError::into_inner).take_before(read);
        let Some(fault) = fault else { return Ok(()) };
        let position = SourcePosition { file: self.file.clone(), line: fault.line, column: fault.column };
        let expected = match fault.kind {
            QuoteKind::Unclosed => "an end of the quote that opens here, or --quoted false",
            QuoteKind::TextAfter => "a delimiter or the end of the line after a closing quote",
        };
        let found = match fault.kind {
            QuoteKind::Unclosed => b"the end of the file",
            QuoteKind::TextAfter => {
                usize::try_from(fault.column - 1).ok().and_then(|at| self.record.get(at)).unwrap_or_default()
            }
        };
        Err(ImportError::bad(position, expected, found))
    }

    /// Returns the number of fields of the record that was read last.
    pub(super) fn len(&self) -> usize {
        self.record.len()
    }

    /// Returns a field of the record that was read last.
    pub(super) fn field(&self, column: usize) -> &str {
        std::str::from_utf8(&self.record[column]).expect("checked when the record was read")
    }

    /// Returns the fields of the record that was read last, one after the other, as what its command id is made of.
    pub(super) fn bytes(&self) -> &[u8] {
        self.record.as_slice()
    }
}

/// Passes on at most a little more than [`LINE_BYTES_MAX`] bytes of a line and drops the rest, so that a file without
/// line ends is never held in memory.
struct BoundedLines<R> {
    input: R,
    length: usize,
    quotes: Option<Arc<Mutex<Quotes>>>,
}

impl<R> BoundedLines<R> {
    /// Lets the quotes of what is passed on be followed; nothing is the end.
    fn follow(&self, passed: &[u8]) {
        let Some(quotes) = &self.quotes else { return };
        let mut quotes = quotes.lock().unwrap_or_else(PoisonError::into_inner);
        match passed.is_empty() {
            true => quotes.end(),
            false => quotes.push(passed),
        }
    }
}

impl<R: std::io::BufRead> Read for BoundedLines<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let buffer = self.input.fill_buf()?;
            if out.is_empty() {
                return Ok(0);
            }
            if buffer.is_empty() {
                self.follow(&[]);
                return Ok(0);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let line = end.unwrap_or(buffer.len());
            if line == 0 {
                out[0] = b'\n';
                self.input.consume(1);
                self.length = 0;
                self.follow(b"\n");
                return Ok(1);
            }
            let allowed = (LINE_BYTES_MAX + 2).saturating_sub(self.length);
            let take = line.min(allowed).min(out.len());
            if take == 0 {
                self.input.consume(line);
                continue;
            }
            out[..take].copy_from_slice(&buffer[..take]);
            self.input.consume(take);
            self.length += take;
            self.follow(&out[..take]);
            return Ok(take);
        }
    }
}
