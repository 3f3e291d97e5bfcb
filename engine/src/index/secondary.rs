//! The index of a graph's nodes: what a query starts from.

use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

use super::bitmap::Bitmap;
use super::bytes::IndexBytes;
use super::facts::NameNumber;
use super::frozen::{Lazy, Origin};
use super::names::NameBitmaps;
use super::postings::Postings;
use super::property::PropertyIndex;
use super::updater::IndexUpdater;
use crate::value::Value;

/// The property indices, sorted by component type and property, none empty.
pub(super) type Properties = Vec<((NameNumber, NameNumber), Lazy<PropertyIndex>)>;

/// Secondary indices over the nodes of one graph at one version; immutable, a clone costs five pointers.
///
/// ```
/// use cidgraph::Value;
/// use cidgraph::index::{FactComponent, Index, NodeFacts};
///
/// let (person, profile, age) = (0, 1, 2);
/// let entries = [(age, Value::Int(3))];
/// let components = [FactComponent { component_type: profile, categories: &[], entries: &entries }];
/// let mut updater = Index::default().updater();
/// updater.insert(7, &NodeFacts { kind: person, components: &components });
/// let index = updater.finish();
/// assert!(index.equals(profile, age, &Value::Float(3.0)).is_some_and(|nodes| nodes.contains(7)));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Index {
    pub(super) nodes: Arc<Bitmap>,
    pub(super) kinds: Arc<NameBitmaps>,
    pub(super) components: Arc<NameBitmaps>,
    pub(super) categories: Arc<NameBitmaps>,
    pub(super) properties: Arc<Properties>,
    pub(super) origin: Origin,
}

impl Index {
    /// Starts the next version of this one.
    pub fn updater(&self) -> IndexUpdater {
        self.clone().into_updater()
    }

    /// Starts the next version, giving this one up: what nobody else holds is changed in place.
    pub fn into_updater(self) -> IndexUpdater {
        IndexUpdater::new(self)
    }

    /// Returns all nodes.
    pub fn nodes(&self) -> &Bitmap {
        &self.nodes
    }

    /// Returns the nodes of a kind; `None` where there are none.
    pub fn kind(&self, kind: NameNumber) -> Option<&Bitmap> {
        self.kinds.get(kind)
    }

    /// Returns the nodes that have a component of a type; `None` where there are none.
    pub fn component(&self, component_type: NameNumber) -> Option<&Bitmap> {
        self.components.get(component_type)
    }

    /// Returns the nodes that have a component of a category; `None` where there are none.
    pub fn category(&self, category: NameNumber) -> Option<&Bitmap> {
        self.categories.get(category)
    }

    /// Returns every kind that a node has, with its nodes.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = (NameNumber, &Bitmap)> {
        self.kinds.iter()
    }

    /// Returns every component type that a node has, with its nodes.
    pub fn components(&self) -> impl ExactSizeIterator<Item = (NameNumber, &Bitmap)> {
        self.components.iter()
    }

    /// Returns every category that a node has, with its nodes.
    pub fn categories(&self) -> impl ExactSizeIterator<Item = (NameNumber, &Bitmap)> {
        self.categories.iter()
    }

    /// Returns component type, property and index of every property that a node has.
    pub fn properties(&self) -> impl ExactSizeIterator<Item = (NameNumber, NameNumber, &PropertyIndex)> {
        self.properties.iter().map(|((component_type, property), index)| (*component_type, *property, index.get()))
    }

    /// Returns the index of a property; `None` where no node has it.
    pub fn property(&self, component_type: NameNumber, property: NameNumber) -> Option<&PropertyIndex> {
        let at = self.properties.binary_search_by_key(&(component_type, property), |(name, _)| *name).ok()?;
        Some(self.properties[at].1.get())
    }

    /// Returns the nodes whose property equals `value`, 3 and 3.0 being equal; `None` where `value` is not indexed
    /// ([`PropertyIndex::covers`]) and the nodes of [`PropertyIndex::uncovered`] must be looked at.
    pub fn equals(&self, component_type: NameNumber, property: NameNumber, value: &Value) -> Option<Cow<'_, Postings>> {
        match self.property(component_type, property) {
            Some(index) => index.equals(value),
            None => Some(Cow::Owned(Postings::Empty)),
        }
    }

    /// Returns the nodes whose property lies within the bounds; `None` where the index cannot say. See
    /// [`PropertyIndex::range`].
    pub fn range(
        &self,
        component_type: NameNumber,
        property: NameNumber,
        lower: Bound<&Value>,
        upper: Bound<&Value>,
    ) -> Option<Bitmap> {
        self.property(component_type, property).map_or_else(|| Some(Bitmap::new()), |index| index.range(lower, upper))
    }

    /// Estimates how many nodes [`equals`](Self::equals) gives: exactly for an indexed value, else how many must be
    /// looked at.
    pub fn estimate_equals(&self, component_type: NameNumber, property: NameNumber, value: &Value) -> usize {
        let Some(index) = self.property(component_type, property) else { return 0 };
        index.count_equals(value).unwrap_or_else(|| index.uncovered().len())
    }

    /// Estimates how many nodes [`range`](Self::range) gives: exactly where the index can say, else how many have the
    /// property. Touches one number a leaf of up to 256 values.
    pub fn estimate_range(
        &self,
        component_type: NameNumber,
        property: NameNumber,
        lower: Bound<&Value>,
        upper: Bound<&Value>,
    ) -> usize {
        let Some(index) = self.property(component_type, property) else { return 0 };
        index.count_range(lower, upper).unwrap_or_else(|| index.len() + index.uncovered().len())
    }

    /// Returns the bytes on the heap by structure.
    pub fn heap_bytes(&self) -> IndexBytes {
        let touched = |index: &Lazy<PropertyIndex>| index.touched().map_or(0, PropertyIndex::heap_bytes);
        let property = |(_, index): &(_, Lazy<PropertyIndex>)| {
            16 + size_of::<((NameNumber, NameNumber), Lazy<PropertyIndex>)>()
                + size_of::<PropertyIndex>()
                + touched(index)
        };
        IndexBytes {
            nodes: self.nodes.heap_bytes(),
            kinds: self.kinds.heap_bytes(),
            components: self.components.heap_bytes(),
            categories: self.categories.heap_bytes(),
            properties: self.properties.iter().map(property).sum(),
        }
    }
}
