//! Records as commands.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cidgraph::{GraphCommand, Name, NodeId, NodeUpdate, Properties, Value};

use super::header::{Column, FileRole, Header};
use super::reader::{Dialect, Records};
use super::row::read_row;
use crate::import::field::FieldForm;
use crate::import::{
    BadLines, CommandIds, Import, ImportError, ImportSource, NamedNode, SourcePosition, TRANSACTION_COMMANDS,
    Transaction,
};

/// Which CSV files are imported, and how they are written.
#[derive(Debug, Clone, Default)]
pub struct CsvFormat {
    /// Files of nodes, and of multi-valued properties of nodes.
    pub nodes: Vec<PathBuf>,
    /// Files of edges.
    pub edges: Vec<PathBuf>,
    /// What stands between fields; without it `|`, tab, comma or semicolon, the first of them in the first line.
    pub delimiter: Option<u8>,
    /// Whether fields may be quoted; without it, where the delimiter is not `|`.
    pub quoted: Option<bool>,
    /// Plain columns to be split at `;` into lists, `column` or `Kind.column`.
    pub lists: Vec<String>,
}

/// A file whose header is understood.
#[derive(Debug, Clone)]
struct Table {
    path: PathBuf,
    header: Header,
}

/// CSV files on their way to transactions.
#[derive(Debug)]
pub struct CsvImport {
    import: ImportSource,
    dialect: Dialect,
    tables: Vec<Table>,
    next: usize,
    records: Option<Records>,
    lists: Option<std::vec::IntoIter<(NodeUpdate, SourcePosition)>>,
    ids: CommandIds,
    bad: BadLines,
    done: bool,
    /// How the rows of the transaction that is being read name their nodes.
    named: Vec<NamedNode>,
}

impl CsvImport {
    /// Reads the headers of all files and, for plain columns, finds out their forms by reading the files once.
    ///
    /// # Errors
    /// Any [`ImportError`].
    pub fn open(import: ImportSource, format: &CsvFormat) -> Result<Self, ImportError> {
        let dialect = Dialect { delimiter: format.delimiter, quoted: format.quoted };
        let mut tables = Vec::new();
        for path in &format.nodes {
            tables.push(open_table(path, dialect, &format.lists, false)?);
        }
        for path in &format.edges {
            tables.push(open_table(path, dialect, &format.lists, true)?);
        }
        settle_kinds(&mut tables)?;
        tables.sort_by_key(|table| match table.header.role {
            FileRole::Nodes => 0,
            FileRole::Lists(_) => 1,
            FileRole::Edges => 2,
        });
        tables.iter_mut().try_for_each(|table| find_forms(table, dialect))?;
        let ids = CommandIds::start(import.graph, "csv", &options(&tables));
        let bad = BadLines::allow(import.skip_bad);
        Ok(Self {
            import,
            dialect,
            tables,
            next: 0,
            records: None,
            lists: None,
            ids,
            bad,
            done: false,
            named: Vec::new(),
        })
    }

    fn read_transaction(&mut self) -> Result<Option<Transaction>, ImportError> {
        let (mut commands, mut positions, mut input) = (Vec::new(), Vec::new(), Vec::new());
        while commands.len() < TRANSACTION_COMMANDS {
            let Some((command, position)) = self.read_command(&mut input)? else { break };
            commands.push(command);
            positions.push(position);
        }
        if commands.is_empty() {
            return Ok(None);
        }
        let command = self.ids.next(&input);
        let (actor, timestamp_ns) = (self.import.actor.clone(), self.import.clock_ns);
        Ok(Some(Transaction {
            command,
            actor,
            timestamp_ns,
            commands,
            positions,
            named: std::mem::take(&mut self.named),
        }))
    }

    /// Reads on to the next command, over bad lines and the ends of files.
    fn read_command(&mut self, input: &mut Vec<u8>) -> Result<Option<(GraphCommand, SourcePosition)>, ImportError> {
        loop {
            if let Some((update, position)) = self.lists.as_mut().and_then(Iterator::next) {
                input.extend_from_slice(update.node.as_bytes());
                input.extend_from_slice(format!("{:?}\n", update.set).as_bytes());
                return Ok(Some((GraphCommand::UpdateNode { update }, position)));
            }
            let Some(records) = &mut self.records else {
                if self.next == self.tables.len() {
                    return Ok(None);
                }
                self.open_next()?;
                continue;
            };
            let table = &self.tables[self.next - 1];
            let read = records.advance().and_then(|more| match more {
                true => read_row(self.import.graph, &table.header, records, &mut self.named).map(Some),
                false => Ok(None),
            });
            match read {
                Ok(Some(command)) => {
                    input.extend_from_slice(records.bytes());
                    input.push(b'\n');
                    return Ok(Some((command, records.position())));
                }
                Ok(None) => self.records = None,
                Err(error) => self.bad.skip(error)?,
            }
        }
    }

    fn open_next(&mut self) -> Result<(), ImportError> {
        let table = &self.tables[self.next];
        self.next += 1;
        let mut records = Records::open(&table.path, self.dialect)?;
        records.advance()?;
        if let FileRole::Lists(kind) = table.header.role.clone() {
            self.lists = Some(read_lists(&self.import, &kind, &table.header, records, &mut self.bad)?.into_iter());
            return Ok(());
        }
        self.records = Some(records);
        Ok(())
    }
}

