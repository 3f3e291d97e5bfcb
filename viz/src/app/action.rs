//! Everything a viewer can do, each also a line of a script.

use std::path::PathBuf;
use std::str::FromStr;

use bevy::ecs::message::Message;
use bevy::math::{Rect, Vec2};

use crate::destination::Destination;

/// Something a viewer does. Places are pixels from the view's top left.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum Action {
    /// `pan RIGHT DOWN`: moves what is seen by pixels.
    Pan(Vec2),
    /// `zoom FACTOR X Y`: makes what is seen so many times larger; the pixel stays where it is.
    Zoom(f32, Vec2),
    /// `fit`: shows everything.
    Fit,
    /// `orbit`: looks from aside in perspective, or flat again.
    Orbit,
    /// `turn RIGHT UP`: turns what is seen from aside, degrees.
    Turn(Vec2),
    /// `select X Y`: selects the node there alone, or nothing.
    Select(Vec2),
    /// `deselect`: selects nothing.
    Deselect,
    /// `add X Y`: selects the node there too, or no more.
    Add(Vec2),
    /// `box X Y X Y`: selects the nodes between two corners.
    Box(Rect),
    /// `hover X Y`: shows the card of the node there, or none.
    Hover(Vec2),
    /// `search TEXT`: selects the nodes whose key or id begins with the text, and shows them.
    Search(String),
    /// `neighbours STEPS`: lets what is so many edges from the selected nodes stand out; none with 0.
    Neighbours(u32),
    /// `kind NAME`: shows nodes of a kind alone; all without a name.
    Kind(Option<String>),
    /// `filter COMPONENT[.PROPERTY[=VALUE]]`: shows the nodes alone that have the component, the property, or the value;
    /// all without one.
    Filter(Option<Filter>),
    /// `color COMPONENT.PROPERTY`: colours nodes by a property, with a legend; as before without one.
    Color(Option<PropertyName>),
    /// `size COMPONENT.PROPERTY`: sizes nodes by a property, with a legend; as before without one.
    Size(Option<PropertyName>),
    /// `layout`: places the nodes that have no place of their own anew.
    Layout,
    /// `version NUMBER`: shows a version.
    Version(u64),
    /// `go MOMENT`: shows a version, a time, an event by its CID, or the addition of a node, written as on the command
    /// line.
    Go(Destination),
    /// `step NUMBER`: shows the end of the transaction so many further on, back below 0.
    Step(i64),
    /// `play SPEED`: goes through versions, so many a second, back below 0.
    Play(f64),
    /// `loop SPEED`: as `play`, again and again.
    Loop(f64),
    /// `pause`: stops at the version that is shown.
    Pause,
    /// `live`: shows the last version, and each that follows.
    Live,
    /// `compare NUMBER`: marks what was added and removed since a version; nothing without one.
    Compare(Option<u64>),
    /// `drag X Y X Y`: moves the node at the first place to the second, and writes that to the store.
    Drag(Vec2, Vec2),
    /// `undo`: writes what takes the last drag back.
    Undo,
    /// `screenshot FILE`: writes a picture.
    Screenshot(PathBuf),
    /// `record NUMBER FOLDER`: writes the pictures of the next frames as `00000.png`, `00001.png` and so on.
    Record(u32, PathBuf),
    /// `help`: shows or hides the keys.
    Help,
    /// `frames NUMBER`: lets frames pass.
    Frames(u32),
    /// `state`: prints what is shown.
    State,
    /// `quit`: ends.
    Quit,
}

/// A property of nodes: `COMPONENT.PROPERTY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyName {
    /// The component's type.
    pub component_type: String,
    /// The property.
    pub property: String,
}

/// Which nodes are shown: those that have a component, a property, or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The component's type.
    pub component_type: String,
    /// The property.
    pub property: Option<String>,
    /// Its value, as it is printed: text without quotes, numbers and truth values as in JSON.
    pub value: Option<String>,
}

