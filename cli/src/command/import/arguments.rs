//! The arguments of `cidgraph import`, and the importer that they ask for.

use std::path::PathBuf;

use cidgraph::Name;
use cidgraph::checkpoint::CheckpointPolicy;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::import::csv::{CsvFormat, CsvImport};
use crate::import::edges::{EdgesFormat, EdgesImport};
use crate::import::field::TIME_NS_MAX;
use crate::import::git::{GitFormat, GitImport};
use crate::import::jsonl::JsonlImport;
use crate::import::{Import, ImportError, ImportSource};
use crate::session::{CHECKPOINT_EVENTS, checkpoint_policy, graph_id};
use crate::store::Fsync;

/// Read a repository, a list of edges, tables, commands or a log of events into a graph
///
/// Ids, actor and clock come from the input: the same input gives the same head CID in every store.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph import git . --graph history\n  \
    cidgraph import edges CollegeMsg.txt.gz --graph messages\n  \
    cidgraph import csv --nodes person_0_0.csv --edges person_knows_person_0_0.csv --graph social\n  \
    cidgraph import jsonl commands.jsonl --graph g --resume")]
pub struct Arguments {
    /// The kind of input
    #[command(subcommand)]
    pub input: Input,
}

/// What every import of commands takes.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The graph's name or id; it is created where it is not there
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: String,
    /// Go on where an interrupted import of the same input stopped
    #[arg(long)]
    pub resume: bool,
    /// Leave out up to so many bad lines, and as many refused commands, and count them
    #[arg(long, value_name = "COUNT", default_value_t = 0, allow_negative_numbers = true)]
    pub skip_bad: u64,
    /// Who asks, where the input does not say it
    #[arg(long, value_name = "NAME", default_value = "import")]
    pub actor: String,
    /// The clock of an input without times, nanoseconds since 1970
    #[arg(
        long,
        value_name = "NS",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(..=TIME_NS_MAX)
    )]
    pub clock: u64,
    /// When the embedded store brings what was written to the disk; servers have a setting of their own
    #[arg(long, value_enum, value_name = "WHEN", default_value = "always")]
    pub fsync: Fsync,
    /// Commit to the state, for later proofs, after so many events, whatever that costs; 0 for never. Without it after
    /// 1000 events, in a graph of millions of elements later
    #[arg(long, value_name = "EVENTS")]
    pub checkpoint_every: Option<u64>,
}

impl Target {
    /// Returns after how much the import commits to the state; `None` for never.
    pub fn checkpoints(&self) -> Option<CheckpointPolicy> {
        checkpoint_policy(self.checkpoint_every.unwrap_or(CHECKPOINT_EVENTS), self.checkpoint_every.is_none())
    }

    /// Returns what importers are told.
    pub fn source(&self) -> ImportSource {
        ImportSource {
            graph: graph_id(&self.graph),
            actor: Name::new(&self.actor),
            clock_ns: self.clock,
            skip_bad: self.skip_bad,
        }
    }
}

/// The unit of a time column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl TimeUnit {
    const fn nanoseconds(self) -> u64 {
        match self {
            Self::S => 1_000_000_000,
            Self::Ms => 1_000_000,
            Self::Us => 1_000,
            Self::Ns => 1,
        }
    }
}

