//! Runs `apply`: one transaction of commands from arguments, or commands from standard input as they come.

use std::io::{self, BufReader};

use cidgraph::{CommandContext, CommandId, EdgeId, Engine, GraphCommand, GraphId, Receipt, Submission, WriteError};
use serde_json::{Value as Json, json};

use super::arguments::{Arguments, Asked};
use crate::command::node::{find_node, reference};
use crate::failure::Failure;
use crate::import::jsonl::{JSON_LINE_BYTES_MAX, read_command};
use crate::import::{Lines, SourcePosition};
use crate::json::JsonLine;
use crate::session::{Session, checkpoint_policy, checkpointing, graph_id};
use crate::store::Snapshots;

/// Runs the subcommand.
///
/// # Errors
/// Where a command cannot be read, a rule of the graph forbids it, or the store fails; what got a receipt is kept.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    session.output.outlive_reader();
    let commands = match &arguments.command {
        Some(asked) => {
            let graph = arguments.graph.as_deref().unwrap_or_default();
            Some(with_ids(session, arguments, asked)?.forms(graph)?)
        }
        None => None,
    };
    let store = session.open_to_write(arguments.fsync)?;
    let graph = match &arguments.graph {
        Some(name) => graph_id(name),
        None if matches!(arguments.command, Some(Asked::Create { .. })) => {
            return Err(Failure::usage("a graph is created under its name: give --graph"));
        }
        None => session.graph(&*store, None)?.0,
    };
    let checkpoints = checkpointing(checkpoint_policy(arguments.checkpoint_every, false));
    let engine = session.options.store.engine(store, Snapshots::Take);
    let engine = engine.actor(arguments.actor.as_str()).checkpoints(checkpoints).build();
    let mut applying = Applying { session, arguments, engine, graph, expected: arguments.expected };
    let outcome = match commands {
        Some(forms) => applying.asked(forms),
        None if arguments.atomic => applying.all_lines(),
        None => applying.each_line(),
    };
    let engine = applying.engine;
    session.wait(engine.close());
    outcome
}

/// Puts ids in the place of keys without a kind; only for them the graph is read.
fn with_ids(session: &Session, arguments: &Arguments, asked: &Asked) -> Result<Asked, Failure> {
    let mut asked = asked.clone();
    let mut bare: Vec<&mut String> = asked.nodes_mut().into_iter().filter(|text| reference(text).is_err()).collect();
    if !bare.is_empty() {
        let (_, model) = session.read_graph(arguments.graph.as_deref())?;
        for text in &mut bare {
            **text = find_node(&model, text)?.id.to_string();
        }
    }
    Ok(asked)
}

/// Commands on their way into a graph.
struct Applying<'a> {
    session: &'a mut Session,
    arguments: &'a Arguments,
    engine: Engine,
    graph: GraphId,
    expected: Option<u64>,
}

