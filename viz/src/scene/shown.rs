//! Which version of a graph is shown, and what is seen of it.

use super::graph_scene::GraphScene;
use super::record::{Bits, EdgeRecord, NO_VERSION, PastRecord, gpu_version};

impl GraphScene {
    /// Returns whether a node is shown.
    pub fn is_shown(&self, node: u32) -> bool {
        let record = self.columns.nodes.get(node);
        let group = self.columns.groups.get(Bits(record.bits).group());
        record.lives_at(group.version) && record.bits & Bits::HIDDEN == 0
    }

    /// Returns whether a node is in the picture: it is shown, or it was there at the version that is compared with.
    pub fn is_drawn(&self, node: u32) -> bool {
        let record = self.columns.nodes.get(node);
        let compare = self.columns.groups.get(Bits(record.bits).group()).compare;
        let was_there = compare != NO_VERSION && record.lives_at(compare) && record.bits & Bits::HIDDEN == 0;
        was_there || self.is_shown(node)
    }

    /// Returns how many nodes and edges are shown, looking at each.
    pub fn count_shown(&self) -> (usize, usize) {
        let nodes = (0..).take(self.columns.nodes.len()).filter(|node| self.is_shown(*node)).count();
        let is_shown = |edge: &&EdgeRecord| {
            let source = self.columns.nodes.get(edge.source);
            let group = self.columns.groups.get(Bits(source.bits).group());
            edge.lives_at(group.version) && self.is_shown(edge.source) && self.is_shown(edge.target)
        };
        (nodes, self.columns.edges.items().iter().filter(is_shown).count())
    }

    /// Shows a version of a graph: of the transactions that the scene has seen, the last that ended by then; the last one of
    /// all, and those that follow, where the version is none that the scene has seen.
    pub fn show_version(&mut self, graph: u16, version: u64) {
        let at = &mut self.graphs[usize::from(graph)];
        at.is_live = version >= at.version;
        let ended = at.ends.partition_point(|end| *end <= version);
        let version = if at.is_live { at.version } else { ended.checked_sub(1).map_or(0, |last| at.ends[last]) };
        let version = gpu_version(version);
        self.set_group(graph, |group| group.version = version);
    }

    /// Shows a graph's last version, and every one that follows.
    pub fn show_live(&mut self, graph: u16) {
        let version = self.graphs[usize::from(graph)].version;
        self.show_version(graph, version);
    }

    /// Marks what was added (green) and removed (red) since another version, or nothing.
    pub fn compare_with(&mut self, graph: u16, version: Option<u64>) {
        let compare = version.map_or(NO_VERSION, gpu_version);
        self.set_group(graph, |group| group.compare = compare);
    }

    /// Returns how a node was at the version that is shown, where it was otherwise than it is.
    pub(super) fn past_of(&self, node: u32) -> Option<PastRecord> {
        let group = self.columns.groups.get(Bits(self.columns.nodes.get(node).bits).group());
        self.chronicle.find(node, group.version)
    }

    /// Returns whether a past is shown in which nodes may have been otherwise.
    pub fn looks_back(&self) -> bool {
        !self.chronicle.records.is_empty() && self.graphs.iter().any(|graph| !graph.is_live)
    }
}
