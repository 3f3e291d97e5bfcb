//! Reads an input line by line: plain or gzip, a file or standard input, never more than one bounded line in memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::error::{ImportError, SourcePosition};

/// The longest line that an edge list or a CSV file may have, bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens `path` (`-` is standard input) and unpacks it where its first bytes are those of gzip.
///
/// # Errors
/// [`ImportError::Unreadable`], also for a folder.
pub fn open_input(path: &Path) -> Result<Box<dyn BufRead + Send>, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    if path.as_os_str() == "-" {
        return unpack(BufReader::new(io::stdin())).map_err(unreadable);
    }
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(io::Error::other("it is a folder")));
    }
    unpack(BufReader::with_capacity(1 << 16, file)).map_err(unreadable)
}

fn unpack(mut input: impl BufRead + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    if input.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input))));
    }
    Ok(Box::new(input))
}

/// The lines of an input.
pub struct Lines {
    input: Box<dyn BufRead + Send>,
    file: Arc<str>,
    number: u64,
    bytes_max: usize,
    line: Vec<u8>,
    text: String,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("file", &self.file).field("number", &self.number).finish_non_exhaustive()
    }
}

impl Lines {
    /// Opens the lines of a file; none may be longer than `bytes_max`.
    ///
    /// # Errors
    /// [`ImportError::Unreadable`].
    pub fn open(path: &Path, bytes_max: usize) -> Result<Self, ImportError> {
        Ok(Self::new(open_input(path)?, &path.to_string_lossy(), bytes_max))
    }

    /// Reads the lines of any input that is called `file`.
    pub fn new(input: Box<dyn BufRead + Send>, file: &str, bytes_max: usize) -> Self {
        Self { input, file: file.into(), number: 0, bytes_max, line: Vec::new(), text: String::new() }
    }

    /// Returns the name of the input.
    pub const fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Returns the place of the line that was read last.
    pub fn position(&self) -> SourcePosition {
        SourcePosition::line(self.file.clone(), self.number)
    }

    /// Returns the line that was read last, without its end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads the next line; `false` at the end of the input.
    ///
    /// # Errors
    /// [`ImportError::BadLine`] where the line is too long or no UTF-8 text: the next call reads the line after it.
    /// [`ImportError::Unreadable`] where the input fails.
    pub fn advance(&mut self) -> Result<bool, ImportError> {
        let length = self.fill()?;
        if length == 0 {
            return Ok(false);
        }
        self.number += 1;
        if length > self.bytes_max + 2 {
            let expected = format!("a line of at most {} bytes", self.bytes_max);
            let found = format!("{length} bytes");
            return Err(ImportError::BadLine { position: self.position(), expected, found });
        }
        let mut line: &[u8] = &self.line;
        if self.number == 1 {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        let nul = line.iter().position(|byte| *byte == 0);
        let invalid = std::str::from_utf8(line).err().map(|error| error.valid_up_to());
        if let Some(at) = [nul, invalid].into_iter().flatten().min() {
            return Err(ImportError::bad(self.position().at(at as u64 + 1), "UTF-8 text", &line[at..]));
        }
        self.text.clear();
        self.text.push_str(std::str::from_utf8(line).expect("checked above"));
        Ok(true)
    }

    /// Reads up to the next line end; keeps at most one byte more than is allowed and returns the full length.
    fn fill(&mut self) -> Result<usize, ImportError> {
        self.line.clear();
        let limit = self.bytes_max as u64 + 3;
        let unreadable = |source| ImportError::Unreadable { path: self.file.as_ref().into(), source };
        let mut length = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line).map_err(unreadable)?;
        if length as u64 == limit && self.line.last() != Some(&b'\n') {
            length += self.skip_to_line_end()?;
        }
        Ok(length)
    }

    fn skip_to_line_end(&mut self) -> Result<usize, ImportError> {
        let mut skipped = 0;
        loop {
            let unreadable = |source| ImportError::Unreadable { path: self.file.as_ref().into(), source };
            let buffer = self.input.fill_buf().map_err(unreadable)?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let count = end.map_or(buffer.len(), |at| at + 1);
            let done = end.is_some() || buffer.is_empty();
            self.input.consume(count);
            skipped += count;
            if done {
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn lines(input: &[u8], bytes_max: usize) -> Vec<String> {
        let input: Box<dyn BufRead + Send> = unpack(io::Cursor::new(input.to_vec())).expect("opens");
        let mut lines = Lines::new(input, "f", bytes_max);
        let mut all = Vec::new();
        loop {
            match lines.advance() {
                Ok(true) => all.push(lines.text().to_owned()),
                Ok(false) => return all,
                Err(error) => all.push(error.to_string()),
            }
        }
    }

    #[test]
    fn line_ends_and_byte_order_mark_are_left_out() {
        assert_eq!(lines(b"\xef\xbb\xbfa\r\nb\n\nc", 9), ["a", "b", "", "c"]);
        assert!(lines(b"", 9).is_empty());
    }

    #[test]
    fn a_bad_line_is_named_and_the_next_one_read() {
        assert_eq!(lines(b"ab\xff\nc", 9), ["f:1:3: expected UTF-8 text, found \"\u{fffd}\"", "c"]);
        assert_eq!(lines(b"a\0b\nc", 9), [r#"f:1:2: expected UTF-8 text, found "\0b""#, "c"]);
        let long = [vec![b'x'; 10_000_000], b"\nc".to_vec()].concat();
        assert_eq!(lines(&long, 100), ["f:1: expected a line of at most 100 bytes, found 10000001 bytes", "c"]);
    }

    #[test]
    fn gzip_is_unpacked() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(b"a\nb\n").expect("memory takes all");
        assert_eq!(lines(&packer.finish().expect("memory takes all"), 9), ["a", "b"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = Lines::open(Path::new("no/such/file"), 9).expect_err("missing").to_string();
        assert!(error.starts_with("cannot read no/such/file: "), "{error}");
        assert!(Lines::open(Path::new("."), 9).expect_err("a folder").to_string().contains("it is a folder"));
    }
}
