//! How a query is answered, told in advance.

use std::fmt;
use std::ops::Bound;

use crate::index::Index;
use crate::pool::{NameId, Names};
use crate::value::Value;

use super::resolved::{Resolved, Wanted};
use super::select::{by_selectivity, estimate};

/// The steps by which a query is answered, as a tree: what is done first stands deepest and uppermost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is done.
    pub step: String,
    /// How many nodes it is estimated to give, where that can be told.
    pub estimate: Option<usize>,
    /// How many it gave, where it was run.
    pub rows: Option<usize>,
    /// What is done for it before.
    pub inputs: Vec<Self>,
}

impl Plan {
    /// Makes a step on top of others.
    pub(super) fn new(step: impl Into<String>, estimate: Option<usize>, inputs: Vec<Self>) -> Self {
        Self { step: step.into(), estimate, rows: None, inputs }
    }

    /// Plans a criterion.
    pub(super) fn of(index: &Index, names: &Names, criterion: &Resolved) -> Self {
        let estimated = Some(estimate(index, criterion));
        let name = |id: NameId| names.get(id).as_str();
        match criterion {
            Resolved::All => Self::new("all nodes", estimated, Vec::new()),
            Resolved::Nothing => Self::new("nothing: a name that the graph never had", estimated, Vec::new()),
            Resolved::Ids(_) => Self::new("look up by id", estimated, Vec::new()),
            Resolved::Kind(kind) => Self::new(format!("index kind = {}", name(*kind)), estimated, Vec::new()),
            Resolved::Component(component) => {
                Self::new(format!("index component = {}", name(*component)), estimated, Vec::new())
            }
            Resolved::Category(category, _) => {
                Self::new(format!("index category = {}", name(*category)), estimated, Vec::new())
            }
            Resolved::Has(component, property) => {
                Self::new(format!("index {}.{}, any value", name(*component), name(*property)), estimated, Vec::new())
            }
            Resolved::Equals(component, property, Wanted { value, .. }) => {
                let place = format!("{}.{}", name(*component), name(*property));
                let is_indexed = index.equals(component.0, property.0, value).is_some();
                let how = if is_indexed { "index" } else { "look at each node with an unindexed value of" };
                Self::new(format!("{how} {place} = {value:?}"), estimated, Vec::new())
            }
            Resolved::Range(component, property, low, high) => {
                let place = format!("{}.{}", name(*component), name(*property));
                let property = index.property(component.0, property.0);
                let is_indexed = property.is_none_or(|index| index.count_range(low.as_ref(), high.as_ref()).is_some());
                let how = if is_indexed { "index" } else { "look at each node with" };
                Self::new(format!("{how} {place} in {}", range(low, high)), estimated, Vec::new())
            }
            Resolved::And(criteria) => {
                let order = by_selectivity(index, criteria);
                let inputs = order.into_iter().map(|(_, criterion)| Self::of(index, names, criterion)).collect();
                Self::new("intersection, from the most selective on", estimated, inputs)
            }
            Resolved::Or(criteria) => {
                let inputs = criteria.iter().map(|criterion| Self::of(index, names, criterion)).collect();
                Self::new("union", estimated, inputs)
            }
            Resolved::Not(criterion) => {
                Self::new("all nodes without", estimated, vec![Self::of(index, names, criterion)])
            }
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(f, "{:1$}{2}", "", depth * 2, self.step)?;
        if let Some(estimate) = self.estimate {
            write!(f, "  (about {estimate})")?;
        }
        if let Some(rows) = self.rows {
            write!(f, "  → {rows}")?;
        }
        for input in &self.inputs {
            writeln!(f)?;
            input.write(f, depth + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

fn range(low: &Bound<Value>, high: &Bound<Value>) -> String {
    let low = match low {
        Bound::Included(value) => format!("[{value:?}"),
        Bound::Excluded(value) => format!("({value:?}"),
        Bound::Unbounded => "(…".to_owned(),
    };
    let high = match high {
        Bound::Included(value) => format!("{value:?}]"),
        Bound::Excluded(value) => format!("{value:?})"),
        Bound::Unbounded => "…)".to_owned(),
    };
    format!("{low}, {high}")
}