impl Applying<'_> {
    fn asked(&mut self, forms: Vec<crate::json::CommandForm>) -> Result<(), Failure> {
        let mut commands = Vec::new();
        for form in forms {
            match form.into_line(self.graph) {
                Ok(JsonLine::Command(command)) => commands.push(command),
                Ok(JsonLine::Transaction(_)) => unreachable!("no argument says a transaction"),
                Err(error) => return Err(Failure::usage(error.to_string())),
            }
        }
        self.submit(commands, None)
    }

    fn each_line(&mut self) -> Result<(), Failure> {
        let mut lines = input();
        while let Some((command, position)) = self.next(&mut lines)? {
            self.submit(vec![command], Some(&[position]))?;
            self.session.output.finish()?;
        }
        Ok(())
    }

    fn all_lines(&mut self) -> Result<(), Failure> {
        let mut lines = input();
        let (mut commands, mut positions) = (Vec::new(), Vec::new());
        while let Some((command, position)) = self.next(&mut lines)? {
            commands.push(command);
            positions.push(position);
        }
        match commands.is_empty() {
            true => Err(Failure::usage("expected a command on standard input, found nothing")),
            false => self.submit(commands, Some(&positions)),
        }
    }

    fn next(&self, lines: &mut Lines) -> Result<Option<(GraphCommand, SourcePosition)>, Failure> {
        match read_command(self.graph, lines)? {
            None => Ok(None),
            Some(JsonLine::Command(command)) => Ok(Some((command, lines.position()))),
            Some(JsonLine::Transaction(_)) => Err(Failure::usage(format!(
                "{}: expected a command, found a transaction: give --atomic, or use `import jsonl`",
                lines.position()
            ))),
        }
    }

    fn context(&self) -> CommandContext {
        let fresh = self.engine.context();
        match self.arguments.command_id {
            Some(id) => CommandContext::new(id, fresh.actor),
            None => fresh,
        }
    }

    fn submit(&mut self, commands: Vec<GraphCommand>, positions: Option<&[SourcePosition]>) -> Result<(), Failure> {
        let made = match commands.as_slice() {
            [only] => Made::of(only),
            _ => Made::Other,
        };
        let context = self.context();
        let id = context.id;
        let submission = Submission { context, commands, expected: self.expected };
        let receipt = match self.session.wait(self.engine.submit(self.graph, submission)) {
            Ok(receipt) => receipt,
            Err(cidgraph::Error::Write(WriteError::Rejected { index, rejection })) => {
                return Err(match positions {
                    Some(positions) => {
                        Failure::Refused { position: positions[index].clone(), reason: rejection.to_string() }
                    }
                    None => Failure::usage(rejection.to_string()),
                });
            }
            Err(other) => return Err(other.into()),
        };
        self.expected = self.expected.map(|_| receipt.head.version);
        self.print(id, &receipt, &made)
    }

    fn print(&mut self, id: CommandId, receipt: &Receipt, made: &Made) -> Result<(), Failure> {
        let output = &mut self.session.output;
        if output.json {
            let mut object = json!({
                "head": { "version": receipt.head.version, "cid": receipt.head.cid.to_string() },
                "first_version": receipt.first_version,
                "events": receipt.events,
                "durability": receipt.durability.to_string(),
                "repeated": receipt.repeated,
                "command": id.to_string(),
            });
            if let Some((name, id)) = made.named(receipt) {
                object[name] = Json::String(id);
            }
            return Ok(output.object(&object)?);
        }
        let what = made.named(receipt).map(|(name, id)| format!(", {name} {id}")).unwrap_or_default();
        let again = if receipt.repeated { ", applied before" } else { "" };
        let (version, cid, durability) = (receipt.head.version, receipt.head.cid, receipt.durability);
        Ok(output.line(format_args!("version {version}, {cid}, {durability}{what}{again}"))?)
    }
}

/// What a single command made, for its receipt.
enum Made {
    Node(cidgraph::NodeId),
    /// An edge, with the caller's id where there was one.
    Edge(Option<EdgeId>),
    Other,
}

impl Made {
    fn of(command: &GraphCommand) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "what is not named makes no single node or edge")]
        match command {
            GraphCommand::AddNode { node } => Self::Node(node.id),
            GraphCommand::ConnectEdge { edge } => Self::Edge(edge.id),
            _ => Self::Other,
        }
    }

    fn named(&self, receipt: &Receipt) -> Option<(&'static str, String)> {
        match self {
            // The id was applied before: what it made then need not be what this command says.
            _ if receipt.repeated => None,
            Self::Node(node) => Some(("node", node.to_string())),
            Self::Edge(edge) => {
                let made = || EdgeId::engine_made(receipt.first_version, 0);
                Some(("edge", edge.unwrap_or_else(made).to_string()))
            }
            Self::Other => None,
        }
    }
}

fn input() -> Lines {
    Lines::new(Box::new(BufReader::new(io::stdin())), "-", JSON_LINE_BYTES_MAX)
}
