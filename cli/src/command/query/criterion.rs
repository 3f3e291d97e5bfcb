//! The condition of `--where` as the engine's criterion.

use std::collections::BTreeSet;

use cidgraph::pool::NameId;
use cidgraph::{Criterion, GraphReadModel, Name};

use crate::filter::{Comparison, Filter, PropertyPath};

/// Returns the criterion of a filter. A property without a component's type is one of `components`, or of any type
/// that the graph has where `components` is empty.
pub fn criterion_of(filter: &Filter, components: &[Name], model: &GraphReadModel) -> Criterion {
    let types = if components.is_empty() { component_types(model) } else { components.to_vec() };
    translate(filter, &types)
}

fn translate(filter: &Filter, types: &[Name]) -> Criterion {
    let all = |filters: &[Filter]| filters.iter().map(|filter| translate(filter, types)).collect();
    match filter {
        Filter::And(filters) => Criterion::And(all(filters)),
        Filter::Or(filters) => Criterion::Or(all(filters)),
        Filter::Not(filter) => translate(filter, types).not(),
        Filter::Exists(property) => in_any(property, types, Criterion::has),
        Filter::Compare { property, comparison, value } => in_any(property, types, |component, name| {
            let (here, value) = (value.clone(), value.clone());
            match comparison {
                Comparison::Equal => Criterion::equals(component, name, value),
                Comparison::NotEqual => {
                    let other = Criterion::equals(component.clone(), name.clone(), here).not();
                    Criterion::has(component, name).and(other)
                }
                Comparison::Less => Criterion::below(component, name, value),
                Comparison::LessOrEqual => Criterion::at_most(component, name, value),
                Comparison::Greater => Criterion::above(component, name, value),
                Comparison::GreaterOrEqual => Criterion::at_least(component, name, value),
            }
        }),
    }
}

fn in_any(path: &PropertyPath, types: &[Name], make: impl Fn(Name, Name) -> Criterion) -> Criterion {
    let types = path.component.as_ref().map_or(types, std::slice::from_ref);
    match types {
        [only] => make(only.clone(), path.property.clone()),
        several => Criterion::Or(several.iter().map(|of| make(of.clone(), path.property.clone())).collect()),
    }
}

fn component_types(model: &GraphReadModel) -> Vec<Name> {
    let view = model.view();
    let at = view.at();
    let pending = view.pending().iter().filter(|pending| pending.content.is_some());
    let pending = pending.flat_map(|pending| at.components(pending.node)).map(|component| component.component_type);
    let indexed = view.index().components().map(|(name, _)| at.name(NameId(name)));
    indexed.chain(pending).collect::<BTreeSet<_>>().into_iter().collect()
}
