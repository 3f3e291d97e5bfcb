//! What follows a graph from publication to publication, against the graph itself: its state tree, and each node alone.

use std::collections::BTreeMap;

use cidgraph::graph::TracedNode;
use cidgraph::state::{StateTree, node_record, read_node_record};
use cidgraph::{GraphEvent, GraphView, NodeId};

#[derive(Debug, Default)]
pub struct Followed {
    tree: Option<StateTree>,
    nodes: BTreeMap<NodeId, TracedNode>,
    events: usize,
    publications: u64,
}

impl Followed {
    /// Lets each node follow the events of which the view shows the last one, and compares.
    pub fn nodes(&mut self, events: &[GraphEvent], view: &GraphView) {
        let published = usize::try_from(view.version()).expect("versions are few");
        for (version, event) in (1..).zip(events).take(published).skip(self.events) {
            let added = if let GraphEvent::NodeAdded { node } = event {
                std::slice::from_ref(node)
            } else if let GraphEvent::NodesAdded { nodes } = event {
                &nodes[..]
            } else {
                &[]
            };
            for node in added {
                self.nodes.entry(node.id).or_insert_with(|| TracedNode::new(node.id, None));
            }
            for node in self.nodes.values_mut() {
                let before = node.clone();
                let touched = node.apply(event, version).expect("what the graph took fits each node");
                assert!(touched || *node == before, "{event:?}");
            }
        }
        self.events = published;
        let at = view.at();
        for (id, traced) in &self.nodes {
            let node = at.find_node(*id).map(|node| at.node_view(node));
            assert_eq!(traced.node(), node.as_ref(), "a node by itself is what it is in the graph");
            if let Some(node) = node {
                assert_eq!(read_node_record(&node_record(&node)).as_ref(), Ok(&node));
            }
        }
    }

    /// Brings the tree to every third view and compares it with the hash from scratch, which takes milliseconds.
    pub fn tree(&mut self, view: &GraphView) {
        self.publications += 1;
        if !self.publications.is_multiple_of(3) {
            return;
        }
        let hash = view.state_hash();
        match &mut self.tree {
            Some(tree) => drop(tree.update(view)),
            None => self.tree = Some(StateTree::build(view)),
        }
        let tree = self.tree.as_ref().expect("it was just built");
        assert_eq!(tree.root(), hash, "the tree that is kept is the one from scratch");
        for id in self.nodes.keys() {
            let opened = tree.open(view, id.as_bytes());
            let index = cidgraph::state::leaf_index_of(id.as_bytes());
            let size = cidgraph::state::STATE_LEAVES;
            let root = cidgraph::merkle::root_of_path(index, size, opened.bucket.leaf(), &opened.path);
            assert_eq!(root, Some(hash), "a bucket leads to the root");
            let listed = opened.bucket.nodes.iter().any(|entry| entry.id == *id.as_bytes());
            assert_eq!(listed, view.at().find_node(*id).is_some(), "a bucket says who is there");
        }
    }
}
