//! `cidgraph bisect`: where two stores part.

use std::sync::Arc;

use cidgraph::history::{Parting, bisect};
use cidgraph::{Cid, EventStore, GraphHistory, GraphId, GraphReplayService};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;
use crate::store::StoreOptions;

/// Find the first event of a graph at which two stores part
///
/// A binary search over the CIDs of the chains; where both have the same chain, over the state hashes. A store is a
/// folder of the embedded store, or the address of a server as nats://127.0.0.1:4222, for which --config and --stream
/// hold too. Exit code 1 where they part, 0 where they are the same.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph bisect .cidgraph backup --graph g\n  \
    cidgraph bisect .cidgraph nats://127.0.0.1:4222 --graph g --json")]
pub struct Arguments {
    /// A store
    #[arg(value_name = "STORE")]
    pub first: String,
    /// The store that it is compared with
    #[arg(value_name = "OTHER")]
    pub second: String,
    /// The graph's name or id; may be left out where the first store has one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
}

/// Runs the subcommand.
///
/// # Errors
/// Where a store or the graph in it is not there, cannot be read, or does not hold; [`Failure::Parted`] where they part.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let first = Side::open(session, &arguments.first)?;
    let second = Side::open(session, &arguments.second)?;
    let graph = first.graph(session, arguments.graph.as_deref())?;
    second.graph(session, Some(&graph.to_string()))?;
    let parting = session.wait(bisect(&first.history(graph), &second.history(graph)))?;
    let shown = |cid: Option<Cid>| cid.map(|cid| cid.to_string());
    let (what, version, sides) = match parting {
        None => ("nothing", None, [None, None]),
        Some(Parting::Chains { version, first, second }) => ("chain", Some(version), [shown(first), shown(second)]),
        Some(Parting::States { version, first, second, .. }) => {
            ("state", Some(version), [first, second].map(|hash| Some(super::stats::hex(&hash))))
        }
    };
    if session.output.json {
        let cid = if let Some(Parting::States { cid, .. }) = parting { shown(Some(cid)) } else { None };
        session.output.object(&json!({
            "aggregate": graph.to_string(), "differs": what, "version": version, "cid": cid,
            "first": sides[0], "second": sides[1],
        }))?;
        return version.map_or(Ok(()), |version| Err(Failure::Parted { version }));
    }
    let Some(version) = version else {
        return Ok(session.output.line(format_args!("graph {graph} is the same in both stores"))?);
    };
    let told = |side: &Option<String>| side.clone().unwrap_or_else(|| "no event".to_owned());
    let mut table = Table::new(&["what", "value"]);
    table.row(vec!["aggregate".to_owned(), graph.to_string()]);
    table.row(vec!["differs".to_owned(), what.to_owned()]);
    table.row(vec!["version".to_owned(), version.to_string()]);
    table.row(vec![arguments.first.clone(), told(&sides[0])]);
    table.row(vec![arguments.second.clone(), told(&sides[1])]);
    session.output.table(&table)?;
    Err(Failure::Parted { version })
}

/// One of the two stores.
struct Side {
    options: StoreOptions,
    store: Arc<dyn EventStore>,
}

impl Side {
    fn open(session: &Session, place: &str) -> Result<Self, Failure> {
        let options = session.options.store.at_place(place);
        let store = session.open_other_to_read(&options)?;
        Ok(Self { options, store })
    }

    fn graph(&self, session: &Session, name: Option<&str>) -> Result<GraphId, Failure> {
        Ok(session.graph_in(&self.options, &*self.store, name)?.0)
    }

    fn history(&self, graph: GraphId) -> GraphHistory {
        GraphReplayService::new(Arc::clone(&self.store)).history(graph)
    }
}