impl PropertyName {
    fn read(text: &str) -> Option<Self> {
        let (component_type, property) = text.split_once('.')?;
        let is_named = !component_type.is_empty() && !property.is_empty();
        is_named.then(|| Self { component_type: component_type.to_owned(), property: property.to_owned() })
    }
}

impl std::fmt::Display for PropertyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.component_type, self.property)
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.component_type)?;
        self.property.iter().try_for_each(|property| write!(f, ".{property}"))?;
        self.value.iter().try_for_each(|value| write!(f, "={value}"))
    }
}

impl Filter {
    fn read(text: &str) -> Option<Self> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
        match PropertyName::read(name) {
            Some(PropertyName { component_type, property }) => {
                Some(Self { component_type, property: Some(property), value })
            }
            None => (value.is_none() && !name.is_empty() && !name.contains('.')).then(|| Self {
                component_type: name.to_owned(),
                property: None,
                value: None,
            }),
        }
    }
}

/// A line that is no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line:?} is no action: {reason}")]
pub struct InvalidAction {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for Action {
    type Err = InvalidAction;

    fn from_str(line: &str) -> Result<Self, InvalidAction> {
        let invalid = |reason| InvalidAction { line: line.to_owned(), reason };
        let (verb, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let numbers: Option<Vec<f32>> = rest.split_whitespace().map(finite).collect();
        let text = (!rest.is_empty()).then(|| rest.to_owned());
        match (verb, numbers.as_deref()) {
            ("pan", Some(&[x, y])) => Ok(Self::Pan(Vec2::new(x, y))),
            ("zoom", Some(&[factor, x, y])) if factor > 0.0 => Ok(Self::Zoom(factor, Vec2::new(x, y))),
            ("select", Some(&[x, y])) => Ok(Self::Select(Vec2::new(x, y))),
            ("add", Some(&[x, y])) => Ok(Self::Add(Vec2::new(x, y))),
            ("box", Some(&[x0, y0, x1, y1])) => Ok(Self::Box(Rect::new(x0, y0, x1, y1))),
            ("drag", Some(&[x0, y0, x1, y1])) => Ok(Self::Drag(Vec2::new(x0, y0), Vec2::new(x1, y1))),
            ("hover", Some(&[x, y])) => Ok(Self::Hover(Vec2::new(x, y))),
            ("turn", Some(&[right, up])) => Ok(Self::Turn(Vec2::new(right, up))),
            ("pan" | "zoom" | "select" | "add" | "box" | "drag" | "hover" | "turn", _) => {
                Err(invalid("other numbers are expected"))
            }
            ("search", _) => text.map(Self::Search).ok_or_else(|| invalid("what is searched?")),
            ("neighbours", _) => rest.parse().map(Self::Neighbours).map_err(|_| invalid("how many steps?")),
            ("kind", _) => Ok(Self::Kind(text)),
            ("filter" | "color" | "size", _) if rest.is_empty() => Ok(match verb {
                "filter" => Self::Filter(None),
                "color" => Self::Color(None),
                _ => Self::Size(None),
            }),
            ("filter", _) => Filter::read(rest)
                .map(|filter| Self::Filter(Some(filter)))
                .ok_or_else(|| invalid("a component is expected, a property COMPONENT.PROPERTY, or one with =VALUE")),
            ("color" | "size", _) => match PropertyName::read(rest) {
                Some(name) if verb == "color" => Ok(Self::Color(Some(name))),
                Some(name) => Ok(Self::Size(Some(name))),
                None => Err(invalid("a property is expected: COMPONENT.PROPERTY")),
            },
            ("go", _) => rest.parse().map(Self::Go).map_err(|_| invalid("which moment?")),
            ("record", _) => {
                let (count, folder) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                match (count.parse(), folder.trim()) {
                    (Ok(count @ 1..), folder) if !folder.is_empty() => Ok(Self::Record(count, folder.into())),
                    _ => Err(invalid("how many pictures, from one on, and into which folder?")),
                }
            }
            ("version", _) => rest.parse().map(Self::Version).map_err(|_| invalid("which version?")),
            ("step", _) => rest.parse().map(Self::Step).map_err(|_| invalid("how many transactions?")),
            ("play", Some(&[speed])) => Ok(Self::Play(f64::from(speed))),
            ("loop", Some(&[speed])) => Ok(Self::Loop(f64::from(speed))),
            ("play" | "loop", _) => Err(invalid("how many versions a second?")),
            ("compare", Some([])) => Ok(Self::Compare(None)),
            ("compare", _) => {
                rest.parse().map(|version| Self::Compare(Some(version))).map_err(|_| invalid("with which version?"))
            }
            ("screenshot", _) => {
                text.map(|file| Self::Screenshot(file.into())).ok_or_else(|| invalid("into which file?"))
            }
            ("frames", _) => rest.parse().map(Self::Frames).map_err(|_| invalid("how many?")),
            (_, Some([])) => Self::of_word(verb).ok_or_else(|| invalid("it is not known")),
            _ => Err(invalid("it is not known, or takes nothing behind it")),
        }
    }
}

impl Action {
    /// Returns whether the viewer chooses by it what is in view.
    pub(super) const fn frames(&self) -> bool {
        matches!(self, Self::Pan(_) | Self::Zoom(..) | Self::Orbit | Self::Turn(_) | Self::Search(_))
    }

    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "fit" => Self::Fit,
            "deselect" => Self::Deselect,
            "orbit" => Self::Orbit,
            "layout" => Self::Layout,
            "pause" => Self::Pause,
            "live" => Self::Live,
            "undo" => Self::Undo,
            "help" => Self::Help,
            "state" => Self::State,
            "quit" => Self::Quit,
            _ => return None,
        })
    }
}

