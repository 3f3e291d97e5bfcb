//! The arguments of `cidgraph apply`, and the commands that they say.

use std::collections::BTreeMap;

use cidgraph::{CommandId, EdgeId, Key, NodeId, Value};
use clap::{Args, Subcommand};

use crate::command::node::reference;
use crate::failure::Failure;
use crate::import::field::read_key;
use crate::json::{
    CommandForm, EdgeForm, IdForm, KeyForm, NodeForm, OperationForm, PropertiesForm, UpdateForm, ValueForm,
    find_wide_integer,
};
use crate::session::CHECKPOINT_EVENTS;
use crate::store::Fsync;

/// Apply one command, or the commands on standard input, one JSON object a line, each a transaction of its own
///
/// Prints a receipt for each transaction; what has a receipt is kept, whatever comes after it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph apply --graph g create\n  \
    cidgraph apply add-node --key alice --kind Person --set 'Profile.age=3'\n  \
    cidgraph apply connect Person:alice Person:bob --kind knows --set 'since=2020'\n  \
    cidgraph apply --graph g --atomic < commands.jsonl")]
pub struct Arguments {
    /// The graph's name or id; may be left out where there is one graph
    #[arg(long, short, global = true, value_name = "GRAPH")]
    pub graph: Option<String>,
    /// Who asks
    #[arg(long, global = true, value_name = "NAME", default_value = "cli")]
    pub actor: String,
    /// Refuse where the graph is not at this version
    #[arg(long, global = true, value_name = "VERSION", allow_negative_numbers = true)]
    pub expected: Option<u64>,
    /// When the embedded store brings what was written to the disk; servers have a setting of their own
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "always")]
    pub fsync: Fsync,
    /// Commit to the state, for later proofs, after so many events; 0 for never
    #[arg(long, global = true, value_name = "EVENTS", default_value_t = CHECKPOINT_EVENTS)]
    pub checkpoint_every: u64,
    /// Make one transaction of all commands on standard input: all of them or none
    #[arg(long, conflicts_with = "command_id")]
    pub atomic: bool,
    /// The command's id: sent again, it gives the first receipt again; of a command from arguments
    #[arg(long, global = true, value_name = "ID")]
    pub command_id: Option<CommandId>,
    /// The command; without it standard input is read
    #[command(subcommand)]
    pub command: Option<Asked>,
}

