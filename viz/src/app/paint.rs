//! Colours, sizes and filters by what nodes' components say, and the legend that explains them.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use bevy::time::{Real, Time};
use cidgraph::{Component, GraphView, Value};

use crate::plugin::GraphBridge;
use crate::scene::{Bits, GraphScene, RADIUS, nearest, palette};
use crate::source::Source;

use super::action::{Action, Filter, PropertyName};
use super::mistake::Mistake;

/// Seconds between two paintings while events come.
const REPAINT_SECONDS: f32 = 0.5;

/// The colour of nodes without the property.
const WITHOUT: u32 = 0xff78_706a;

/// The ends and the middle of the scale of numbers, dark to bright, told apart by those who see no red or no green.
const SCALE: [[u8; 3]; 3] = [[0x54, 0x6c, 0xd8], [0x21, 0x9f, 0x93], [0xf7, 0xe2, 0x4b]];

/// The radius of the smallest and the largest number, in parts of the usual one.
const SIZES: [f32; 2] = [0.5, 3.0];

/// Values that have a colour of their own; all others share that of nodes without the property.
const VALUES_MAX: usize = 8;

/// What nodes are painted by.
#[derive(Resource, Debug, Clone, Default, PartialEq)]
pub struct Paint {
    kind: Option<String>,
    filter: Option<Filter>,
    color: Option<PropertyName>,
    size: Option<PropertyName>,
    legend: Vec<LegendLine>,
}

/// A line of the legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendLine {
    /// Red, green, blue and opacity, red lowest; `None` for a line about sizes.
    pub color: Option<u32>,
    /// What it stands for.
    pub text: String,
}

impl Paint {
    /// Returns the legend.
    pub fn legend(&self) -> &[LegendLine] {
        &self.legend
    }

    fn take(&mut self, action: &Action) -> bool {
        if let Action::Kind(kind) = action {
            self.kind.clone_from(kind);
        } else if let Action::Filter(filter) = action {
            self.filter.clone_from(filter);
        } else if let Action::Color(color) = action {
            self.color.clone_from(color);
        } else if let Action::Size(size) = action {
            self.size.clone_from(size);
        } else {
            return false;
        }
        true
    }

    fn needs_components(&self) -> bool {
        self.filter.is_some() || self.color.is_some() || self.size.is_some()
    }

    fn is_any(&self) -> bool {
        self.needs_components() || self.kind.is_some()
    }
}

/// Paints where what nodes are painted by has changed, and again from time to time while events come.
pub(super) fn paint(
    time: Res<Time<Real>>,
    mut actions: MessageReader<Action>,
    mut scene: ResMut<GraphScene>,
    mut paint: ResMut<Paint>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    mut painted: Local<(u64, f32)>,
    mut mistakes: MessageWriter<Mistake>,
) {
    let mut asked = Vec::new();
    for action in actions.read() {
        if paint.bypass_change_detection().take(action) {
            asked.push(action);
        }
    }
    let is_other = !asked.is_empty();
    let (versions, seconds) = &mut *painted;
    *seconds += time.delta_secs();
    let now: u64 = scene.graphs().iter().map(|graph| graph.version).sum();
    let is_due = paint.is_any() && now != *versions && *seconds >= REPAINT_SECONDS;
    if !is_other && !is_due {
        return;
    }
    (*versions, *seconds) = (now, 0.0);
    let views: Vec<Option<GraphView>> = scene
        .graphs()
        .iter()
        .map(|graph| paint.needs_components().then(|| view(source.as_deref(), bridge.as_deref(), graph.id)).flatten())
        .collect();
    let components = |scene: &GraphScene, node: u32| {
        let view = views[Bits(scene.nodes()[node as usize].bits).group() as usize].as_ref()?;
        let at = view.at();
        at.find_node(scene.name(node).id).map(|node| at.components(node))
    };
    let (legend, unknown) = paint_all(&paint, &mut scene, components);
    paint.legend = legend;
    // What was asked for before is not said again.
    let unknown = unknown.into_iter().filter(|(of, _)| asked.iter().any(|action| of.is_of(action)));
    mistakes.write_batch(unknown.map(|(_, said)| Mistake(said)));
}

