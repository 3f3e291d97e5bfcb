//! Runs a query on a graph as it is now.

use super::arguments::Arguments;
use super::show::{print, print_plan};
use crate::failure::Failure;
use crate::session::Session;

/// Runs the subcommand.
///
/// # Errors
/// Where the graph or a node is not there, the condition cannot be read, or the graph's events do not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (graph, snapshot) = (arguments.graph.as_deref(), arguments.snapshot.as_deref());
    if arguments.explain {
        let model = match snapshot {
            Some(_) => session.read_model(graph, snapshot)?,
            None => session.read_indexed_graph(graph)?,
        };
        let query = arguments.query(&model)?;
        let plan = model.explain_run(&query).map_err(cidgraph::Error::from)?;
        return print_plan(session, &plan);
    }
    let model = session.read_model(graph, snapshot)?;
    let query = arguments.query(&model)?;
    let answer = model.query(&query).map_err(cidgraph::Error::from)?;
    print(session, &model, answer, arguments.limit)
}
