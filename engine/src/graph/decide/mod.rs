//! Answering graph commands: every rule, and the events that follow where none is broken.

mod batch;
mod components;
mod edges;
mod nodes;
mod transform;

use crate::command::{Checkpoint, GraphCommand, Rejected};
use crate::entity::GraphMetadata;
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::topology::{EdgeIndex, NodeIndex};
use crate::value::Name;

use super::checked::within;
use super::draft::GraphAggregate;

type Decided = Result<Vec<GraphEvent>, Rejected>;

impl GraphAggregate {
    pub(super) fn decide_command(&self, command: &GraphCommand) -> Decided {
        if let GraphCommand::CreateGraph { metadata } = command {
            return self.decide_create(metadata);
        }
        let Some(metadata) = &self.place.info.metadata else { return Err(Rejected::GraphNotFound) };
        if let GraphCommand::Checkpoint { checkpoint } = command {
            return self.decide_checkpoint(*checkpoint);
        }
        if self.place.info.archived.is_some() {
            return Err(Rejected::GraphIsArchived);
        }
        let events = match command {
            GraphCommand::CreateGraph { .. } | GraphCommand::Checkpoint { .. } => unreachable!("it was answered above"),
            GraphCommand::RenameGraph { name } => self.decide_rename(metadata, name),
            GraphCommand::ArchiveGraph { reason } => self.decide_archive(reason),
            GraphCommand::AddNode { node } => self.decide_add(node),
            GraphCommand::UpdateNode { update } => self.decide_update(update),
            GraphCommand::RemoveNode { node } => self.decide_remove(*node),
            GraphCommand::AttachComponent { node, component } => self.decide_attach(*node, component),
            GraphCommand::ReplaceComponent { node, component } => self.decide_replace(*node, component),
            GraphCommand::DetachComponent { node, component_type } => self.decide_detach(*node, component_type),
            GraphCommand::ConnectEdge { edge } => self.decide_connect(edge),
            GraphCommand::UpdateEdge { edge, set, unset } => self.decide_update_edge(*edge, set, unset),
            GraphCommand::DisconnectEdge { edge } => self.decide_disconnect(*edge),
            GraphCommand::TransformNodes { nodes, operation } => self.decide_transform(nodes, operation),
            GraphCommand::MapConceptualPoint { node, point } => self.decide_map_point(*node, point),
            GraphCommand::AddNodes { nodes } => self.decide_add_all(nodes),
            GraphCommand::UpdateNodes { updates } => self.decide_update_all(updates),
            GraphCommand::RemoveNodes { nodes } => self.decide_remove_all(nodes),
            GraphCommand::ConnectEdges { edges } => self.decide_connect_all(edges),
            GraphCommand::DisconnectEdges { edges } => self.decide_disconnect_all(edges),
        }?;
        within("transaction_events_max", self.rules.limits.transaction_events_max, events.len())?;
        Ok(events)
    }

    fn decide_create(&self, metadata: &GraphMetadata) -> Decided {
        if self.place.info.metadata.is_some() {
            return Err(Rejected::GraphExists);
        }
        self.rules.metadata(metadata)?;
        Ok(vec![GraphEvent::GraphCreated { metadata: metadata.clone() }])
    }

    fn decide_rename(&self, metadata: &GraphMetadata, name: &Name) -> Decided {
        self.rules.name("graph name", name)?;
        if metadata.name == *name {
            return Err(Rejected::NothingToDo { command: "RenameGraph" });
        }
        Ok(vec![GraphEvent::GraphRenamed { name: name.clone() }])
    }

    fn decide_archive(&self, reason: &Name) -> Decided {
        within("name_bytes_max", self.rules.limits.name_bytes_max, reason.len())?;
        Ok(vec![GraphEvent::GraphArchived { reason: reason.clone() }])
    }

    /// The roots are believed: only a checkpointer makes them, and computing them again would take too long here.
    fn decide_checkpoint(&self, checkpoint: Checkpoint) -> Decided {
        let Checkpoint { graph, version, .. } = checkpoint;
        if graph != self.rules.graph || version > self.place.version {
            return Err(Rejected::ForeignCheckpoint { graph, version, actual: self.place.version });
        }
        Ok(vec![GraphCommand::Checkpoint { checkpoint }.into_event()])
    }

    fn known_node(&self, node: NodeId) -> Result<NodeIndex, Rejected> {
        self.lookup(node).ok_or(Rejected::UnknownNode { node })
    }

    fn known_edge(&self, edge: EdgeId) -> Result<EdgeIndex, Rejected> {
        self.at().find_edge(edge).ok_or(Rejected::UnknownEdge { edge })
    }
}
