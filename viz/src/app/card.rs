//! The card of the node under the pointer, or of the one that is selected: what the store says of it.

use bevy::ecs::prelude::*;
use bevy::prelude::{Camera, Projection, Transform};
use cidgraph::Value;

use crate::plugin::GraphBridge;
use crate::render::GraphCamera;
use crate::scene::GraphScene;
use crate::source::Source;

use super::action::Action;
use super::eye::Eye;
use super::picking::node_at;
use super::selection::Selection;
use super::time::shown_version;

/// The most lines of a component on a card, and the most characters of a line.
const LINES_MAX: usize = 8;
const LINE_MAX: usize = 100;

/// The node whose card is shown.
#[derive(Resource, Debug, Default)]
pub struct Card {
    hovered: Option<u32>,
    /// The node and the version that the store was asked for.
    asked: Option<(u32, u64)>,
}

impl Card {
    /// Returns the node: the one under the pointer, else the one that is selected alone.
    pub fn node(&self, selection: &Selection) -> Option<u32> {
        let selected = if let [node] = selection.nodes() { Some(*node) } else { None };
        self.hovered.or(selected)
    }
}

/// Looks which node is under the pointer, and asks the store for the one whose card is shown.
pub(super) fn pick_card(
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut card: ResMut<Card>,
) {
    let (camera, transform, projection) = *camera;
    let hovered =
        actions.read().filter_map(|action| if let Action::Hover(pixel) = action { Some(*pixel) } else { None });
    if let (Some(pixel), Some(eye)) = (hovered.last(), Eye::of(camera, transform, projection)) {
        let hovered = node_at(&scene, &eye, pixel);
        if hovered != card.hovered {
            card.hovered = hovered;
        }
    }
    let asked = card.node(&selection).map(|node| {
        let graph = scene.find_graph(scene.graph_of(node).id).expect("a node's graph is in the scene");
        (node, shown_version(&scene, graph))
    });
    if asked != card.asked {
        card.asked = asked;
        if let (Some((node, version)), Some(source), Some(bridge)) = (asked, source, bridge) {
            source.ask(&bridge, scene.graph_of(node).id, scene.name(node).id, version);
        }
    }
}

/// Returns the lines of a node's card, as far as the store has answered.
pub(super) fn lines(scene: &GraphScene, source: Option<&Source>, node: u32) -> Vec<String> {
    let name = scene.name(node);
    let mut lines = vec![format!("{} {}", scene.kind(name.kind), name.id)];
    lines.extend(name.key.as_ref().map(|key| format!("key {key}")));
    let Some(asked) =
        source.and_then(Source::node).filter(|asked| asked.node.as_ref().is_none_or(|asked| asked.id == name.id))
    else {
        return lines;
    };
    let Some(shown) = asked.node else { return lines };
    lines.push(match asked.event {
        Some(event) => format!("version {} by {event}", shown.version),
        None => format!("version {}", shown.version),
    });
    for component in &shown.components {
        lines.push(component.component_type.to_string());
        let properties = component.properties.iter().take(LINES_MAX);
        lines.extend(properties.map(|(name, value)| format!("  {name}: {}", said(value))));
        let left = component.properties.len().saturating_sub(LINES_MAX);
        lines.extend((left > 0).then(|| format!("  and {left} more")));
    }
    lines.iter_mut().for_each(|line| shorten(line, LINE_MAX));
    lines
}

/// Returns a value with its texts as they are written, in any script: marks above letters are no escapes.
fn said(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{}\"", text.replace(char::is_control, " ")),
        Value::List(values) => format!("[{}]", values.iter().map(said).collect::<Vec<_>>().join(", ")),
        Value::Map(properties) => {
            let properties = properties.iter().map(|(name, value)| format!("{name}: {}", said(value)));
            format!("{{{}}}", properties.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Bytes(_) | Value::Link(_) => {
            format!("{value:?}")
        }
    }
}

/// Leaves out what a line has behind so many letters.
pub(super) fn shorten(line: &mut String, letters_max: usize) {
    if let Some((end, _)) = line.char_indices().nth(letters_max) {
        line.truncate(end);
        line.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use cidgraph::Properties;

    use super::*;

    #[test]
    fn values_are_written_in_their_own_letters() {
        let texts = ["नमस्ते", "e\u{301}", "two\nlines"].map(Value::text);
        let list = Value::List(texts.into());
        assert_eq!(said(&list), "[\"नमस्ते\", \"e\u{301}\", \"two lines\"]");
        let map = Value::Map(Properties::from([("a", Value::Int(1)), ("ь", Value::Float(2.0))]));
        assert_eq!(said(&map), "{a: 1, ь: 2.0}");
    }
}
