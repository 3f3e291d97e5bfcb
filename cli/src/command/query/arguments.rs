//! The arguments of `cidgraph query`, and the queries that they ask for.

use std::path::PathBuf;

use cidgraph::algorithm::Direction;
use cidgraph::history::During;
use cidgraph::{Criterion, GraphQuery, GraphReadModel, Name, NodeId, NodeQuery, OrderBy, Real};
use clap::{Args, Subcommand, ValueEnum};

use super::super::node::find_node;
use super::criterion::criterion_of;
use crate::failure::Failure;
use crate::filter::Filter;

/// Ask a graph as it is now, or as it was
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph query nodes --component Visual --where 'color = \"blue\" and score > 10' --explain\n  \
    cidgraph query neighbors Person:alice --direction both --edge-kind knows\n  \
    cidgraph query path alice bob --json\n  \
    cidgraph query khop alice --hops 2 --direction both\n  \
    cidgraph query rank --limit 10\n  \
    cidgraph query nodes --kind File --at 2025-03-01T00:00:00Z\n  \
    cidgraph query nodes --component Visual --newly 100 200\n  \
    cidgraph query components --strong")]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, global = true, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// Read this snapshot file in place instead of the store
    #[arg(long, global = true, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Show how the query is answered, with estimates and the rows it gave, instead of the answer
    #[arg(long, global = true)]
    pub explain: bool,
    /// Show at most so many rows
    #[arg(long, global = true, value_name = "COUNT", allow_negative_numbers = true)]
    pub limit: Option<usize>,
    /// Ask the graph as it was then: a version as 120, seq:9, a time as 2025-03-01T00:00:00Z, an event's CID, or node:ID,
    /// node:KIND:KEY or node:KEY for when that node was added
    #[arg(long, global = true, value_name = "MOMENT")]
    pub at: Option<String>,
    /// What is asked
    #[command(subcommand)]
    pub asked: Asked,
}

/// Which edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Those that start at the node.
    Out,
    /// Those that end at the node.
    In,
    /// Both.
    Both,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Out => Self::Outgoing,
            Way::In => Self::Incoming,
            Way::Both => Self::Both,
        }
    }
}

/// The edges that a walk follows.
#[derive(Debug, Args)]
pub struct Along {
    /// Which edges are followed
    #[arg(long, value_enum, value_name = "WAY", default_value = "out")]
    pub direction: Way,
    /// Only edges of this kind
    #[arg(long, value_name = "KIND")]
    pub edge_kind: Option<String>,
}

/// The queries. A node is its id, KIND:KEY, or a key that no other node has.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "each field is documented by its name and its help")]
pub enum Asked {
    /// Nodes by kind, component and condition
    Nodes {
        /// Only nodes of this kind
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// Only nodes with a component of this type; may be given several times
        #[arg(long, value_name = "TYPE")]
        component: Vec<String>,
        /// Only nodes for which this holds, as 'color = "blue" and (Score.points > 10 or not exists size)'; a property
        /// without a component's type is one of those of --component, or of any
        #[arg(long = "where", value_name = "CONDITION")]
        condition: Option<String>,
        /// Order by Component.property, id, key, kind or version; without it by birth; may be given several times
        #[arg(long, value_name = "BY")]
        order: Vec<String>,
        /// The greatest first
        #[arg(long, requires = "order")]
        descending: bool,
        /// Leave out the first nodes
        #[arg(long, value_name = "COUNT", default_value_t = 0)]
        offset: usize,
        /// Show only these properties, as Component.property; may be given several times
        #[arg(long, value_name = "PROPERTY")]
        select: Vec<String>,
        /// Only count the nodes
        #[arg(long, conflicts_with_all = ["order", "offset", "select"])]
        count: bool,
        /// When the nodes must have met it
        #[command(flatten)]
        when: When,
    },
    /// The nodes at the other ends of a node's edges
    Neighbors {
        node: String,
        #[command(flatten)]
        along: Along,
    },
    /// A path of the fewest steps, or of the least weight
    Path {
        source: String,
        target: String,
        #[command(flatten)]
        along: Along,
        /// The property of edges that is their weight; an edge without it weighs 1
        #[arg(long, value_name = "PROPERTY", conflicts_with = "edge_kind")]
        weight: Option<String>,
        /// So many paths, cheapest first
        #[arg(long, value_name = "COUNT", conflicts_with = "edge_kind")]
        count: Option<usize>,
    },
    /// The nodes at most so many steps away
    Khop {
        node: String,
        /// The most steps
        #[arg(long, short = 'k', value_name = "STEPS", default_value_t = 2)]
        hops: usize,
        #[command(flatten)]
        along: Along,
    },
    /// The nodes of the greatest PageRank: ten, or as --limit says
    Rank {
        /// How likely a walk follows an edge instead of starting anew
        #[arg(long, value_name = "PROBABILITY", default_value_t = 0.85)]
        damping: f64,
        /// The most iterations
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        iterations: usize,
        /// Stop where the ranks change by less than this in sum
        #[arg(long, value_name = "DIFFERENCE", default_value_t = 1e-9)]
        tolerance: f64,
    },
    /// The connected components, largest first
    Components {
        /// Those within which each node is reached from each along the edges
        #[arg(long)]
        strong: bool,
    },
}

/// When nodes must have met what is asked, where not now.
#[derive(Debug, Args)]
#[group(id = "when", multiple = false, conflicts_with_all = ["order", "offset", "select"])]
pub struct When {
    /// Nodes that met it at some time between two moments, each as it last did
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub ever: Vec<String>,
    /// Nodes that met it at all times between two moments
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub always: Vec<String>,
    /// Nodes that did not meet it at the first moment, but did later, up to the second
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub newly: Vec<String>,
}

