//! State machines as pictures: the Order of the engine's examples, and a workflow node.

use bevy::prelude::Transform;
use cidgraph_viz::headless::Picture;
use cidgraph_viz::plugin::{NamedStates, StateMachineVisual};

use super::stage::{SIZE, software};

#[path = "../../../engine/examples/order/aggregate.rs"]
#[expect(dead_code, reason = "the example has commands that no picture needs")]
mod order;

use order::{Item, Order, OrderEvent};

impl NamedStates for Order {
    fn states() -> &'static [&'static str] {
        &["draft", "submitted", "validated", "fulfilled", "cancelled"]
    }

    fn transitions() -> &'static [(usize, usize)] {
        &[(0, 1), (1, 2), (2, 3), (0, 4), (1, 4), (2, 4)]
    }

    fn state(&self) -> usize {
        match self {
            Self::Draft => 0,
            Self::Submitted { .. } => 1,
            Self::Validated { .. } => 2,
            Self::Fulfilled { .. } => 3,
            Self::Cancelled { .. } => 4,
        }
    }
}

#[test]
fn a_transition_from_a_state_to_itself_is_a_circle_outside_of_it() {
    let drawn = |transitions: &[(usize, usize)]| {
        let mut view = software()?;
        let states = ["one", "other"].map(str::to_owned);
        let visual = StateMachineVisual::new(states, transitions.iter().copied(), 1);
        view.world().spawn((visual, Transform::from_scale(bevy::math::Vec3::splat(0.3))));
        view.frame();
        Some(view.picture())
    };
    let Some((without, with)) = drawn(&[]).zip(drawn(&[(0, 0)])) else { return };
    assert!(without.difference(&with, 24) > 0.0);
}

/// Counts the pixels of the colour of what is lit, left and right of the middle.
fn lit(picture: &Picture) -> [usize; 2] {
    let is_lit = |[red, green, blue, _]: [u8; 4]| red > 180 && green > 140 && blue < 140;
    let count = |from: u32, to: u32| {
        (from..to).flat_map(|x| (0..SIZE.y).map(move |y| (x, y))).filter(|(x, y)| is_lit(picture.pixel(*x, *y))).count()
    };
    [count(0, SIZE.x / 2), count(SIZE.x / 2, SIZE.x)]
}

#[test]
fn the_current_state_of_an_order_is_lit() {
    use cidgraph::StateMachineAggregate;

    let Some(mut view) = software() else { return };
    let visual = StateMachineVisual::of::<Order>();
    assert_eq!(visual.current(), "draft");
    let scale = Transform::from_scale(bevy::math::Vec3::splat(0.3));
    let picture = view.world().spawn((visual, scale)).id();
    let items = vec![Item { article: "book".into(), quantity: 1 }];
    let mut order = Order::initial();
    order.apply(&OrderEvent::Submitted { items });
    view.world().get_mut::<StateMachineVisual>(picture).unwrap().follow(&order);
    assert_eq!(view.world().get::<StateMachineVisual>(picture).unwrap().current(), "submitted");
    view.frame();
    let [_, right] = lit(&view.picture());
    assert!(right > 20, "the second state is right of the middle: {right} pixels are lit");

    order.apply(&OrderEvent::Cancelled { reason: "too late".into() });
    view.world().get_mut::<StateMachineVisual>(picture).unwrap().follow(&order);
    while view.world().get::<StateMachineVisual>(picture).unwrap().is_flashing() {
        view.frame();
    }
    let [left, right] = lit(&view.picture());
    assert!(left > 20 && right == 0, "the last state is left of the middle: {left} and {right} pixels are lit");
}