/// The commands.
///
/// A node is its id or `KIND:KEY`; a property is `Component.name=value`, on an edge `name=value`, its value JSON or
/// text.
#[derive(Debug, Clone, Subcommand)]
pub enum Asked {
    /// Bring the graph into being
    Create {
        /// What the graph is about
        #[arg(long, default_value = "")]
        domain: String,
    },
    /// Give the graph a new name
    Rename {
        /// The new name
        name: String,
    },
    /// End all change of the graph
    Archive {
        /// Why it ends
        #[arg(default_value = "")]
        reason: String,
    },
    /// Add a node
    AddNode {
        /// The kind
        #[arg(long)]
        kind: String,
        /// The caller's own name for it; a number where it is written as one
        #[arg(long, required_unless_present = "id")]
        key: Option<String>,
        /// An id, a UUID
        #[arg(long, conflicts_with = "key")]
        id: Option<NodeId>,
        /// A property to set, its value JSON or text; may be given several times
        #[arg(long, value_name = "COMPONENT.NAME=VALUE")]
        set: Vec<String>,
    },
    /// Merge properties into a node's components
    UpdateNode {
        /// The node: its id, KIND:KEY, or a key that one node has
        node: String,
        /// A property to set, its value JSON or text; may be given several times
        #[arg(long, value_name = "COMPONENT.NAME=VALUE")]
        set: Vec<String>,
        /// A property to take away; may be given several times
        #[arg(long, value_name = "COMPONENT.NAME")]
        unset: Vec<String>,
    },
    /// Remove a node and all its edges
    RemoveNode {
        /// The node: its id, KIND:KEY, or a key that one node has
        node: String,
    },
    /// Give a node a component of a type it does not have
    Attach {
        /// The node: its id, KIND:KEY, or a key that one node has
        node: String,
        /// The type of the component
        component: String,
        /// A property to set, its value JSON or text; may be given several times
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
    },
    /// Set all properties of a component that a node has
    Replace {
        /// The node: its id, KIND:KEY, or a key that one node has
        node: String,
        /// The type of the component
        component: String,
        /// A property to set, its value JSON or text; may be given several times
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
    },
    /// Take a component from a node
    Detach {
        /// The node: its id, KIND:KEY, or a key that one node has
        node: String,
        /// The type of the component
        component: String,
    },
    /// Connect two nodes
    Connect {
        /// Where the edge starts: an id, KIND:KEY, or a key that one node has
        source: String,
        /// Where it ends: an id, KIND:KEY, or a key that one node has
        target: String,
        /// The kind
        #[arg(long)]
        kind: String,
        /// An id, a UUID
        #[arg(long)]
        id: Option<EdgeId>,
        /// A property to set, its value JSON or text; may be given several times
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
    },
    /// Merge properties into an edge
    UpdateEdge {
        /// The edge's id
        edge: EdgeId,
        /// A property to set, its value JSON or text; may be given several times
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        /// A property to take away; may be given several times
        #[arg(long, value_name = "NAME")]
        unset: Vec<String>,
    },
    /// Remove an edge
    Disconnect {
        /// The edge's id
        edge: EdgeId,
    },
    /// Add a vector to the position of nodes
    Translate {
        /// The nodes: each its id, KIND:KEY, or a key that one node has
        #[arg(required = true)]
        nodes: Vec<String>,
        /// The numbers, one for each axis
        #[arg(long, num_args = 3, value_names = ["X", "Y", "Z"], allow_negative_numbers = true, required = true)]
        by: Vec<f64>,
    },
    /// Multiply the scale of nodes, axis by axis
    Scale {
        /// The nodes: each its id, KIND:KEY, or a key that one node has
        #[arg(required = true)]
        nodes: Vec<String>,
        /// The numbers, one for each axis
        #[arg(long, num_args = 3, value_names = ["X", "Y", "Z"], allow_negative_numbers = true, required = true)]
        by: Vec<f64>,
    },
    /// Multiply the rotation of nodes by a unit quaternion
    Rotate {
        /// The nodes: each its id, KIND:KEY, or a key that one node has
        #[arg(required = true)]
        nodes: Vec<String>,
        /// The numbers, one for each axis
        #[arg(long, num_args = 4, value_names = ["X", "Y", "Z", "W"], allow_negative_numbers = true, required = true)]
        by: Vec<f64>,
    },
    /// Make nodes children of another, or roots
    Reparent {
        /// The nodes: each its id, KIND:KEY, or a key that one node has
        #[arg(required = true)]
        nodes: Vec<String>,
        /// The parent, a node; without it they become roots
        #[arg(long)]
        parent: Option<String>,
    },
    /// Give a node a place in a conceptual space
    MapPoint {
        /// The node: its id, KIND:KEY, or a key that one node has
        node: String,
        /// The name of the space
        #[arg(long)]
        space: String,
        /// The place in it, a number for each of its dimensions
        #[arg(long, num_args = 1.., allow_negative_numbers = true, required = true)]
        coordinates: Vec<f64>,
    },
}

