//! The proof that an index is what its nodes' facts make it.

use super::facts::Facts;
use super::names::NameBitmaps;
use super::secondary::Index;

impl Index {
    /// Rebuilds the index of all nodes from their facts and compares.
    ///
    /// # Errors
    ///
    /// Says what differs first, or which structure is not in its form.
    pub fn validate<F: Facts>(&self, facts: impl IntoIterator<Item = (u32, F)>) -> Result<(), String> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let mut updater = Self::default().updater();
        for (node, facts) in facts {
            if updater.index().nodes().contains(node) {
                return Err(format!("node {node} has facts twice"));
            }
            updater.insert(node, &facts);
        }
        self.difference(&updater.finish()).map_or(Ok(()), Err)
    }

    /// Says which structure is not in its form; `None` where all are.
    pub(super) fn fault(&self) -> Option<String> {
        let names = |names: &NameBitmaps, what: &str| names.fault().map(|fault| format!("{what}: {fault}"));
        let property = |((component_type, property), fault): ((u32, u32), &str)| {
            format!("property {property} of component type {component_type}: {fault}")
        };
        let faults = self.properties.iter().find_map(|(name, index)| Some((*name, index.get().fault()?)));
        let sorted = self.properties.is_sorted_by(|a, b| a.0 < b.0);
        (!sorted)
            .then(|| "properties do not ascend".to_owned())
            .or_else(|| self.nodes.fault().map(|fault| format!("nodes: {fault}")))
            .or_else(|| names(&self.kinds, "kinds"))
            .or_else(|| names(&self.components, "component types"))
            .or_else(|| names(&self.categories, "categories"))
            .or_else(|| faults.map(property))
    }

    /// Says what differs first between this index and one that was built from the facts.
    fn difference(&self, expected: &Self) -> Option<String> {
        if self.nodes != expected.nodes {
            let (lost, extra) = (expected.nodes.and_not(&self.nodes), self.nodes.and_not(&expected.nodes));
            return Some(format!("nodes: {lost:?} missing, {extra:?} not expected"));
        }
        let names = |have: &NameBitmaps, want: &NameBitmaps, what: &str| {
            have.difference(want).map(|name| format!("{what} {name}: {:?}, not {:?}", have.get(name), want.get(name)))
        };
        names(&self.kinds, &expected.kinds, "kind")
            .or_else(|| names(&self.components, &expected.components, "component type"))
            .or_else(|| names(&self.categories, &expected.categories, "category"))
            .or_else(|| self.property_difference(expected))
    }

    fn property_difference(&self, expected: &Self) -> Option<String> {
        let names = self.properties().chain(expected.properties());
        let mut names = names.map(|(component_type, property, _)| (component_type, property));
        let (component_type, property) = names.find(|(component_type, property)| {
            self.property(*component_type, *property) != expected.property(*component_type, *property)
        })?;
        Some(format!("property {property} of component type {component_type}: values differ"))
    }
}
