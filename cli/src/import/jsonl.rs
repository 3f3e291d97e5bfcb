//! Command files: one JSON command a line, in transactions of 1000 lines or as `transaction` lines say.

use std::path::Path;

use cidgraph::{GraphCommand, GraphId, Limits, Name};

use super::error::{ImportError, SourcePosition};
use super::lines::Lines;
use super::transaction::{BadLines, CommandIds, Import, ImportSource, TRANSACTION_COMMANDS, Transaction};
use crate::json::{JsonLine, TransactionForm, find_wide_integer, read_line};

/// The longest line of a command file, bytes.
pub const JSON_LINE_BYTES_MAX: usize = 8 << 20;

/// A command file on its way to transactions.
#[derive(Debug)]
pub struct JsonlImport {
    import: ImportSource,
    lines: Lines,
    actor: Name,
    timestamp_ns: u64,
    lines_max: usize,
    ids: CommandIds,
    bad: BadLines,
    /// The line that ended the transaction before: it belongs to the next one.
    begun: Vec<u8>,
    done: bool,
}

impl JsonlImport {
    /// Opens a command file, gzip or plain; `-` is standard input.
    ///
    /// # Errors
    /// [`ImportError::Unreadable`].
    pub fn open(import: ImportSource, path: &Path) -> Result<Self, ImportError> {
        Ok(Self::read(import, Lines::open(path, JSON_LINE_BYTES_MAX)?))
    }

    /// Reads commands from lines.
    pub fn read(import: ImportSource, lines: Lines) -> Self {
        Self {
            actor: import.actor.clone(),
            timestamp_ns: import.clock_ns,
            lines_max: TRANSACTION_COMMANDS,
            ids: CommandIds::start(import.graph, "jsonl", ""),
            bad: BadLines::allow(import.skip_bad),
            import,
            lines,
            begun: Vec::new(),
            done: false,
        }
    }

    /// Reads the next line that says something; `None` at the end.
    fn read_line(&mut self, input: &mut Vec<u8>) -> Result<Option<JsonLine>, ImportError> {
        loop {
            match read_command(self.import.graph, &mut self.lines) {
                Ok(read) => {
                    if read.is_some() {
                        input.extend_from_slice(self.lines.text().as_bytes());
                        input.push(b'\n');
                    }
                    return Ok(read);
                }
                Err(error) => self.bad.skip(error)?,
            }
        }
    }

    fn begin(&mut self, form: &TransactionForm) {
        self.lines_max = Limits::default().transaction_events_max;
        self.timestamp_ns = form.timestamp_ns.unwrap_or(self.timestamp_ns);
        self.actor = form.actor.as_ref().map_or_else(|| self.import.actor.clone(), Name::new);
    }

    fn read_transaction(&mut self) -> Result<Option<Transaction>, ImportError> {
        let (mut commands, mut positions) = (Vec::<GraphCommand>::new(), Vec::new());
        let mut input = std::mem::take(&mut self.begun);
        let (mut actor, mut timestamp_ns) = (self.actor.clone(), self.timestamp_ns);
        while commands.len() < self.lines_max {
            let before = input.len();
            match self.read_line(&mut input)? {
                Some(JsonLine::Command(command)) => {
                    commands.push(command);
                    positions.push(self.lines.position());
                }
                Some(JsonLine::Transaction(form)) => {
                    self.begin(&form);
                    if !commands.is_empty() {
                        self.begun = input.split_off(before);
                        break;
                    }
                    (actor, timestamp_ns) = (self.actor.clone(), self.timestamp_ns);
                }
                None => {
                    self.done = true;
                    break;
                }
            }
        }
        if commands.is_empty() {
            return Ok(None);
        }
        Ok(Some(Transaction {
            command: self.ids.next(&input),
            actor,
            timestamp_ns,
            commands,
            positions,
            named: Vec::new(),
        }))
    }
}

/// Reads the next line that is not empty as one command below `graph`; `None` at the end.
///
/// # Errors
/// Any [`ImportError`]; after a bad line the next call goes on behind it.
pub fn read_command(graph: GraphId, lines: &mut Lines) -> Result<Option<JsonLine>, ImportError> {
    while lines.advance()? {
        if !lines.text().trim().is_empty() {
            let read = read_line(graph, lines.text());
            if read.is_ok() {
                refuse_wide_integers(lines)?;
            }
            return read.map(Some).map_err(|error| bad_json(&error, lines.text(), lines.position()));
        }
    }
    Ok(None)
}

fn refuse_wide_integers(lines: &Lines) -> Result<(), ImportError> {
    match find_wide_integer(lines.text()) {
        None => Ok(()),
        Some((at, number)) => {
            let expected = "an integer of 64 bits with a sign, or a float with a point";
            Err(ImportError::bad(lines.position().at(at as u64 + 1), expected, number))
        }
    }
}

fn bad_json(error: &serde_json::Error, line: &str, position: SourcePosition) -> ImportError {
    let column = error.column();
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    let start = (0..=column.saturating_sub(1).min(line.len())).rev().find(|at| line.is_char_boundary(*at));
    let found = &line[start.unwrap_or(0)..];
    ImportError::bad(position.at(column as u64), format!("a command ({reason})"), found)
}

impl Iterator for JsonlImport {
    type Item = Result<Transaction, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read_transaction().transpose();
        self.done |= !matches!(next, Some(Ok(_)));
        next
    }
}

impl Import for JsonlImport {
    fn bad_lines(&self) -> u64 {
        self.bad.count()
    }

    fn transaction_count(&self) -> Option<u64> {
        None
    }
}