impl Asked {
    /// Returns the texts that name nodes.
    pub fn nodes_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::UpdateNode { node, .. }
            | Self::RemoveNode { node }
            | Self::Attach { node, .. }
            | Self::Replace { node, .. }
            | Self::Detach { node, .. }
            | Self::MapPoint { node, .. } => vec![node],
            Self::Connect { source, target, .. } => vec![source, target],
            Self::Translate { nodes, .. } | Self::Scale { nodes, .. } | Self::Rotate { nodes, .. } => {
                nodes.iter_mut().collect()
            }
            Self::Reparent { nodes, parent } => nodes.iter_mut().chain(parent).collect(),
            Self::Create { .. }
            | Self::Rename { .. }
            | Self::Archive { .. }
            | Self::AddNode { .. }
            | Self::UpdateEdge { .. }
            | Self::Disconnect { .. } => Vec::new(),
        }
    }

    /// Returns the commands: one, or one for each component that an update touches; `graph` is the name that `create`
    /// gives.
    ///
    /// # Errors
    /// [`Failure::Usage`] where a node or a property is not written as it should be.
    pub fn forms(&self, graph: &str) -> Result<Vec<CommandForm>, Failure> {
        let one = |form| Ok(vec![form]);
        match self {
            Self::Create { domain } => one(CommandForm::CreateGraph {
                name: graph.to_owned(),
                domain: domain.clone(),
                properties: PropertiesForm::default(),
            }),
            Self::Rename { name } => one(CommandForm::RenameGraph { name: name.clone() }),
            Self::Archive { reason } => one(CommandForm::ArchiveGraph { reason: reason.clone() }),
            Self::AddNode { kind, key, id, set } => one(CommandForm::AddNode(NodeForm {
                id: id.map(IdForm),
                kind: kind.clone(),
                key: key.as_deref().map(|key| KeyForm(key_of(key))),
                components: by_component(set)?,
            })),
            Self::UpdateNode { node, set, unset } => update_forms(node, set, unset),
            Self::RemoveNode { node } => one(CommandForm::RemoveNode { node: reference(node)? }),
            Self::Attach { node, component, set } => one(CommandForm::AttachComponent {
                node: reference(node)?,
                component: component.clone(),
                properties: properties(set)?,
            }),
            Self::Replace { node, component, set } => one(CommandForm::ReplaceComponent {
                node: reference(node)?,
                component: component.clone(),
                properties: properties(set)?,
            }),
            Self::Detach { node, component } => {
                one(CommandForm::DetachComponent { node: reference(node)?, component: component.clone() })
            }
            Self::Connect { source, target, kind, id, set } => one(CommandForm::ConnectEdge(EdgeForm {
                id: id.map(IdForm),
                kind: kind.clone(),
                source: reference(source)?,
                target: reference(target)?,
                properties: properties(set)?,
            })),
            Self::UpdateEdge { edge, set, unset } => {
                one(CommandForm::UpdateEdge { edge: IdForm(*edge), set: properties(set)?, unset: unset.clone() })
            }
            Self::Disconnect { edge } => one(CommandForm::DisconnectEdge { edge: IdForm(*edge) }),
            Self::Translate { nodes, by } => transform(nodes, OperationForm::Translate(array(by))),
            Self::Scale { nodes, by } => transform(nodes, OperationForm::Scale(array(by))),
            Self::Rotate { nodes, by } => transform(nodes, OperationForm::Rotate(array(by))),
            Self::Reparent { nodes, parent } => {
                transform(nodes, OperationForm::Reparent(parent.as_deref().map(reference).transpose()?))
            }
            Self::MapPoint { node, space, coordinates } => one(CommandForm::MapConceptualPoint {
                node: reference(node)?,
                space: space.clone(),
                coordinates: coordinates.clone(),
            }),
        }
    }
}

fn array<const LEN: usize>(numbers: &[f64]) -> [f64; LEN] {
    numbers.try_into().expect("the arguments have so many numbers")
}

fn transform(nodes: &[String], operation: OperationForm) -> Result<Vec<CommandForm>, Failure> {
    let nodes = nodes.iter().map(|node| reference(node)).collect::<Result<_, _>>()?;
    Ok(vec![CommandForm::TransformNodes { nodes, operation }])
}

fn key_of(text: &str) -> Key {
    read_key(text).unwrap_or_else(|| Key::from(text))
}

/// Reads `NAME=VALUE`: the value is JSON where it is some, otherwise text.
fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage(format!("expected a property, as Profile.age=3, found {text:?}")))?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
    if let Some((_, number)) = find_wide_integer(value).filter(|_| is_json) {
        let expected = "expected an integer of 64 bits with a sign, or a float with a point";
        return Err(Failure::usage(format!("{expected}, for {name}, found {number}")));
    }
    let value = serde_json::from_str::<ValueForm>(value).map_or_else(|_| Value::text(value), |form| form.0);
    Ok((name, value))
}

