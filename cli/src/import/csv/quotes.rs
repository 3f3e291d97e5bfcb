//! Quotes of a CSV text that cannot be meant: one that is never closed, and text after a closed one.
//!
//! The CSV reader takes both without a word; this sees the same bytes go by and remembers where they are wrong.

use std::collections::VecDeque;

/// What is wrong with a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteKind {
    /// It is open at the end of the file.
    Unclosed,
    /// Text follows it before the next delimiter.
    TextAfter,
}

/// A quote that cannot be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QuoteFault {
    /// What is wrong.
    pub(super) kind: QuoteKind,
    /// Where in the text it is seen, bytes from its start.
    pub(super) offset: u64,
    /// The line on which the quote was opened, from 1.
    pub(super) line: u64,
    /// The field that it opens, from 1.
    pub(super) column: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    Closed,
}

/// Follows the quotes of a text.
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    place: Place,
    offset: u64,
    line: u64,
    column: u64,
    /// Offset and line of the last quote that was opened.
    opened: (u64, u64),
    faults: VecDeque<QuoteFault>,
}

impl Quotes {
    /// Starts at the start of a text.
    pub(super) const fn new(delimiter: u8) -> Self {
        let faults = VecDeque::new();
        Self { delimiter, place: Place::FieldStart, offset: 0, line: 1, column: 1, opened: (0, 1), faults }
    }

    /// Follows what comes next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
            self.offset += 1;
        }
    }

    /// Says that nothing comes any more.
    pub(super) fn end(&mut self) {
        if self.place == Place::Quoted {
            self.place = Place::Plain;
            let (offset, line) = self.opened;
            self.faults.push_back(QuoteFault { kind: QuoteKind::Unclosed, offset, line, column: self.column });
        }
    }

    /// Takes the first fault before `offset`, and drops the others there.
    pub(super) fn take_before(&mut self, offset: u64) -> Option<QuoteFault> {
        let first = self.faults.pop_front_if(|fault| fault.offset < offset);
        while self.faults.pop_front_if(|fault| fault.offset < offset).is_some() {}
        first
    }

    fn step(&mut self, byte: u8) {
        match (self.place, byte) {
            (Place::Quoted, b'"') => self.place = Place::Closed,
            (Place::Quoted, _) => {}
            (Place::FieldStart, b'"') => {
                self.place = Place::Quoted;
                self.opened = (self.offset, self.line);
            }
            (Place::Closed, b'"') => self.place = Place::Quoted,
            (_, b'\n' | b'\r') => {
                self.place = Place::FieldStart;
                self.column = 1;
            }
            (_, byte) if byte == self.delimiter => {
                self.place = Place::FieldStart;
                self.column += 1;
            }
            (Place::Closed, _) => {
                self.place = Place::Plain;
                let (kind, line) = (QuoteKind::TextAfter, self.opened.1);
                self.faults.push_back(QuoteFault { kind, offset: self.offset, line, column: self.column });
            }
            (Place::FieldStart | Place::Plain, _) => self.place = Place::Plain,
        }
        self.line += u64::from(byte == b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found(text: &str, expected: &[(QuoteKind, u64, u64)]) {
        let mut quotes = Quotes::new(b',');
        text.as_bytes().chunks(2).for_each(|chunk| quotes.push(chunk));
        quotes.end();
        let faults: Vec<_> = quotes.faults.iter().map(|fault| (fault.kind, fault.line, fault.column)).collect();
        assert_eq!(faults, expected, "{text}");
    }

    #[test]
    fn quotes_that_cannot_be_meant_are_found() {
        found("a,\"b \"\" , c\"\n\"\",\"x\ny\"\r\n", &[]);
        found("a\"b,c\n", &[]);
        found("a,b\nc,\"d\ne,f\n", &[(QuoteKind::Unclosed, 2, 2)]);
        found("a\n\"a\"b,\"c\"d\n", &[(QuoteKind::TextAfter, 2, 1), (QuoteKind::TextAfter, 2, 2)]);
        found("\"", &[(QuoteKind::Unclosed, 1, 1)]);
    }
}
