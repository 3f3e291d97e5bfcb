//! Shape, colour and size of a node, as its kind and its components say.
//!
//! The component `Visual` has `color` (`"#rrggbb"` or one of twelve names), `shape` (a name of [`Shape`]) and `size` (a
//! radius in units of space). What it leaves out, or says in a way that is not understood, follows from the kind.

use cidgraph::{Properties, Value};

/// The component type that holds a node's look.
pub const VISUAL: &str = "Visual";

/// The radius of a node that says nothing, in units of space.
pub const RADIUS: f32 = 0.45;

/// The colour of an edge.
pub const EDGE_COLOR: u32 = rgba(0x8a, 0x94, 0xa6, 0xff);

/// Colours that tell kinds apart, also for those who see no red or no green (Okabe and Ito 2008, lightened).
const PALETTE: [u32; 8] = [
    rgba(0x56, 0xb4, 0xe9, 0xff),
    rgba(0xe6, 0x9f, 0x00, 0xff),
    rgba(0x2a, 0xc8, 0x9a, 0xff),
    rgba(0xf0, 0xe4, 0x42, 0xff),
    rgba(0x4d, 0x8f, 0xff, 0xff),
    rgba(0xf0, 0x72, 0x30, 0xff),
    rgba(0xe0, 0x8f, 0xc0, 0xff),
    rgba(0xd0, 0xd4, 0xdc, 0xff),
];

const NAMED: [(&str, u32); 12] = [
    ("black", rgba(0, 0, 0, 0xff)),
    ("white", rgba(0xff, 0xff, 0xff, 0xff)),
    ("gray", rgba(0x80, 0x80, 0x80, 0xff)),
    ("red", rgba(0xff, 0, 0, 0xff)),
    ("green", rgba(0, 0x80, 0, 0xff)),
    ("blue", rgba(0, 0, 0xff, 0xff)),
    ("yellow", rgba(0xff, 0xff, 0, 0xff)),
    ("orange", rgba(0xff, 0xa5, 0, 0xff)),
    ("purple", rgba(0x80, 0, 0x80, 0xff)),
    ("cyan", rgba(0, 0xff, 0xff, 0xff)),
    ("magenta", rgba(0xff, 0, 0xff, 0xff)),
    ("brown", rgba(0xa5, 0x2a, 0x2a, 0xff)),
];

/// The outline of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// `circle`.
    Circle = 0,
    /// `square`.
    Square = 1,
    /// `diamond`.
    Diamond = 2,
    /// `triangle`.
    Triangle = 3,
    /// `hexagon`.
    Hexagon = 4,
    /// `ring`.
    Ring = 5,
}

impl Shape {
    /// Returns the shape in the lowest byte of a record's bits.
    pub const fn of_bits(bits: u32) -> Self {
        match bits & 0xff {
            1 => Self::Square,
            2 => Self::Diamond,
            3 => Self::Triangle,
            4 => Self::Hexagon,
            5 => Self::Ring,
            _ => Self::Circle,
        }
    }
}

/// How a node looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeLook {
    /// As [`NodeRecord::color`](super::NodeRecord::color).
    pub color: u32,
    /// The outline.
    pub shape: Shape,
    /// In units of space.
    pub radius: f32,
}

/// Returns a colour of eight that are told apart, also by those who see no red or no green.
pub const fn palette(place: u16) -> u32 {
    PALETTE[place as usize % PALETTE.len()]
}

impl NodeLook {
    /// Returns the look of a kind, by its place among the kinds seen.
    pub const fn of_kind(kind: u16) -> Self {
        Self { color: palette(kind), shape: Shape::Circle, radius: RADIUS }
    }

    /// Takes over what a `Visual` component says.
    pub fn take(&mut self, visual: &Properties) {
        if let Some(color) = visual.get("color").and_then(text).and_then(color) {
            self.color = color;
        }
        if let Some(shape) = visual.get("shape").and_then(text).and_then(shape) {
            self.shape = shape;
        }
        let size = visual.get("size").and_then(Value::as_f64).map(nearest);
        if let Some(size) = size.filter(|size| size.is_normal() && *size > 0.0) {
            self.radius = size;
        }
    }
}

/// Returns the nearest 32-bit float.
#[expect(clippy::cast_possible_truncation, reason = "the picture needs no more")]
pub const fn nearest(number: f64) -> f32 {
    number as f32
}

const fn rgba(red: u8, green: u8, blue: u8, opacity: u8) -> u32 {
    u32::from_le_bytes([red, green, blue, opacity])
}

fn text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text.as_str()) } else { None }
}

fn color(text: &str) -> Option<u32> {
    let Some(digits) = text.strip_prefix('#') else {
        return NAMED.iter().find(|(name, _)| *name == text).map(|(_, color)| *color);
    };
    let is_number = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some(rgba(red, green, blue, 0xff))
}

fn shape(text: &str) -> Option<Shape> {
    Some(match text {
        "circle" => Shape::Circle,
        "square" => Shape::Square,
        "diamond" => Shape::Diamond,
        "triangle" => Shape::Triangle,
        "hexagon" => Shape::Hexagon,
        "ring" => Shape::Ring,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pairs: &[(&str, &str)]) -> NodeLook {
        let mut look = NodeLook::of_kind(0);
        let mut properties = Properties::new();
        for (name, value) in pairs {
            properties.insert(*name, *value);
        }
        look.take(&properties);
        look
    }

    #[test]
    fn colours_are_names_or_hexadecimal() {
        assert_eq!(look(&[("color", "#0a0B0c")]).color, rgba(10, 11, 12, 255));
        assert_eq!(look(&[("color", "red")]).color, rgba(255, 0, 0, 255));
        for unknown in ["#12345", "#1234567", "#12345g", "#+12345", "reddish", ""] {
            assert_eq!(look(&[("color", unknown)]).color, PALETTE[0], "{unknown}");
        }
    }

    #[test]
    fn what_visual_leaves_out_follows_from_the_kind() {
        let taken = look(&[("shape", "ring")]);
        assert_eq!(taken, NodeLook { shape: Shape::Ring, ..NodeLook::of_kind(0) });
    }
}