fn view(source: Option<&Source>, bridge: Option<&GraphBridge>, graph: cidgraph::GraphId) -> Option<GraphView> {
    let of_bridge = bridge.and_then(|bridge| bridge.view(graph));
    of_bridge.or_else(|| source.and_then(|source| source.still(graph)))
}

/// What nodes are painted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Kind,
    Filter,
    Color,
    Size,
}

impl By {
    const fn is_of(self, action: &Action) -> bool {
        match self {
            Self::Kind => matches!(action, Action::Kind(_)),
            Self::Filter => matches!(action, Action::Filter(_)),
            Self::Color => matches!(action, Action::Color(_)),
            Self::Size => matches!(action, Action::Size(_)),
        }
    }
}

/// Paints every node by its components; returns the legend, and what no node has.
fn paint_all(
    paint: &Paint,
    scene: &mut GraphScene,
    components_of: impl Fn(&GraphScene, u32) -> Option<Vec<Component>>,
) -> (Vec<LegendLine>, Vec<(By, String)>) {
    let nodes = 0..u32::try_from(scene.nodes().len()).expect("the scene counts its slots in 32 bits");
    let components: Vec<Vec<Component>> = match paint.needs_components() {
        true => nodes.clone().map(|node| components_of(scene, node).unwrap_or_default()).collect(),
        false => Vec::new(),
    };
    let of = |node: u32| components.get(node as usize).map_or(&[][..], Vec::as_slice);
    let values = |name: &PropertyName| -> Vec<Option<Value>> {
        nodes.clone().map(|node| value(of(node), &name.component_type, &name.property).cloned()).collect()
    };
    let mut legend = Vec::new();
    let mut unknown = Vec::new();
    let mut values = |by, name: &PropertyName| {
        let values = values(name);
        if values.iter().all(Option::is_none) {
            unknown.push((by, format!("no node has {name}")));
        }
        values
    };
    let colors = paint.color.as_ref().map(|name| colors(name, &values(By::Color, name), &mut legend));
    let sizes = paint.size.as_ref().map(|name| sizes(name, &values(By::Size, name), &mut legend));
    let (mut has_kind, mut has_passed) = (false, false);
    for node in nodes {
        let at = node as usize;
        let is_kind = paint.kind.as_ref().is_none_or(|kind| scene.kind(scene.name(node).kind).as_str() == kind);
        let passes = paint.filter.as_ref().is_none_or(|filter| passes(filter, of(node)));
        (has_kind, has_passed) = (has_kind || is_kind, has_passed || passes);
        scene.mark_node(node, Bits::HIDDEN, !is_kind || !passes);
        let color = colors.as_ref().map(|colors| colors[at]);
        scene.paint_node(node, color, sizes.as_ref().and_then(|sizes| sizes[at]));
    }
    let edges = 0..u32::try_from(scene.edges().len()).expect("the scene counts its slots in 32 bits");
    for edge in edges {
        let record = scene.edges()[edge as usize];
        let is_hidden = |end: u32| scene.nodes()[end as usize].bits & Bits::HIDDEN != 0;
        let is_hidden = is_hidden(record.source) || is_hidden(record.target);
        scene.mark_edge(edge, Bits::HIDDEN, is_hidden);
    }
    let kind = paint.kind.as_ref().filter(|_| !has_kind).map(|kind| (By::Kind, format!("no node is of kind {kind:?}")));
    let filter = paint.filter.as_ref().filter(|_| !has_passed);
    unknown.extend(kind.into_iter().chain(filter.map(|filter| (By::Filter, format!("no node has {filter}")))));
    (legend, unknown)
}

fn value<'a>(components: &'a [Component], component_type: &str, property: &str) -> Option<&'a Value> {
    let component = components.iter().find(|component| component.component_type.as_str() == component_type)?;
    component.properties.get(property)
}

fn passes(filter: &Filter, components: &[Component]) -> bool {
    let Some(property) = &filter.property else {
        return components.iter().any(|component| component.component_type.as_str() == filter.component_type);
    };
    let found = value(components, &filter.component_type, property);
    found.is_some_and(|found| filter.value.as_ref().is_none_or(|wanted| printed(found) == *wanted))
}