fn open_table(path: &Path, dialect: Dialect, lists: &[String], edges: bool) -> Result<Table, ImportError> {
    let mut records = Records::open(path, dialect)?;
    let file = path.to_string_lossy();
    if !records.advance()? {
        return Err(ImportError::bad(SourcePosition::line(file.into(), 1), "a header", ""));
    }
    let fields: Vec<String> = (0..records.len()).map(|column| records.field(column).trim().to_owned()).collect();
    let header = Header::read(&fields, &records.position(), path, lists)?;
    let expected = match (&header.role, edges) {
        (FileRole::Nodes | FileRole::Lists(_), true) => "two ends (edges come by --edges, nodes by --nodes)",
        (FileRole::Edges, false) => "an id (nodes come by --nodes, edges by --edges)",
        (FileRole::Nodes | FileRole::Lists(_), false) | (FileRole::Edges, true) => {
            return Ok(Table { path: path.to_owned(), header });
        }
    };
    Err(ImportError::bad(records.position(), expected, fields.join(", ")))
}

/// Spells the kinds of node files as the ends of edge files do, and gives ends without a kind the only one there is.
fn settle_kinds(tables: &mut [Table]) -> Result<(), ImportError> {
    let spelled: Vec<Name> = tables.iter().flat_map(|table| table.header.named_kinds()).collect();
    for table in tables.iter_mut().filter(|table| table.header.role == FileRole::Nodes) {
        if let Some(name) = spelled.iter().find(|name| name.eq_ignore_ascii_case(&table.header.kind)) {
            table.header.kind = name.clone();
        }
    }
    let mut kinds: Vec<Name> = tables
        .iter()
        .filter(|table| table.header.role == FileRole::Nodes)
        .map(|table| table.header.kind.clone())
        .collect();
    kinds.dedup();
    for table in tables.iter_mut().filter(|table| table.header.role == FileRole::Edges) {
        let labelled = |wanted: &Column| table.header.columns.contains(wanted);
        let (start, end) = (labelled(&Column::StartLabel), labelled(&Column::EndLabel));
        for column in &mut table.header.columns {
            let missing = match column {
                Column::StartId(kind @ None) if !start => kind,
                Column::EndId(kind @ None) if !end => kind,
                Column::StartId(_) | Column::EndId(_) => continue,
                Column::Id(_)
                | Column::Uuid
                | Column::Label
                | Column::StartLabel
                | Column::EndLabel
                | Column::Type
                | Column::EdgeUuid
                | Column::Ignored
                | Column::Component(_)
                | Column::Property { .. } => continue,
            };
            let [only] = kinds.as_slice() else {
                let position = SourcePosition::line(table.path.to_string_lossy().into(), 1);
                let expected = "the kind of each end, as in :START_ID(Person)";
                return Err(ImportError::bad(position, expected, "ends without one and several kinds of nodes"));
            };
            *missing = Some(only.clone());
        }
    }
    Ok(())
}

/// Reads the file once where the form of a column is not declared: the narrowest of integer, float and text.
fn find_forms(table: &mut Table, dialect: Dialect) -> Result<(), ImportError> {
    let open = |column: &Column| matches!(column, Column::Property { form: None, .. });
    if !table.header.columns.iter().any(open) {
        return Ok(());
    }
    let mut found: Vec<Option<FieldForm>> = vec![None; table.header.columns.len()];
    let mut records = Records::open(&table.path, dialect)?;
    records.advance()?;
    loop {
        match records.advance() {
            Ok(true) if records.len() == found.len() => {
                for (column, form) in found.iter_mut().enumerate() {
                    let field = records.field(column);
                    if !field.is_empty() && open(&table.header.columns[column]) {
                        *form = Some(FieldForm::widened(*form, field));
                    }
                }
            }
            Ok(false) => break,
            Ok(true) | Err(ImportError::BadLine { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    for (column, form) in table.header.columns.iter_mut().zip(found) {
        if let Column::Property { form: declared @ None, .. } = column {
            *declared = Some(form.unwrap_or(FieldForm::Text));
        }
    }
    Ok(())
}

fn options(tables: &[Table]) -> String {
    tables.iter().map(|table| format!("{:?}\n", table.header)).collect()
}

/// Reads a file of multi-valued properties: one update a node, in the order of first sight.
fn read_lists(
    import: &ImportSource,
    kind: &Name,
    header: &Header,
    mut records: Records,
    bad: &mut BadLines,
) -> Result<Vec<(NodeUpdate, SourcePosition)>, ImportError> {
    let mut updates: Vec<(NodeUpdate, SourcePosition)> = Vec::new();
    let mut places: HashMap<NodeId, usize> = HashMap::new();
    loop {
        let read = records.advance().and_then(|more| match more {
            true => {
                read_row(import.graph, &Header { role: FileRole::Nodes, ..header.clone() }, &records, &mut Vec::new())
                    .map(Some)
            }
            false => Ok(None),
        });
        let node = match read {
            Ok(Some(GraphCommand::AddNode { node })) => node,
            Ok(_) => return Ok(updates),
            Err(error) => {
                bad.skip(error)?;
                continue;
            }
        };
        let at = *places.entry(node.id).or_insert_with(|| {
            let update =
                NodeUpdate { node: node.id, component_type: kind.clone(), set: Properties::new(), unset: Vec::new() };
            updates.push((update, records.position()));
            updates.len() - 1
        });
        for (name, value) in node.components.iter().flat_map(|component| component.properties.iter()) {
            let mut list = match updates[at].0.set.remove(name) {
                Some(Value::List(list)) => list,
                _ => Vec::new(),
            };
            list.push(value.clone());
            updates[at].0.set.insert(name.clone(), Value::List(list));
        }
    }
}

impl Iterator for CsvImport {
    type Item = Result<Transaction, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read_transaction().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl Import for CsvImport {
    fn bad_lines(&self) -> u64 {
        self.bad.count()
    }

    fn transaction_count(&self) -> Option<u64> {
        None
    }
}
