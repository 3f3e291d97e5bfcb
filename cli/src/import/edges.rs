//! Temporal edge lists in the manner of SNAP: one edge a line, nodes on first sight, in time order.
//!
//! The whole list is held in memory to be sorted: its text and 40 bytes a line; 2^32 lines at most.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use cidgraph::{EdgeEntity, GraphCommand, Key, Name, NodeEntity, NodeId, Properties, Value};

use super::error::{ImportError, SourcePosition};
use super::field::{FieldForm, read_key, read_time_ns};
use super::lines::{LINE_BYTES_MAX, Lines};
use super::transaction::{BadLines, CommandIds, Import, ImportSource, TRANSACTION_COMMANDS, Transaction};

/// How an edge list is written.
#[derive(Debug, Clone)]
pub struct EdgesFormat {
    /// The columns' names: `src`, `dst`, `time`, `-` for one to leave out, others become properties of the edge.
    /// Without them the header's names, or `src dst` and `src dst time` by their number.
    pub columns: Option<Vec<String>>,
    /// What stands between columns; without it a tab or comma where the first line has one, white space otherwise.
    pub delimiter: Option<char>,
    /// Whether the first line names the columns; without it, where its first two fields are known names.
    pub header: Option<bool>,
    /// Nanoseconds of one unit of the time column.
    pub time_unit_ns: u64,
    /// The kind of every node.
    pub node_kind: Name,
    /// The kind of every edge.
    pub edge_kind: Name,
}

impl Default for EdgesFormat {
    fn default() -> Self {
        Self {
            columns: None,
            delimiter: None,
            header: None,
            time_unit_ns: 1_000_000_000,
            node_kind: Name::new_static("node"),
            edge_kind: Name::new_static("edge"),
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Source,
    Target,
    Time,
    Skipped,
    Property(Name),
}

impl Column {
    fn named(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "src" | "source" | "from" => Self::Source,
            "dst" | "target" | "to" => Self::Target,
            "time" | "timestamp" => Self::Time,
            "-" | "" => Self::Skipped,
            _ => Self::Property(Name::new(name.trim())),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "src",
            Self::Target => "dst",
            Self::Time => "time",
            Self::Skipped => "-",
            Self::Property(name) => name,
        })
    }
}

/// One edge, as a line of the kept text.
#[derive(Debug)]
struct Row {
    time_ns: u64,
    start: usize,
    length: u32,
    line: u32,
    source: u32,
    target: u32,
}

/// An edge list, read and sorted, on its way to transactions.
#[derive(Debug)]
pub struct EdgesImport {
    import: ImportSource,
    format: EdgesFormat,
    file: Arc<str>,
    delimiter: Option<char>,
    columns: Vec<Column>,
    forms: Vec<Option<FieldForm>>,
    text: String,
    rows: Vec<Row>,
    keys: Vec<Key>,
    numbers: HashMap<Key, u32, foldhash::fast::FixedState>,
    nodes: Vec<Option<NodeId>>,
    next: usize,
    /// The rows behind the last one of each transaction, up to the last row.
    ends: VecDeque<usize>,
    transactions: u64,
    ids: CommandIds,
    bad: BadLines,
}

impl EdgesImport {
    /// Reads an edge list from a file, gzip or plain; `-` is standard input.
    ///
    /// # Errors
    /// Any [`ImportError`]; a bad line is named with its column and what was expected.
    pub fn open(import: ImportSource, format: EdgesFormat, path: &Path) -> Result<Self, ImportError> {
        Self::read(import, format, Lines::open(path, LINE_BYTES_MAX)?)
    }

    /// Reads an edge list from its lines.
    ///
    /// # Errors
    /// Any [`ImportError`].
    pub fn read(import: ImportSource, format: EdgesFormat, mut lines: Lines) -> Result<Self, ImportError> {
        let options = format!("{:?}", (&format.columns, format.delimiter, format.header, format.time_unit_ns));
        let kinds = format!("{}\0{}", format.node_kind, format.edge_kind);
        let mut list = Self {
            ids: CommandIds::start(import.graph, "edges", &format!("{options}\0{kinds}")),
            bad: BadLines::allow(import.skip_bad),
            import,
            format,
            file: lines.file().clone(),
            delimiter: None,
            columns: Vec::new(),
            forms: Vec::new(),
            text: String::new(),
            rows: Vec::new(),
            keys: Vec::new(),
            numbers: HashMap::default(),
            nodes: Vec::new(),
            next: 0,
            ends: VecDeque::new(),
            transactions: 0,
        };
        loop {
            let read = lines.advance().and_then(|more| match more {
                true => list.take_line(&lines).map(|()| true),
                false => Ok(false),
            });
            match read {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => list.bad.skip(error)?,
            }
        }
        list.rows.sort_by_key(|row| row.time_ns);
        list.nodes = vec![None; list.keys.len()];
        list.ends = list.transaction_ends();
        list.transactions = list.ends.len() as u64;
        Ok(list)
    }

