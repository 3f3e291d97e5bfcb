//! The actions that move the camera: flat from above, or around a place in perspective.

use std::f32::consts::FRAC_PI_2;

use bevy::ecs::prelude::*;
use bevy::math::{Vec2, Vec3};
use bevy::prelude::{Camera, OrthographicProjection, PerspectiveProjection, Projection, Transform};

use crate::framing::{Framed, Insets};
use crate::render::GraphCamera;
use crate::scene::GraphScene;

use super::action::Action;
use super::eye::Eye;
use super::mistake::Mistake;
use super::selection::Selection;

/// The factor between a unit of space and a pixel, at its ends.
const SCALE_MIN: f32 = 1e-4;
const SCALE_MAX: f32 = 1e6;

/// What is shown around what was found, units of space.
const FOUND_MARGIN: f32 = 10.0;

/// How far from the pole and the plane a viewer from aside stays, radians.
const PITCH_MIN: f32 = 0.05;

/// A camera in perspective goes around a place.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct Orbit {
    /// The place.
    pub focus: Vec3,
    /// How far the viewer is from it.
    pub distance: f32,
    /// Around the axis that comes out of the flat picture, radians.
    pub yaw: f32,
    /// Above the plane of the flat picture, radians; a quarter turn is straight from above.
    pub pitch: f32,
}

impl Orbit {
    fn transform(&self) -> Transform {
        let (sin, cos) = self.pitch.sin_cos();
        let aside = Vec3::new(self.yaw.sin(), -self.yaw.cos(), 0.0);
        Transform::from_translation(self.focus + (aside * cos + Vec3::Z * sin) * self.distance)
            .looking_at(self.focus, Vec3::Z)
    }

    fn turn(&mut self, degrees: Vec2) {
        self.yaw -= degrees.x.to_radians();
        self.pitch = (self.pitch + degrees.y.to_radians()).clamp(PITCH_MIN, FRAC_PI_2 - PITCH_MIN);
    }
}

type Cameras<'w, 's> = Single<
    'w,
    's,
    (Entity, &'static Camera, &'static mut Transform, &'static mut Projection, Option<&'static mut Orbit>),
    With<GraphCamera>,
>;

/// Moves the camera.
pub(super) fn move_camera(
    mut commands: Commands,
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    insets: Res<Insets>,
    camera: Cameras<'_, '_>,
    mut mistakes: MessageWriter<Mistake>,
) {
    let (entity, camera, mut transform, mut projection, orbit) = camera.into_inner();
    let was_orbit = orbit.as_deref().copied();
    let mut orbiting = was_orbit;
    for action in actions.read() {
        let Some(eye) = Eye::of(camera, &transform, &projection) else { return };
        let shown = shown(&scene, &selection, action);
        if matches!(action, Action::Turn(_)) && orbiting.is_none() {
            mistakes
                .write(Mistake("what is seen from straight above does not turn: orbit looks from aside".to_owned()));
        }
        match &mut orbiting {
            Some(orbit) => {
                move_around(orbit, action, &eye, shown, cone(&projection, eye.size));
                *transform = orbit.transform();
            }
            None => move_flat(action, &eye, shown, *insets, &mut transform, &mut projection),
        }
        if *action == Action::Orbit {
            orbiting = toggle(orbiting, &eye, &mut transform, &mut projection);
        }
    }
    match (orbiting, was_orbit) {
        (Some(now), before) if Some(now) != before => drop(commands.entity(entity).insert(now)),
        (None, Some(_)) => drop(commands.entity(entity).remove::<Orbit>()),
        _ => {}
    }
}

/// Returns what an action wants to be in view.
fn shown(scene: &GraphScene, selection: &Selection, action: &Action) -> Option<Framed> {
    if *action == Action::Fit {
        return Framed::all(scene);
    }
    let is_search = matches!(action, Action::Search(_));
    let found = is_search.then(|| Framed::of(scene, selection.nodes().iter().copied())).flatten()?;
    Some(Framed { middles: found.middles.inflate(FOUND_MARGIN + found.radius * 2.0), ..found })
}

fn move_flat(
    action: &Action,
    eye: &Eye,
    shown: Option<Framed>,
    insets: Insets,
    transform: &mut Transform,
    projection: &mut Projection,
) {
    let Projection::Orthographic(flat) = projection else { return };
    if let Action::Pan(by) = action {
        transform.translation -= (*by * Vec2::new(1.0, -1.0) * flat.scale).extend(0.0);
    }
    if let Action::Zoom(factor, pixel) = action {
        let scale = (flat.scale / factor).clamp(SCALE_MIN, SCALE_MAX);
        let kept = eye.beside(*pixel, Vec3::ZERO).truncate();
        let center = kept + (transform.translation.truncate() - kept) * (scale / flat.scale);
        transform.translation = center.extend(transform.translation.z);
        flat.scale = scale;
    }
    if let Some(shown) = shown {
        shown.fill(eye.size, insets, transform, projection);
    }
}

/// Returns the angle of the cone that a view in perspective shows whole, radians.
fn cone(projection: &Projection, size: Vec2) -> f32 {
    let Projection::Perspective(deep) = projection else { return FRAC_PI_2 };
    2.0 * ((deep.fov / 2.0).tan() * (size.x / size.y).min(1.0)).atan()
}