/// The kinds of input.
#[derive(Debug, Subcommand)]
pub enum Input {
    /// The first-parent line of a git repository, one transaction a commit
    Git {
        /// The repository, bare or with a work tree
        path: PathBuf,
        /// The branch, tag or full commit id; without it what HEAD names
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// Keep e-mail addresses instead of their SHA-256
        #[arg(long)]
        keep_emails: bool,
        /// Import a shallow clone as far as it goes
        #[arg(long)]
        shallow: bool,
        /// What every import takes.
        #[command(flatten)]
        target: Target,
    },
    /// A temporal edge list in the manner of SNAP: one edge a line, nodes on first sight, in time order
    Edges {
        /// The file, gzip or plain; - is standard input
        file: PathBuf,
        /// The columns: src, dst, time, - for one to leave out, others become properties
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        columns: Option<Vec<String>>,
        /// What stands between columns; a space is any white space
        #[arg(long, value_name = "CHARACTER", value_parser = character)]
        delimiter: Option<char>,
        /// The first line names the columns
        #[arg(long, conflicts_with = "no_header")]
        header: bool,
        /// The first line is an edge
        #[arg(long)]
        no_header: bool,
        /// The unit of the time column
        #[arg(long, value_enum, value_name = "UNIT", default_value = "s")]
        time_unit: TimeUnit,
        /// The kind of every node
        #[arg(long, value_name = "KIND", default_value = "node")]
        node_kind: String,
        /// The kind of every edge
        #[arg(long, value_name = "KIND", default_value = "edge")]
        edge_kind: String,
        /// What every import takes.
        #[command(flatten)]
        target: Target,
    },
    /// Tables of nodes and edges, with typed headers or plain ones (LDBC SNB's files as they are)
    #[command(group(ArgGroup::new("files").args(["nodes", "edges"]).required(true).multiple(true)))]
    Csv {
        /// Files of nodes and of their multi-valued properties
        #[arg(long, value_name = "FILE", num_args = 1..)]
        nodes: Vec<PathBuf>,
        /// Files of edges
        #[arg(long, value_name = "FILE", num_args = 1..)]
        edges: Vec<PathBuf>,
        /// What stands between fields; without it the first of | tab , ; in the first line
        #[arg(long, value_name = "CHARACTER", value_parser = ascii)]
        delimiter: Option<u8>,
        /// Fields may be in double quotes; without it, except where the delimiter is |
        #[arg(long, value_name = "BOOL")]
        quoted: Option<bool>,
        /// A plain column to split at ; into a list, as Person.email; may be given several times
        #[arg(long, value_name = "COLUMN")]
        list: Vec<String>,
        /// What every import takes.
        #[command(flatten)]
        target: Target,
    },
    /// Commands, one JSON object a line
    Jsonl {
        /// The file, gzip or plain; - is standard input
        file: PathBuf,
        /// What every import takes.
        #[command(flatten)]
        target: Target,
    },
    /// A verified log of events, byte for byte
    ///
    /// The file is verified whole before anything is written. Events that the store has already are passed over, so an
    /// interrupted import is simply run again.
    Car {
        /// The file; gzip or plain
        file: PathBuf,
        /// When the embedded store brings what was written to the disk; servers have a setting of their own
        #[arg(long, value_enum, value_name = "WHEN", default_value = "always")]
        fsync: Fsync,
    },
}

/// An input that is open, with what was said about where it goes.
pub struct Opened<'a> {
    /// The transactions.
    pub import: Box<dyn Import + Send>,
    /// Where they go.
    pub target: &'a Target,
}

impl std::fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("target", self.target).finish_non_exhaustive()
    }
}

fn character(text: &str) -> Result<char, String> {
    match text {
        "\\t" | "tab" => Ok('\t'),
        _ => text.parse().map_err(|_| "expected one character, or tab".to_owned()),
    }
}

fn ascii(text: &str) -> Result<u8, String> {
    match text {
        "\\t" | "tab" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() => Ok(*byte),
            _ => Err("expected one ASCII character, or tab".to_owned()),
        },
    }
}

impl Input {
    /// Opens the importer; `None` for a log of events, which is no commands.
    ///
    /// # Errors
    /// Any [`ImportError`].
    pub fn open(&self) -> Result<Option<Opened<'_>>, ImportError> {
        match self {
            Self::Git { path, branch, keep_emails, shallow, target } => {
                let format = GitFormat { branch: branch.clone(), keep_emails: *keep_emails, shallow: *shallow };
                Ok(Some(Opened { import: Box::new(GitImport::open(target.source(), format, path)?), target }))
            }
            Self::Edges { file, columns, delimiter, header, no_header, time_unit, node_kind, edge_kind, target } => {
                let format = EdgesFormat {
                    columns: columns.clone(),
                    delimiter: *delimiter,
                    header: (*header || *no_header).then_some(*header),
                    time_unit_ns: time_unit.nanoseconds(),
                    node_kind: Name::new(node_kind),
                    edge_kind: Name::new(edge_kind),
                };
                Ok(Some(Opened { import: Box::new(EdgesImport::open(target.source(), format, file)?), target }))
            }
            Self::Csv { nodes, edges, delimiter, quoted, list, target } => {
                let format = CsvFormat {
                    nodes: nodes.clone(),
                    edges: edges.clone(),
                    delimiter: *delimiter,
                    quoted: *quoted,
                    lists: list.clone(),
                };
                Ok(Some(Opened { import: Box::new(CsvImport::open(target.source(), &format)?), target }))
            }
            Self::Jsonl { file, target } => {
                Ok(Some(Opened { import: Box::new(JsonlImport::open(target.source(), file)?), target }))
            }
            Self::Car { .. } => Ok(None),
        }
    }
}