    /// Returns how many edges were read.
    pub const fn edge_count(&self) -> usize {
        self.rows.len()
    }

    /// Cuts the rows into transactions: a row is a command for its edge and one for each node on first sight.
    fn transaction_ends(&self) -> VecDeque<usize> {
        let mut seen = vec![false; self.keys.len()];
        let (mut ends, mut commands) = (VecDeque::new(), 0);
        for (index, row) in self.rows.iter().enumerate() {
            let is_new = |node: u32| !std::mem::replace(&mut seen[node as usize], true);
            let more = 1 + [row.source, row.target].map(is_new).into_iter().filter(|new| *new).count();
            if commands + more > TRANSACTION_COMMANDS {
                ends.push_back(index);
                commands = 0;
            }
            commands += more;
        }
        ends.extend((commands > 0).then_some(self.rows.len()));
        ends
    }

    fn take_line(&mut self, lines: &Lines) -> Result<(), ImportError> {
        let line = lines.text();
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', '%']) {
            return Ok(());
        }
        if self.columns.is_empty() && self.take_first_line(line, &lines.position())? {
            return Ok(());
        }
        self.take_edge(line, &lines.position())
    }

    /// Settles delimiter and columns by the first line; returns whether it is a header.
    fn take_first_line(&mut self, line: &str, position: &SourcePosition) -> Result<bool, ImportError> {
        self.delimiter = self.format.delimiter.filter(|delimiter| *delimiter != ' ').or_else(|| {
            ['\t', ','].into_iter().find(|delimiter| self.format.delimiter.is_none() && line.contains(*delimiter))
        });
        let names: Vec<Column> = split(line, self.delimiter).map(|(_, field)| Column::named(field)).collect();
        let header = self.format.header.unwrap_or(matches!(
            names.as_slice(),
            [Column::Source, Column::Target, ..] | [Column::Target, Column::Source, ..]
        ));
        let columns = match (&self.format.columns, header) {
            (Some(columns), _) => columns.iter().map(|name| Column::named(name)).collect(),
            (None, true) => names,
            (None, false) if names.len() == 2 => vec![Column::Source, Column::Target],
            (None, false) if names.len() == 3 => vec![Column::Source, Column::Target, Column::Time],
            (None, false) => {
                let expected = "2 columns (src dst) or 3 (src dst time), or names for them by --columns";
                return Err(ImportError::bad(position.clone(), expected, line));
            }
        };
        self.check_columns(&columns, position)?;
        self.forms = vec![None; columns.len()];
        self.columns = columns;
        Ok(header)
    }

    fn check_columns(&self, columns: &[Column], position: &SourcePosition) -> Result<(), ImportError> {
        for wanted in [Column::Source, Column::Target] {
            if !columns.contains(&wanted) {
                let expected = "columns src and dst";
                let found: Vec<String> = columns.iter().map(ToString::to_string).collect();
                return Err(ImportError::bad(position.clone(), expected, found.join(", ")));
            }
        }
        for (index, column) in columns.iter().enumerate() {
            if *column != Column::Skipped && columns[..index].contains(column) {
                let expected = "column names that do not stand twice";
                return Err(ImportError::bad(position.at(index as u64 + 1), expected, column.to_string()));
            }
        }
        Ok(())
    }

    fn take_edge(&mut self, line: &str, position: &SourcePosition) -> Result<(), ImportError> {
        let fields: Vec<(u64, &str)> = split(line, self.delimiter).collect();
        if fields.len() != self.columns.len() {
            let expected = format!("{} columns", self.columns.len());
            let at = fields.get(self.columns.len()).or(fields.last()).map_or(1, |(column, _)| *column);
            return Err(ImportError::bad(position.at(at), expected, line));
        }
        let (mut source, mut target, mut time_ns) = (None, None, self.import.clock_ns);
        for ((column, field), place) in self.columns.iter().zip(&fields).zip(0..) {
            let at = || position.at(field.0);
            let key = || read_key(field.1).ok_or_else(|| ImportError::bad(at(), "a node's key", field.1));
            match column {
                Column::Source => source = Some(key()?),
                Column::Target => target = Some(key()?),
                Column::Time => {
                    let expected = "a time of at least 0 and at most 2^63-1 nanoseconds, as a decimal number";
                    time_ns = read_time_ns(field.1, self.format.time_unit_ns)
                        .ok_or_else(|| ImportError::bad(at(), expected, field.1))?;
                    self.forms[place] = Some(FieldForm::widened(self.forms[place], field.1));
                }
                Column::Property(_) if field.1.is_empty() => {}
                Column::Property(_) => self.forms[place] = Some(FieldForm::widened(self.forms[place], field.1)),
                Column::Skipped => {}
            }
        }
        let source = self.number(source.expect("the columns were checked"));
        let target = self.number(target.expect("the columns were checked"));
        let line_number = u32::try_from(position.line)
            .map_err(|_| ImportError::bad(position.clone(), "at most 2^32 lines", "more"))?;
        let length = u32::try_from(line.len()).expect("lines are bounded");
        self.rows.push(Row { time_ns, start: self.text.len(), length, line: line_number, source, target });
        self.text.push_str(line);
        Ok(())
    }

    fn number(&mut self, key: Key) -> u32 {
        let next = u32::try_from(self.keys.len()).expect("at most two keys a line");
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }

    /// Returns the id of a node and, where it is seen for the first time, the command that adds it.
    fn node(&mut self, number: u32) -> (NodeId, Option<GraphCommand>) {
        let slot = &mut self.nodes[number as usize];
        if let Some(id) = slot {
            return (*id, None);
        }
        let key = self.keys[number as usize].clone();
        let node = NodeEntity::keyed(self.import.graph, self.format.node_kind.clone(), key);
        *slot = Some(node.id);
        (node.id, Some(GraphCommand::AddNode { node }))
    }

    fn properties(&self, line: &str) -> Properties {
        let time = Name::new_static("time");
        let mut properties = Properties::new();
        for ((column, form), (_, field)) in self.columns.iter().zip(&self.forms).zip(split(line, self.delimiter)) {
            let name = match column {
                Column::Time => time.clone(),
                Column::Property(name) => name.clone(),
                Column::Source | Column::Target | Column::Skipped => continue,
            };
            if !field.is_empty() {
                let form = form.unwrap_or(FieldForm::Text);
                properties.insert(name, form.read(field).unwrap_or_else(|| Value::text(field)));
            }
        }
        properties
    }
}