fn finite(text: &str) -> Option<f32> {
    text.parse().ok().filter(|number: &f32| number.is_finite())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_action() {
        let check = |line: &str, action| assert_eq!(line.parse(), Ok(action), "{line}");
        check("pan -3 4.5", Action::Pan(Vec2::new(-3.0, 4.5)));
        check(" zoom 2  10 20 ", Action::Zoom(2.0, Vec2::new(10.0, 20.0)));
        check("box 9 8 1 2", Action::Box(Rect::new(1.0, 2.0, 9.0, 8.0)));
        check("search two words", Action::Search("two words".to_owned()));
        check("kind", Action::Kind(None));
        check("deselect", Action::Deselect);
        check("step -5", Action::Step(-5));
        check("compare", Action::Compare(None));
        check("compare 7", Action::Compare(Some(7)));
        check("quit", Action::Quit);
        for text in ["12", "node:alice smith"] {
            check(&format!("go {text}"), Action::Go(text.parse().unwrap()));
        }
        check("record 3 my pictures", Action::Record(3, "my pictures".into()));
        let name = |component: &str, property: &str| PropertyName {
            component_type: component.to_owned(),
            property: property.to_owned(),
        };
        check("color Rating.stars", Action::Color(Some(name("Rating", "stars"))));
        check("size", Action::Size(None));
        let filter = |property: Option<&str>, value: Option<&str>| {
            Action::Filter(Some(Filter {
                component_type: "Rating".to_owned(),
                property: property.map(str::to_owned),
                value: value.map(str::to_owned),
            }))
        };
        check("filter Rating", filter(None, None));
        check("filter Rating.stars", filter(Some("stars"), None));
        check("filter Rating.stars=3 or 4", filter(Some("stars"), Some("3 or 4")));
    }

    #[test]
    fn what_is_no_action_says_why() {
        for line in [
            "",
            "pan 1",
            "pan 1 2 3",
            "zoom 0 1 1",
            "zoom NaN 1 1",
            "version -1",
            "fit 3",
            "jump",
            "search",
            "color a",
            "filter a=3",
            "go there",
            "record 3",
            "record 0 pictures",
            "loop",
        ] {
            assert!(line.parse::<Action>().is_err(), "{line}");
        }
        let error = "version x".parse::<Action>().unwrap_err();
        assert_eq!(error.to_string(), r#""version x" is no action: which version?"#);
    }
}
