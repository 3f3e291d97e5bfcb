//! What the last frames drew and uploaded, told by the renderer to whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use bevy::ecs::resource::Resource;

/// What was drawn: counts since the start, and the last picture's.
#[derive(Debug, Default)]
struct Cells {
    bytes_uploaded: AtomicU64,
    pictures: AtomicU64,
    draw_calls: AtomicU64,
    nodes: AtomicU32,
    edges: AtomicU32,
    edge_stride: AtomicU32,
    is_points: AtomicU32,
}

/// Shares what the renderer did; a clone shows the same.
#[derive(Resource, Debug, Clone, Default)]
pub struct RenderFacts(Arc<Cells>);

/// What the renderer did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Bytes that went to the GPU since the start.
    pub bytes_uploaded: u64,
    /// Pictures of the graph drawn since the start; a still scene adds none.
    pub pictures: u64,
    /// Draw calls since the start, of the graph alone.
    pub draw_calls: u64,
    /// Nodes submitted for the last picture.
    pub nodes: u32,
    /// Edges submitted for the last picture.
    pub edges: u32,
    /// Of the edges, every so-manieth was submitted.
    pub edge_stride: u32,
    /// Whether nodes were points.
    pub is_points: bool,
}

impl RenderFacts {
    /// Returns what the renderer did so far.
    pub fn read(&self) -> Facts {
        Facts {
            bytes_uploaded: self.0.bytes_uploaded.load(Ordering::Relaxed),
            pictures: self.0.pictures.load(Ordering::Relaxed),
            draw_calls: self.0.draw_calls.load(Ordering::Relaxed),
            nodes: self.0.nodes.load(Ordering::Relaxed),
            edges: self.0.edges.load(Ordering::Relaxed),
            edge_stride: self.0.edge_stride.load(Ordering::Relaxed),
            is_points: self.0.is_points.load(Ordering::Relaxed) != 0,
        }
    }

    pub(super) fn note_upload(&self, bytes: u64) {
        self.0.bytes_uploaded.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn note_picture(&self, draws: &super::layer::Draws, draw_calls: u64) {
        self.0.pictures.fetch_add(1, Ordering::Relaxed);
        self.0.draw_calls.fetch_add(draw_calls, Ordering::Relaxed);
        self.0.nodes.store(draws.nodes, Ordering::Relaxed);
        self.0.edges.store(draws.edges, Ordering::Relaxed);
        self.0.edge_stride.store(draws.edge_stride, Ordering::Relaxed);
        self.0.is_points.store(u32::from(draws.is_points), Ordering::Relaxed);
    }
}
