//! `cidgraph why`: the events that something in a graph rests on.

use cidgraph::history::{Because, Cause, Subject};
use cidgraph::{Answer, EdgeId, GraphHistory, GraphQuery, Moment, Name};
use clap::{ArgGroup, Args};
use serde_json::{Value as Json, json};

use super::history::print_events;
use super::moment::{At, history, moment_or_now};
use super::node::find_node;
use super::query::Along;
use crate::failure::Failure;
use crate::session::Session;

/// Show the events that a node, one of its components or properties, an edge or a path rests on
///
/// Without these events it would not be there, or not with its value; each is named by its CID.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("subject").args(["node", "edge", "path"]).required(true)))]
#[command(after_help = "Examples:\n  \
    cidgraph why Person:alice Profile.age\n  \
    cidgraph why --edge 67e55044-10b1-426f-9247-bb680e5fe0c8 --at 120\n  \
    cidgraph why --path alice bob --json")]
pub struct Arguments {
    /// The node: its id, KIND:KEY, or a key that no other node has
    #[arg(value_name = "NODE")]
    pub node: Option<String>,
    /// One of its components, or one property of it
    #[arg(value_name = "COMPONENT[.PROPERTY]", requires = "node")]
    pub component: Option<String>,
    /// An edge
    #[arg(long, value_name = "ID")]
    pub edge: Option<EdgeId>,
    /// A path of the fewest steps between two nodes
    #[arg(long, num_args = 2, value_names = ["SOURCE", "TARGET"])]
    pub path: Vec<String>,
    /// The edges that a path follows.
    #[command(flatten)]
    pub along: Along,
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// The moment that is looked at.
    #[command(flatten)]
    pub at: At,
}

/// Runs the subcommand.
///
/// # Errors
/// Where what is asked about is not there, the store cannot be read, or the chain does not hold.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (_, history) = history(session, arguments.graph.as_deref())?;
    let at = moment_or_now(session, &history, arguments.at.at.as_deref())?;
    let subject = arguments.subject(session, &history, at)?;
    let causes = session.wait(history.why(&subject, at))?;
    let reasons = |because: &[Because]| because.iter().map(|one| (because_object(one), because_text(one))).collect();
    let causes = causes.iter().map(|Cause { event, because }| (event, reasons(because)));
    print_events(session, "because", causes)
}

impl Arguments {
    fn subject(&self, session: &Session, history: &GraphHistory, at: Moment) -> Result<Subject, Failure> {
        if let Some(edge) = self.edge {
            return Ok(Subject::Edge(edge));
        }
        let state = session.wait(history.at(at))?;
        if let [source, target] = self.path.as_slice() {
            let query = GraphQuery::ShortestPath {
                source: find_node(&state, source)?.id,
                target: find_node(&state, target)?.id,
                direction: self.along.direction.into(),
                edge_kind: self.along.edge_kind.as_deref().map(Name::from),
            };
            let Answer::Path(Some(path)) = state.query(&query).map_err(cidgraph::Error::from)? else {
                return Err(Failure::usage(format!("no path from {source:?} to {target:?}: try --direction both")));
            };
            return Ok(Subject::Path(path));
        }
        let node = find_node(&state, self.node.as_deref().unwrap_or_default())?.id;
        Ok(match self.component.as_deref().map(|path| (path, path.split_once('.'))) {
            None => Subject::Node(node),
            Some((component, None)) => Subject::Component { node, component_type: Name::from(component) },
            Some((_, Some((component, property)))) => {
                Subject::Property { node, component_type: Name::from(component), property: Name::from(property) }
            }
        })
    }
}

fn because_object(because: &Because) -> Json {
    match because {
        Because::Added(node) => json!({ "did": "added", "node": node.to_string() }),
        Because::Component(node, component) => {
            json!({ "did": "component", "node": node.to_string(), "component": component.as_str() })
        }
        Because::Property(node, component, property) => json!({
            "did": "property", "node": node.to_string(), "component": component.as_str(), "property": property.as_str(),
        }),
        Because::Connected(edge) => json!({ "did": "connected", "edge": edge.to_string() }),
        Because::EdgeProperty(edge, property) => {
            json!({ "did": "edge property", "edge": edge.to_string(), "property": property.as_str() })
        }
    }
}

fn because_text(because: &Because) -> String {
    match because {
        Because::Added(node) => format!("added {node}"),
        Because::Component(_, component) => format!("component {component}"),
        Because::Property(_, component, property) => format!("{component}.{property}"),
        Because::Connected(edge) => format!("connected {edge}"),
        Because::EdgeProperty(_, property) => format!("edge property {property}"),
    }
}
