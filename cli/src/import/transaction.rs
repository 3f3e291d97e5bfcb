//! What an importer yields: transactions whose ids, actor and clock come from the input.

use cidgraph::{CommandContext, CommandId, GraphCommand, GraphId, GraphMetadata, Key, Name, NodeId, Rejected};

use super::error::{ImportError, SourcePosition};

/// Commands of one transaction of an import without transactions of its own, each an event: so many every store takes at
/// once, and the transactions of an input are the same in all of them.
pub const TRANSACTION_COMMANDS: usize = 1000;

/// Commands that are to be applied whole or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// The command id, derived from the input.
    pub command: CommandId,
    /// Who asks.
    pub actor: Name,
    /// The clock, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// The commands: never empty.
    pub commands: Vec<GraphCommand>,
    /// Where each command stands in the input.
    pub positions: Vec<SourcePosition>,
    /// How the input names nodes and the ends of edges, where the importer keeps it.
    pub named: Vec<NamedNode>,
}

/// A node as an input names it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedNode {
    /// The node.
    pub node: NodeId,
    /// Where it is named.
    pub position: SourcePosition,
    /// The kind that it is named by.
    pub kind: Name,
    /// The key that it is named by.
    pub key: Key,
}

impl Transaction {
    /// Makes the transaction that brings an import's graph into being; it needs no input but the graph's name.
    pub fn create_graph(graph: GraphId, name: &str, actor: &Name, timestamp_ns: u64) -> Self {
        Self {
            command: CommandId::derive(graph.as_bytes(), b"cidgraph:import:create"),
            actor: actor.clone(),
            timestamp_ns,
            commands: vec![GraphCommand::CreateGraph { metadata: GraphMetadata::named(name) }],
            positions: vec![SourcePosition { file: name.into(), line: 0, column: 0 }],
            named: Vec::new(),
        }
    }

    /// Says why a command was refused, with its place: nodes in the input's own words where they are known.
    pub fn refusal(&self, index: usize, rejection: &Rejected) -> (SourcePosition, String) {
        let (position, reason) = (self.positions[index].clone(), rejection.to_string());
        let (Rejected::UnknownEndpoint { node, .. }
        | Rejected::UnknownNode { node }
        | Rejected::DuplicateNode { node }) = rejection
        else {
            return (position, reason);
        };
        let named = self
            .named
            .iter()
            .find(|end| end.node == *node && end.position.line == position.line && end.position.file == position.file);
        match named {
            Some(end) => {
                (end.position.clone(), reason.replace(&node.to_string(), &format!("{} {}", end.kind, end.key)))
            }
            None => (position, reason),
        }
    }

    /// Returns the context that the commands are submitted with.
    pub fn context(&self) -> CommandContext {
        CommandContext::new(self.command, self.actor.clone())
    }
}

/// A stream of transactions.
pub trait Import: Iterator<Item = Result<Transaction, ImportError>> {
    /// Returns how many bad lines were left out so far.
    fn bad_lines(&self) -> u64;

    /// Returns how many transactions there will be, where that is known.
    fn transaction_count(&self) -> Option<u64>;
}

/// What every importer is told.
#[derive(Debug, Clone)]
pub struct ImportSource {
    /// The graph to import into.
    pub graph: GraphId,
    /// Who asks, where the input does not say it.
    pub actor: Name,
    /// The clock of an input that has no times, nanoseconds since the Unix epoch.
    pub clock_ns: u64,
    /// Bad lines that may be left out.
    pub skip_bad: u64,
}

impl ImportSource {
    /// Makes the source of a graph with actor `import`, clock 0 and no bad lines.
    pub fn new(graph: GraphId) -> Self {
        Self { graph, actor: Name::new_static("import"), clock_ns: 0, skip_bad: 0 }
    }
}

/// Command ids as a chain over the input: each is derived (UUIDv5) from the one before and the bytes that the
/// transaction was made of, so the same input gives the same ids and a change of any line gives others from there on.
#[derive(Debug, Clone)]
pub struct CommandIds {
    last: CommandId,
}

impl CommandIds {
    /// Starts the chain of an import of `format` into `graph`; `options` are those that change what is made of a line.
    pub fn start(graph: GraphId, format: &str, options: &str) -> Self {
        Self { last: CommandId::derive(graph.as_bytes(), format!("cidgraph:import:{format}\0{options}").as_bytes()) }
    }

    /// Returns the id of the transaction that was made of `input`.
    pub fn next(&mut self, input: &[u8]) -> CommandId {
        self.last = CommandId::derive(self.last.as_bytes(), input);
        self.last
    }
}

/// Counts bad lines against what is allowed.
#[derive(Debug, Clone, Default)]
pub struct BadLines {
    allowed: u64,
    count: u64,
}

impl BadLines {
    /// Allows `allowed` bad lines.
    pub const fn allow(allowed: u64) -> Self {
        Self { allowed, count: 0 }
    }

    /// Returns how many there were.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Leaves a bad line out.
    ///
    /// # Errors
    /// The error itself where it is not about one line or none may be bad; [`ImportError::TooManyBadLines`] past the
    /// limit.
    pub fn skip(&mut self, error: ImportError) -> Result<(), ImportError> {
        let ImportError::BadLine { position, expected, found } = error else { return Err(error) };
        self.count += 1;
        match (self.allowed, self.count) {
            (0, _) => Err(ImportError::BadLine { position, expected, found }),
            (allowed, count) if count > allowed => {
                Err(ImportError::TooManyBadLines { position, expected, found, count, allowed })
            }
            _ => Ok(()),
        }
    }
}