fn move_around(orbit: &mut Orbit, action: &Action, eye: &Eye, shown: Option<Framed>, cone: f32) {
    if let Action::Pan(by) = action {
        let center = eye.size / 2.0;
        orbit.focus += eye.beside(center, orbit.focus) - eye.beside(center + *by, orbit.focus);
    }
    if let Action::Zoom(factor, pixel) = action {
        let kept = eye.beside(*pixel, orbit.focus);
        let distance = (orbit.distance / factor).clamp(SCALE_MIN, SCALE_MAX);
        orbit.focus = kept + (orbit.focus - kept) * (distance / orbit.distance);
        orbit.distance = distance;
    }
    if let Action::Turn(degrees) = action {
        orbit.turn(*degrees);
    }
    if let Some(shown) = shown {
        orbit.focus = shown.middles.center().extend(0.0);
        orbit.distance = shown.distance(cone);
    }
}

/// Looks from aside at what is in the middle, or flat again, with what is in the middle as large as it was.
fn toggle(orbiting: Option<Orbit>, eye: &Eye, transform: &mut Transform, projection: &mut Projection) -> Option<Orbit> {
    let tangent = |deep: &PerspectiveProjection| (deep.fov / 2.0).tan();
    match (orbiting, &*projection) {
        (None, Projection::Orthographic(flat)) => {
            let deep = PerspectiveProjection { near: 0.01, far: 1e9, ..PerspectiveProjection::default() };
            let distance = flat.scale * eye.size.y / 2.0 / tangent(&deep);
            let focus = transform.translation.truncate().extend(0.0);
            let orbit = Orbit { focus, distance, yaw: 0.0, pitch: 1.0 };
            *transform = orbit.transform();
            *projection = Projection::Perspective(deep);
            Some(orbit)
        }
        (Some(orbit), Projection::Perspective(deep)) => {
            let scale = orbit.distance * tangent(deep) / (eye.size.y / 2.0);
            *transform = Transform::from_translation(orbit.focus.truncate().extend(0.0));
            *projection =
                Projection::Orthographic(OrthographicProjection { scale, ..OrthographicProjection::default_2d() });
            None
        }
        (orbiting, _) => orbiting,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use bevy::math::Rect;

    use super::*;

    const SIZE: Vec2 = Vec2::new(800.0, 600.0);

    fn camera() -> (Transform, Projection) {
        let flat = OrthographicProjection { scale: 0.25, ..OrthographicProjection::default_2d() };
        (Transform::from_xyz(5.0, 6.0, 0.0), Projection::Orthographic(flat))
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let pixel = Vec2::new(100.0, 450.0);
        let (mut transform, mut projection) = camera();
        let before = Eye::looking(&transform, &projection, SIZE).unwrap();
        move_flat(&Action::Zoom(3.0, pixel), &before, None, Insets::default(), &mut transform, &mut projection);
        let after = Eye::looking(&transform, &projection, SIZE).unwrap();
        assert!(before.beside(pixel, Vec3::ZERO).distance(after.beside(pixel, Vec3::ZERO)) < 1e-3);
    }

    #[test]
    fn looking_from_aside_and_back_changes_nothing() {
        let (mut transform, mut projection) = camera();
        let flat = Eye::looking(&transform, &projection, SIZE).unwrap();
        let mut orbit = toggle(None, &flat, &mut transform, &mut projection);
        let deep = Eye::looking(&transform, &projection, SIZE).unwrap();
        let (middle, unit_px) = deep.pixel(Vec3::new(5.0, 6.0, 0.0)).unwrap();
        assert!(middle.distance(SIZE / 2.0) < 1e-2 && (unit_px - 4.0).abs() < 1e-2, "{middle} {unit_px}");
        orbit.as_mut().unwrap().turn(Vec2::new(90.0, 500.0));
        assert_eq!(toggle(orbit, &deep, &mut transform, &mut projection), None);
        let Projection::Orthographic(again) = projection else { panic!("it is flat again") };
        assert!((again.scale - 0.25).abs() < 1e-4 && transform.translation.distance(Vec3::new(5.0, 6.0, 0.0)) < 1e-3);
    }

    #[test]
    fn all_is_seen_from_every_side() {
        for size in [SIZE, Vec2::new(300.0, 900.0)] {
            let (mut transform, mut projection) = camera();
            let flat = Eye::looking(&transform, &projection, size).unwrap();
            let mut orbit = toggle(None, &flat, &mut transform, &mut projection).unwrap();
            let framed = Framed { middles: Rect::new(-30.0, -5.0, 50.0, 40.0), radius: 1.0, height: 20.0 };
            for turn in [Vec2::ZERO, Vec2::new(45.0, -90.0), Vec2::new(100.0, 30.0)] {
                orbit.turn(turn);
                move_around(&mut orbit, &Action::Fit, &flat, Some(framed), cone(&projection, size));
                let eye = Eye::looking(&orbit.transform(), &projection, size).unwrap();
                for corner in [[-30.0, -5.0, 20.0], [50.0, 40.0, -20.0], [-30.0, 40.0, 0.0], [50.0, -5.0, 20.0]] {
                    let seen = eye.pixel(Vec3::from(corner)).is_some_and(|(pixel, _)| eye.has(pixel));
                    assert!(seen, "{corner:?} {turn} {size}");
                }
            }
        }
    }

    #[test]
    fn panning_around_moves_the_focus_under_the_pointer() {
        let (mut transform, mut projection) = camera();
        let flat = Eye::looking(&transform, &projection, SIZE).unwrap();
        let mut orbit = toggle(None, &flat, &mut transform, &mut projection).unwrap();
        let eye = Eye::looking(&orbit.transform(), &projection, SIZE).unwrap();
        let focus = orbit.focus;
        move_around(&mut orbit, &Action::Pan(Vec2::new(30.0, -20.0)), &eye, None, 1.0);
        let eye = Eye::looking(&orbit.transform(), &projection, SIZE).unwrap();
        let (pixel, _) = eye.pixel(focus).unwrap();
        assert!(pixel.distance(SIZE / 2.0 + Vec2::new(30.0, -20.0)) < 1.0, "{pixel}");
    }
}