/// Returns a value as it is written in a filter and in the legend.
fn printed(value: &Value) -> String {
    match value {
        Value::Text(text) => text.as_str().to_owned(),
        Value::Bool(is_true) => is_true.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Null | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Link(_) => format!("{value:?}"),
    }
}

/// Returns the least and the greatest number; `None` where something else is among the values, or nothing.
fn range(values: &[Option<Value>]) -> Option<(f64, f64)> {
    let numbers: Option<Vec<f64>> = values.iter().flatten().map(Value::as_f64).collect();
    let numbers = numbers.filter(|numbers| !numbers.is_empty())?;
    let fold = |with: fn(f64, f64) -> f64| numbers.iter().copied().reduce(with).unwrap_or(0.0);
    Some((fold(f64::min), fold(f64::max)))
}

/// Returns how far a number is from the least to the greatest, 0 to 1.
fn part((least, greatest): (f64, f64), number: f64) -> f32 {
    if greatest > least { nearest((number - least) / (greatest - least)) } else { 0.5 }
}

fn colors(name: &PropertyName, values: &[Option<Value>], legend: &mut Vec<LegendLine>) -> Vec<u32> {
    if let Some(range) = range(values) {
        for (number, part) in [(range.1, 1.0), (range.0.midpoint(range.1), 0.5), (range.0, 0.0)] {
            legend.push(LegendLine { color: Some(on_scale(part)), text: format!("{name} {number}") });
        }
        let color = |value: &Option<Value>| {
            value.as_ref().and_then(Value::as_f64).map_or(WITHOUT, |number| on_scale(part(range, number)))
        };
        return values.iter().map(color).collect();
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values.iter().flatten() {
        *counts.entry(printed(value)).or_default() += 1;
    }
    let mut most: Vec<(String, usize)> = counts.into_iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    most.truncate(VALUES_MAX);
    let colors: BTreeMap<String, u32> =
        (0..).zip(&most).map(|(place, (value, _))| (value.clone(), palette(place))).collect();
    for (value, count) in &most {
        legend.push(LegendLine { color: colors.get(value).copied(), text: format!("{value} ({count})") });
    }
    legend.push(LegendLine { color: Some(WITHOUT), text: format!("without {name}, or another") });
    let color = |value: &Option<Value>| value.as_ref().and_then(|value| colors.get(&printed(value)).copied());
    values.iter().map(|value| color(value).unwrap_or(WITHOUT)).collect()
}

fn sizes(name: &PropertyName, values: &[Option<Value>], legend: &mut Vec<LegendLine>) -> Vec<Option<f32>> {
    let Some(range) = range(values) else {
        legend.push(LegendLine { color: None, text: format!("size: {name} is not a number everywhere") });
        return vec![None; values.len()];
    };
    legend.push(LegendLine { color: None, text: format!("size: {name} from {} to {}", range.0, range.1) });
    let [least, greatest] = SIZES;
    // The area of a node says the number.
    let radius = |part: f32| RADIUS * (least * least + (greatest * greatest - least * least) * part).sqrt();
    let size = |value: &Option<Value>| {
        value.as_ref().and_then(Value::as_f64).map_or(RADIUS * least, |number| radius(part(range, number)))
    };
    values.iter().map(|value| Some(size(value))).collect()
}

/// Returns the colour of a part of the scale.
fn on_scale(part: f32) -> u32 {
    let at = part.clamp(0.0, 1.0) * 2.0;
    let [from, to] = if at < 1.0 { [SCALE[0], SCALE[1]] } else { [SCALE[1], SCALE[2]] };
    let way = if at < 1.0 { at } else { at - 1.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
    let channel = |channel: usize| (f32::from(from[channel]) * (1.0 - way) + f32::from(to[channel]) * way) as u8;
    u32::from_le_bytes([channel(0), channel(1), channel(2), 0xff])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use cidgraph::{GraphId, GraphMutation, NodeId, NodeView, Properties};

    use super::*;

    fn painted(paint: &Paint, values: &[Value]) -> (GraphScene, Vec<LegendLine>, Vec<(By, String)>) {
        let mut scene = GraphScene::default();
        let component = |value: &Value| Component {
            component_type: "Rating".into(),
            properties: Properties::from([("stars", value.clone())]),
        };
        let components: Vec<Vec<Component>> =
            values.iter().map(|value| vec![component(value)]).chain([Vec::new()]).collect();
        for (number, components) in (1..).zip(&components) {
            let id = NodeId::from_u64(number);
            let node = NodeView { id, key: None, kind: "film".into(), version: 1, components: components.clone() };
            scene.apply(GraphId::from_u64(1), 1, &GraphMutation::NodeAdded { node });
        }
        let (legend, unknown) = paint_all(paint, &mut scene, |_, node| Some(components[node as usize].clone()));
        (scene, legend, unknown)
    }

    fn stars() -> Option<PropertyName> {
        Some(PropertyName { component_type: "Rating".to_owned(), property: "stars".to_owned() })
    }

    #[test]
    fn numbers_are_on_a_scale() {
        let paint = Paint { color: stars(), size: stars(), ..Paint::default() };
        let (scene, legend, _) = painted(&paint, &[Value::Int(1), Value::Float(3.0), Value::Int(5)]);
        let colors: Vec<u32> = scene.nodes().iter().map(|node| node.color).collect();
        assert_eq!(colors, [on_scale(0.0), on_scale(0.5), on_scale(1.0), WITHOUT]);
        let radii: Vec<f32> = scene.places().iter().map(|place| place[3]).collect();
        assert!(radii[0] < radii[1] && radii[1] < radii[2] && radii[3] == radii[0]);
        assert_eq!((radii[0], radii[2]), (RADIUS * SIZES[0], RADIUS * SIZES[1]));
        let texts: Vec<&str> = legend.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["Rating.stars 5", "Rating.stars 3", "Rating.stars 1", "size: Rating.stars from 1 to 5"]);
    }

    #[test]
    fn texts_have_colours_of_their_own() {
        let paint = Paint { color: stars(), ..Paint::default() };
        let (scene, legend, _) = painted(&paint, &["good", "bad", "bad"].map(Value::text));
        let colors: Vec<u32> = scene.nodes().iter().map(|node| node.color).collect();
        assert_eq!(colors, [palette(1), palette(0), palette(0), WITHOUT]);
        assert_eq!(legend[0], LegendLine { color: Some(palette(0)), text: "bad (2)".to_owned() });
    }

    #[test]
    fn filters_hide_and_nothing_shows_all_again() {
        let hidden = |line: &str| -> Vec<bool> {
            let mut paint = Paint::default();
            assert!(paint.take(&line.parse().unwrap()));
            let (scene, ..) = painted(&paint, &[Value::Int(1), Value::text("x")]);
            scene.nodes().iter().map(|node| node.bits & Bits::HIDDEN != 0).collect()
        };
        assert_eq!(hidden("filter Rating"), [false, false, true]);
        assert_eq!(hidden("filter Rating.stars=1"), [false, true, true]);
        assert_eq!(hidden("filter Rating.stars=x"), [true, false, true]);
        assert_eq!(hidden("filter Rating.moons"), [true, true, true]);
        assert_eq!(hidden("kind film"), [false, false, false]);
        assert_eq!(hidden("kind book"), [true, true, true]);
        assert_eq!(hidden("filter"), [false, false, false]);
    }

    #[test]
    fn what_no_node_has_is_said() {
        let unknown = |line: &str| -> Vec<String> {
            let mut paint = Paint::default();
            let action: Action = line.parse().unwrap();
            assert!(paint.take(&action));
            let (.., unknown) = painted(&paint, &[Value::Int(1)]);
            assert!(unknown.iter().all(|(by, _)| by.is_of(&action)));
            unknown.into_iter().map(|(_, said)| said).collect()
        };
        for known in
            ["kind film", "kind", "filter Rating", "filter Rating.stars=1", "color Rating.stars", "size Rating.stars"]
        {
            assert_eq!(unknown(known), [] as [&str; 0], "{known}");
        }
        assert_eq!(unknown("kind book"), [r#"no node is of kind "book""#]);
        assert_eq!(unknown("filter Rating.stars=2"), ["no node has Rating.stars=2"]);
        assert_eq!(unknown("color Rating.moons"), ["no node has Rating.moons"]);
        assert_eq!(unknown("size Other.stars"), ["no node has Other.stars"]);
    }
}
