//! What goes to standard output: aligned tables for people, one JSON object a line for programs.

use std::io::{self, BufWriter, Stdout, Write};

use serde_json::Value;

/// Standard output, buffered.
#[derive(Debug)]
pub struct Output {
    out: BufWriter<Stdout>,
    outlives_reader: bool,
    reader_gone: bool,
    /// Whether JSON was asked for.
    pub json: bool,
}

impl Output {
    /// Opens standard output.
    pub fn new(json: bool) -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, io::stdout()), outlives_reader: false, reader_gone: false, json }
    }

    /// Lets what the run does go on where the reader of the output goes away: from then on nothing is printed.
    pub const fn outlive_reader(&mut self) {
        self.outlives_reader = true;
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>) -> io::Result<()> {
        if self.reader_gone {
            return Ok(());
        }
        match write(&mut self.out) {
            Err(error) if self.outlives_reader && error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_gone = true;
                Ok(())
            }
            written => written,
        }
    }

    /// Writes one JSON object on a line of its own.
    ///
    /// # Errors
    /// Where standard output fails.
    pub fn object(&mut self, object: &Value) -> io::Result<()> {
        self.write(|out| writeln!(out, "{object}"))
    }

    /// Writes a line of text.
    ///
    /// # Errors
    /// Where standard output fails.
    pub fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        self.write(|out| writeln!(out, "{text}"))
    }

    /// Writes a table.
    ///
    /// # Errors
    /// Where standard output fails.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        self.write(|out| out.write_all(table.render().as_bytes()))
    }

    /// Returns the writer itself, for raw output.
    pub const fn raw(&mut self) -> &mut BufWriter<Stdout> {
        &mut self.out
    }

    /// Hands what was written to the system.
    ///
    /// # Errors
    /// Where standard output fails.
    pub fn finish(&mut self) -> io::Result<()> {
        self.write(Write::flush)
    }
}

/// Writes a line to standard error; where nobody can read it, the work goes on without it.
pub fn note(text: impl std::fmt::Display) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Rows under a header, numbers to the right.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table of its header.
    pub fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(|name| (*name).to_owned()).collect()] }
    }

    /// Adds a row; line ends and control characters within a cell become spaces.
    ///
    /// # Panics
    /// Where the row has another number of cells than the header.
    pub fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.rows[0].len(), "a row has a cell for each column");
        let clean = |cell: String| cell.replace(|character: char| character.is_control(), " ");
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    /// Returns the text.
    pub fn render(&self) -> String {
        let width = |cell: &String| cell.chars().count();
        let columns = self.rows[0].len();
        let widths: Vec<usize> =
            (0..columns).map(|column| self.rows.iter().map(|row| width(&row[column])).max().unwrap_or(0)).collect();
        let numeric: Vec<bool> = (0..columns).map(|column| self.is_numeric(column)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column] - width(cell));
                line.push_str(if column == 0 { "" } else { "  " });
                line.push_str(&if numeric[column] { pad + cell } else { cell.clone() + &pad });
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn is_numeric(&self, column: usize) -> bool {
        let cells = || self.rows[1..].iter().map(|row| row[column].as_str()).filter(|cell| !cell.is_empty());
        cells().next().is_some() && cells().all(|cell| cell.parse::<f64>().is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(&["name", "events", "head"]);
        table.row(vec!["größe".to_owned(), "7".to_owned(), "a\nb".to_owned()]);
        table.row(vec!["b".to_owned(), "1000".to_owned(), String::new()]);
        assert_eq!(table.render(), "name   events  head\ngröße       7  a b\nb        1000\n");
    }
}
