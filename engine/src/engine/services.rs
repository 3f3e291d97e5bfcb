//! The domain's services, one a command, under a fresh command id of the engine's own actor.
//!
//! Each returns the receipt of a transaction of its own; [`Engine::submit`] puts several commands into one. All fail as
//! [`Engine::submit`] says.

use crate::command::GraphCommand;
use crate::entity::{
    Component, ConceptualPoint, EdgeEntity, GraphMetadata, NodeEntity, NodeUpdate, TransformOperation,
};
use crate::id::{EdgeId, GraphId, NodeId};
use crate::value::{Name, Properties};
use crate::writer::Receipt;

use super::error::Error;
use super::front::Engine;

type Outcome = Result<Receipt, Error>;

#[expect(clippy::missing_errors_doc, reason = "the module says it once for all")]
impl Engine {
    /// Creates a graph with a fresh id.
    pub async fn create_graph(&self, metadata: GraphMetadata) -> Result<GraphId, Error> {
        let graph = self.fresh_graph_id();
        self.command(graph, GraphCommand::CreateGraph { metadata }).await?;
        Ok(graph)
    }

    /// Gives a graph a new name.
    pub async fn rename_graph(&self, graph: GraphId, name: impl Into<Name>) -> Outcome {
        self.command(graph, GraphCommand::RenameGraph { name: name.into() }).await
    }

    /// Ends all change of a graph.
    pub async fn archive_graph(&self, graph: GraphId, reason: impl Into<Name>) -> Outcome {
        self.command(graph, GraphCommand::ArchiveGraph { reason: reason.into() }).await
    }

    /// Adds a node.
    pub async fn add_node_to_graph(&self, graph: GraphId, node: NodeEntity) -> Outcome {
        self.command(graph, GraphCommand::AddNode { node }).await
    }

    /// Adds many nodes.
    pub async fn add_nodes_to_graph(&self, graph: GraphId, nodes: Vec<NodeEntity>) -> Outcome {
        self.command(graph, GraphCommand::AddNodes { nodes }).await
    }

    /// Merges properties into one component of a node.
    pub async fn update_graph_node(&self, graph: GraphId, update: NodeUpdate) -> Outcome {
        self.command(graph, GraphCommand::UpdateNode { update }).await
    }

    /// Merges properties into components of many nodes.
    pub async fn update_graph_nodes(&self, graph: GraphId, updates: Vec<NodeUpdate>) -> Outcome {
        self.command(graph, GraphCommand::UpdateNodes { updates }).await
    }

    /// Removes a node and its edges.
    pub async fn remove_node_from_graph(&self, graph: GraphId, node: NodeId) -> Outcome {
        self.command(graph, GraphCommand::RemoveNode { node }).await
    }

    /// Removes many nodes and their edges.
    pub async fn remove_nodes_from_graph(&self, graph: GraphId, nodes: Vec<NodeId>) -> Outcome {
        self.command(graph, GraphCommand::RemoveNodes { nodes }).await
    }

    /// Gives a node a component of a type that it does not have.
    pub async fn attach_component(&self, graph: GraphId, node: NodeId, component: Component) -> Outcome {
        self.command(graph, GraphCommand::AttachComponent { node, component }).await
    }

    /// Sets all properties of a component that a node has.
    pub async fn replace_component(&self, graph: GraphId, node: NodeId, component: Component) -> Outcome {
        self.command(graph, GraphCommand::ReplaceComponent { node, component }).await
    }

    /// Takes a component from a node.
    pub async fn detach_component(&self, graph: GraphId, node: NodeId, component_type: impl Into<Name>) -> Outcome {
        self.command(graph, GraphCommand::DetachComponent { node, component_type: component_type.into() }).await
    }

    /// Connects two nodes. An edge without an id of the caller's gets `EdgeId::engine_made(receipt.first_version, 0)`.
    pub async fn connect_graph_nodes(&self, graph: GraphId, edge: EdgeEntity) -> Outcome {
        self.command(graph, GraphCommand::ConnectEdge { edge }).await
    }

    /// Connects many edges.
    pub async fn connect_many_graph_nodes(&self, graph: GraphId, edges: Vec<EdgeEntity>) -> Outcome {
        self.command(graph, GraphCommand::ConnectEdges { edges }).await
    }

    /// Merges properties into an edge.
    pub async fn update_graph_edge(&self, graph: GraphId, edge: EdgeId, set: Properties, unset: Vec<Name>) -> Outcome {
        self.command(graph, GraphCommand::UpdateEdge { edge, set, unset }).await
    }

    /// Removes an edge.
    pub async fn disconnect_graph_nodes(&self, graph: GraphId, edge: EdgeId) -> Outcome {
        self.command(graph, GraphCommand::DisconnectEdge { edge }).await
    }

    /// Removes many edges.
    pub async fn disconnect_many_graph_nodes(&self, graph: GraphId, edges: Vec<EdgeId>) -> Outcome {
        self.command(graph, GraphCommand::DisconnectEdges { edges }).await
    }

    /// Moves one node or a subgraph in space or in the hierarchy.
    pub async fn transform_graph_nodes(
        &self,
        graph: GraphId,
        nodes: Vec<NodeId>,
        operation: TransformOperation,
    ) -> Outcome {
        self.command(graph, GraphCommand::TransformNodes { nodes, operation }).await
    }

    /// Gives a node a place in a conceptual space.
    pub async fn map_conceptual_point(&self, graph: GraphId, node: NodeId, point: ConceptualPoint) -> Outcome {
        self.command(graph, GraphCommand::MapConceptualPoint { node, point }).await
    }
}
