//! Everything of an index looked at, and its parts compared with each other.

use super::damaged::Damaged;
use crate::index::bitmap::Bitmap;
use crate::index::names::NameBitmaps;
use crate::index::secondary::Index;
use crate::index::union::Union;

impl Index {
    /// Touches every part and finds whether each is in its form and they fit together: every node has one kind, and
    /// what has a property has a component of its type. Takes time in proportion to the index.
    ///
    /// # Errors
    ///
    /// Says what is wrong first.
    pub fn check(&self) -> Result<(), Damaged> {
        let wrong = Damaged::catch(|| self.fault().or_else(|| self.contradiction()))?;
        wrong.map_or(Ok(()), |what| Err(Damaged::new(what)))
    }

    fn contradiction(&self) -> Option<String> {
        let mut kinds = Union::new();
        self.kinds().for_each(|(_, nodes)| kinds.add_all(nodes));
        let kinds_of_nodes: usize = self.kinds().map(|(_, nodes)| nodes.len()).sum();
        if kinds_of_nodes != self.nodes().len() || kinds.finish() != *self.nodes() {
            return Some("a node has not exactly one kind".to_owned());
        }
        let stranger = |names: &NameBitmaps| names.iter().any(|(_, nodes)| !nodes.is_subset(self.nodes()));
        if stranger(&self.components) || stranger(&self.categories) {
            return Some("there is a component of no node".to_owned());
        }
        self.properties().find_map(|(component_type, property, index)| {
            let (present, has_type) = (index.present(), self.component(component_type));
            let once = present.len() == index.len() + index.uncovered().len();
            let fits = once && has_type.is_some_and(|nodes: &Bitmap| present.is_subset(nodes));
            (!fits).then(|| format!("property {property} of component type {component_type} is not that of its nodes"))
        })
    }
}
