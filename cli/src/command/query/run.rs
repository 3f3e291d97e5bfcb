//! Runs a query on a graph as it is now, or as it was.

use cidgraph::Answer;
use cidgraph::history::During;
use cidgraph::read_model::NodePage;

use super::super::moment::{history, moment, read_graph};
use super::arguments::{Arguments, Asked};
use super::show::{print, print_plan};
use crate::failure::Failure;
use crate::session::Session;

/// Runs the subcommand.
///
/// # Errors
/// Where options contradict each other, the graph, a moment or a node is not there, the condition cannot be read, or the
/// graph's events do not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    arguments.check()?;
    let (graph, snapshot) = (arguments.graph.as_deref(), arguments.snapshot.as_deref());
    if let Asked::Nodes { when, count, .. } = &arguments.asked
        && let Some(span) = when.span()
    {
        return during(session, arguments, span, *count);
    }
    let at = arguments.at.as_deref();
    if arguments.explain {
        let model = match (snapshot, at) {
            (Some(_), _) => session.read_model(graph, snapshot)?,
            (None, Some(_)) => read_graph(session, graph, at)?.1,
            (None, None) => session.read_indexed_graph(graph)?,
        };
        let query = arguments.query(&model)?;
        let plan = model.explain_run(&query).map_err(cidgraph::Error::from)?;
        return print_plan(session, &plan);
    }
    let model = match snapshot {
        Some(_) => session.read_model(graph, snapshot)?,
        None => read_graph(session, graph, at)?.1,
    };
    let query = arguments.query(&model)?;
    let answer = model.query(&query).map_err(cidgraph::Error::from)?;
    print(session, &model, answer, arguments.limit)
}

/// Answers which nodes met a criterion during a stretch of time.
fn during(
    session: &mut Session,
    arguments: &Arguments,
    (during, from, to): (During, &str, &str),
    count: bool,
) -> Result<(), Failure> {
    let (_, history) = history(session, arguments.graph.as_deref())?;
    let (from, to) = (moment(session, &history, from)?, moment(session, &history, to)?);
    let last = session.wait(history.at(to))?;
    let criterion = arguments.criterion(&last)?;
    let mut nodes = session.wait(history.nodes_during(&criterion, during, from, to))?;
    let answer = if count {
        Answer::Count(nodes.len())
    } else {
        let total = nodes.len();
        nodes.truncate(arguments.limit.unwrap_or(usize::MAX));
        Answer::Nodes(NodePage { total, nodes })
    };
    print(session, &last, answer, arguments.limit)
}
