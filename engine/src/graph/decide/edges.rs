//! Connecting, updating and disconnecting edges, one or many.

use crate::command::Rejected;
use crate::entity::EdgeEntity;
use crate::event::GraphEvent;
use crate::id::EdgeId;
use crate::value::{Name, Properties};

use super::super::checked::within;
use super::super::draft::{ELEMENTS_AT_ONCE, GraphAggregate};
use super::super::measure::{self, split};
use super::Decided;
use super::batch::repeated;

impl GraphAggregate {
    pub(super) fn decide_connect(&self, edge: &EdgeEntity) -> Decided {
        self.check_connected(edge)?;
        Ok(vec![GraphEvent::EdgeConnected { edge: edge.clone() }])
    }

    pub(super) fn decide_connect_all(&self, edges: &[EdgeEntity]) -> Decided {
        self.rules.elements("ConnectEdges", edges.len())?;
        for edges in edges.chunks(ELEMENTS_AT_ONCE) {
            self.touch_ends(edges);
            edges.iter().try_for_each(|edge| self.check_connected(edge))?;
        }
        if let Some(edge) = repeated(edges.iter().filter_map(|edge| edge.id)) {
            return Err(Rejected::DuplicateEdge { edge });
        }
        let runs = split(edges.to_vec(), self.rules.element_bytes_max(), measure::edge);
        Ok(runs.into_iter().map(|edges| GraphEvent::EdgesConnected { edges }).collect())
    }

    fn check_connected(&self, edge: &EdgeEntity) -> Result<(), Rejected> {
        self.rules.edge(edge)?;
        for (end, node) in [("source", edge.source), ("target", edge.target)] {
            if self.lookup(node).is_none() {
                return Err(Rejected::UnknownEndpoint { end, node });
            }
        }
        let Some(id) = edge.id else { return Ok(()) };
        if id.as_engine_made().is_some() {
            return Err(Rejected::ReservedEdgeId { edge: id });
        }
        if self.at().find_edge(id).is_some() {
            return Err(Rejected::DuplicateEdge { edge: id });
        }
        Ok(())
    }

    pub(super) fn decide_update_edge(&self, edge: EdgeId, set: &Properties, unset: &[Name]) -> Decided {
        let index = self.known_edge(edge)?;
        let unset = self.rules.merge("UpdateEdge", set, unset)?;
        self.rules.element(measure::properties(set) + measure::names(&unset))?;
        let pool = self.at().pool();
        let mut merged = self.at().edge_properties(index).map_or_else(Properties::new, |id| pool.properties(id));
        for name in &unset {
            merged.remove(name);
        }
        merged.merge(set);
        within("properties_max", self.rules.limits.properties_max, merged.len())?;
        Ok(vec![GraphEvent::EdgeUpdated { edge, set: set.clone(), unset }])
    }

    pub(super) fn decide_disconnect(&self, edge: EdgeId) -> Decided {
        self.known_edge(edge)?;
        Ok(vec![GraphEvent::EdgeRemoved { edge }])
    }

    pub(super) fn decide_disconnect_all(&self, edges: &[EdgeId]) -> Decided {
        self.rules.elements("DisconnectEdges", edges.len())?;
        edges.iter().try_for_each(|edge| self.known_edge(*edge).map(drop))?;
        if let Some(edge) = repeated(edges.iter().copied()) {
            return Err(Rejected::UnknownEdge { edge });
        }
        let runs = split(edges.to_vec(), self.rules.element_bytes_max(), |_| measure::ID);
        Ok(runs.into_iter().map(|edges| GraphEvent::EdgesRemoved { edges }).collect())
    }
}