impl When {
    /// Returns what is asked for, and from when to when; `None` where it is now.
    pub fn span(&self) -> Option<(During, &str, &str)> {
        let asked = [(During::Ever, &self.ever), (During::Always, &self.always), (During::Newly, &self.newly)];
        asked.into_iter().find_map(|(during, span)| match span.as_slice() {
            [from, to] => Some((during, from.as_str(), to.as_str())),
            _ => None,
        })
    }
}

/// Nodes that are ranked where nothing is said.
const RANKED: usize = 10;

impl Arguments {
    /// Refuses options that contradict each other. The parser would see only those on the same side of the subcommand's
    /// name.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn check(&self) -> Result<(), Failure> {
        let during = match &self.asked {
            Asked::Nodes { when, .. } => when.span().map(|(during, ..)| during),
            Asked::Neighbors { .. }
            | Asked::Path { .. }
            | Asked::Khop { .. }
            | Asked::Rank { .. }
            | Asked::Components { .. } => None,
        };
        let during = match during {
            Some(During::Ever) => Some("--ever"),
            Some(During::Always) => Some("--always"),
            Some(During::Newly) => Some("--newly"),
            None => None,
        };
        let [at, explain] = [self.at.as_ref().map(|_| "--at"), self.explain.then_some("--explain")];
        let [snapshot, graph] = [self.snapshot.as_ref().map(|_| "--snapshot"), self.graph.as_ref().map(|_| "--graph")];
        let apart = [(graph, snapshot), (at, snapshot), (during, snapshot), (during, at), (during, explain)];
        match apart.into_iter().find_map(|(one, other)| one.zip(other)) {
            Some((one, other)) => Err(Failure::usage(format!("{one} cannot be used with {other}; see --help"))),
            None => Ok(()),
        }
    }

    /// Returns the query.
    ///
    /// # Errors
    /// [`Failure::Filter`] for a condition that is none, [`Failure::Usage`] for a node that is not there.
    pub fn query(&self, model: &GraphReadModel) -> Result<GraphQuery, Failure> {
        let id = |text: &str| -> Result<NodeId, Failure> { Ok(find_node(model, text)?.id) };
        let kind_of = |along: &Along| along.edge_kind.as_deref().map(Name::from);
        Ok(match &self.asked {
            Asked::Nodes { .. } => self.nodes(model)?,
            Asked::Neighbors { node, along } => GraphQuery::Neighbors {
                node: id(node)?,
                direction: along.direction.into(),
                edge_kind: kind_of(along),
                limit: self.limit,
            },
            Asked::Path { source, target, along, weight, count } => {
                let (source, target, direction) = (id(source)?, id(target)?, along.direction.into());
                let weight = weight.as_deref().map(Name::from);
                match (count, weight) {
                    (Some(count), weight) => {
                        GraphQuery::ShortestPaths { source, target, direction, count: *count, weight }
                    }
                    (None, Some(weight)) => GraphQuery::CheapestPath { source, target, direction, weight },
                    (None, None) => GraphQuery::ShortestPath { source, target, direction, edge_kind: kind_of(along) },
                }
            }
            Asked::Khop { node, hops, along } => GraphQuery::Neighborhood {
                node: id(node)?,
                hops: *hops,
                direction: along.direction.into(),
                edge_kind: kind_of(along),
            },
            Asked::Rank { damping, iterations, tolerance } => GraphQuery::PageRank {
                damping: Real(*damping),
                iterations_max: *iterations,
                tolerance: Real(*tolerance),
                limit: self.limit.unwrap_or(RANKED),
            },
            Asked::Components { strong: true } => GraphQuery::StrongComponents,
            Asked::Components { strong: false } => GraphQuery::WeakComponents,
        })
    }

    /// Returns what nodes must meet.
    ///
    /// # Errors
    /// [`Failure::Filter`] for a condition that is none.
    pub fn criterion(&self, model: &GraphReadModel) -> Result<Criterion, Failure> {
        let Asked::Nodes { kind, component, condition, .. } = &self.asked else { return Ok(Criterion::All) };
        let components: Vec<Name> = component.iter().map(Name::new).collect();
        let mut criterion = kind.as_deref().map_or(Criterion::All, Criterion::kind);
        for component in &components {
            criterion = criterion.and(Criterion::component(component.clone()));
        }
        if let Some(condition) = condition {
            criterion = criterion.and(criterion_of(&Filter::parse(condition)?, &components, model));
        }
        Ok(criterion)
    }

    fn nodes(&self, model: &GraphReadModel) -> Result<GraphQuery, Failure> {
        let Asked::Nodes { order, descending, offset, select, count, .. } = &self.asked else {
            unreachable!("only nodes are asked for by criteria")
        };
        let criterion = self.criterion(model)?;
        if *count {
            return Ok(GraphQuery::Count(criterion));
        }
        let mut query = NodeQuery::of(criterion).offset(*offset);
        query.limit = self.limit;
        for by in order {
            query = query.order_by(order_by(by)?, *descending);
        }
        if !select.is_empty() {
            query = query.properties(select.iter().map(|path| property(path)).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(GraphQuery::Nodes(query))
    }
}

fn order_by(text: &str) -> Result<OrderBy, Failure> {
    Ok(match text {
        "id" => OrderBy::Id,
        "key" => OrderBy::Key,
        "kind" => OrderBy::Kind,
        "version" => OrderBy::Version,
        path => {
            let (component, property) = property(path)?;
            OrderBy::Property { component, property }
        }
    })
}

fn property(text: &str) -> Result<(Name, Name), Failure> {
    text.split_once('.')
        .map(|(component, property)| (Name::new(component), Name::new(property)))
        .ok_or_else(|| Failure::usage(format!("expected a property, as Profile.age, found {text:?}")))
}