fn properties(set: &[String]) -> Result<PropertiesForm, Failure> {
    let pairs = set.iter().map(|text| assignment(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(PropertiesForm(pairs.into_iter().collect()))
}

fn qualified(name: &str) -> Result<(String, String), Failure> {
    name.split_once('.')
        .map(|(component, name)| (component.to_owned(), name.to_owned()))
        .ok_or_else(|| Failure::usage(format!("expected a component and a property, as Profile.age, found {name:?}")))
}

fn by_component(set: &[String]) -> Result<BTreeMap<String, PropertiesForm>, Failure> {
    let mut components: BTreeMap<String, PropertiesForm> = BTreeMap::new();
    for text in set {
        let (name, value) = assignment(text)?;
        let (component, name) = qualified(name)?;
        components.entry(component).or_default().0.insert(name, value);
    }
    Ok(components)
}

fn update_forms(node: &str, set: &[String], unset: &[String]) -> Result<Vec<CommandForm>, Failure> {
    let node = reference(node)?;
    let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in unset {
        let (component, name) = qualified(text)?;
        taken.entry(component).or_default().push(name);
    }
    let mut forms = Vec::new();
    for (component, set) in by_component(set)? {
        let unset = taken.remove(&component).unwrap_or_default();
        forms.push(CommandForm::UpdateNode(UpdateForm { node: node.clone(), component, set, unset }));
    }
    for (component, unset) in taken {
        let set = PropertiesForm::default();
        forms.push(CommandForm::UpdateNode(UpdateForm { node: node.clone(), component, set, unset }));
    }
    if forms.is_empty() {
        return Err(Failure::usage("expected --set or --unset"));
    }
    Ok(forms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn forms(line: &str) -> Result<Vec<CommandForm>, Failure> {
        let line = Line::try_parse_from(std::iter::once("apply").chain(line.split(' '))).expect(line);
        line.arguments.command.expect("a command").forms("g")
    }

    #[track_caller]
    fn says(line: &str, expected: &[&str]) {
        let found: Vec<String> = forms(line).expect(line).iter().map(crate::json::write_line).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn arguments_become_commands() {
        says(
            "add-node --key alice --kind Person --set Profile.age=3 --set Profile.city=Rome --set V.x=1.0",
            &[concat!(
                r#"{"add_node":{"kind":"Person","key":"alice","components":"#,
                r#"{"Profile":{"age":3,"city":"Rome"},"V":{"x":1.0}}}}"#
            )],
        );
        says("remove-node Person:7", &[r#"{"remove_node":{"node":{"kind":"Person","key":7}}}"#]);
        says(
            "update-node P:a --set A.x=1 --unset A.y --unset B.z",
            &[
                r#"{"update_node":{"node":{"kind":"P","key":"a"},"component":"A","set":{"x":1},"unset":["y"]}}"#,
                r#"{"update_node":{"node":{"kind":"P","key":"a"},"component":"B","set":{},"unset":["z"]}}"#,
            ],
        );
        says(
            "connect P:a P:b --kind knows --set since=2020",
            &[concat!(
                r#"{"connect_edge":{"kind":"knows","source":{"kind":"P","key":"a"},"#,
                r#""target":{"kind":"P","key":"b"},"properties":{"since":2020}}}"#
            )],
        );
        says(
            "translate P:a --by 1 -2.5 0",
            &[r#"{"transform_nodes":{"nodes":[{"kind":"P","key":"a"}],"operation":{"translate":[1.0,-2.5,0.0]}}}"#],
        );
        says(
            "reparent P:a",
            &[r#"{"transform_nodes":{"nodes":[{"kind":"P","key":"a"}],"operation":{"reparent":null}}}"#],
        );
        says("create", &[r#"{"create_graph":{"name":"g","domain":"","properties":{}}}"#]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        let refused = |line: &str| forms(line).expect_err("refused").to_string();
        assert!(refused("remove-node alice").contains("KIND:KEY"));
        assert!(refused("add-node --key a --kind P --set age=3").contains("as Profile.age"));
        assert!(refused("add-node --key a --kind P --set Profile.age").contains("as Profile.age=3"));
        assert!(refused("update-node P:a").contains("--set or --unset"));
    }
}