impl Iterator for EdgesImport {
    type Item = Result<Transaction, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.ends.pop_front()?;
        let last = self.rows[end - 1].time_ns;
        let (mut commands, mut positions, mut input) = (Vec::new(), Vec::new(), Vec::new());
        for index in self.next..end {
            let Row { start, length, line, source, target, .. } = self.rows[index];
            let range = start..start + length as usize;
            input.extend_from_slice(self.text[range.clone()].as_bytes());
            input.push(b'\n');
            let (source, add_source) = self.node(source);
            let (target, add_target) = self.node(target);
            let edge = EdgeEntity::new(source, self.format.edge_kind.clone(), target)
                .with_properties(self.properties(&self.text[range]));
            commands.extend(add_source.into_iter().chain(add_target));
            commands.push(GraphCommand::ConnectEdge { edge });
            positions.resize(commands.len(), SourcePosition::line(self.file.clone(), u64::from(line)));
        }
        self.next = end;
        assert!(commands.len() <= TRANSACTION_COMMANDS, "the rows were cut by their commands");
        let command = self.ids.next(&input);
        Some(Ok(Transaction {
            command,
            actor: self.import.actor.clone(),
            timestamp_ns: last,
            commands,
            positions,
            named: Vec::new(),
        }))
    }
}

impl Import for EdgesImport {
    fn bad_lines(&self) -> u64 {
        self.bad.count()
    }

    fn transaction_count(&self) -> Option<u64> {
        Some(self.transactions)
    }
}

/// Splits a line into fields, each with its column in characters from 1.
fn split(line: &str, delimiter: Option<char>) -> impl Iterator<Item = (u64, &str)> {
    let by_character = delimiter.map(|delimiter| line.split(delimiter).map(str::trim));
    let by_space = delimiter.is_none().then(|| line.split_whitespace());
    by_character.into_iter().flatten().chain(by_space.into_iter().flatten()).map(move |field| {
        let offset = field.as_ptr().addr() - line.as_ptr().addr();
        (line[..offset].chars().count() as u64 + 1, field)
    })
}
