//! Actions from a file, one a frame.

use std::collections::VecDeque;
use std::io::Write;

use bevy::ecs::prelude::*;

use crate::headless::{FRAMES_TO_A_PICTURE, FRAMES_TO_REST};
use crate::plugin::GraphBridge;
use crate::scene::GraphScene;
use crate::source::Source;

use super::action::{Action, InvalidAction};
use super::layouts::Layouts;
use super::mistake::Mistake;

/// What is still to be done.
#[derive(Resource, Debug, Default, PartialEq)]
pub struct Script {
    /// Each with the number of its line, from 1.
    actions: VecDeque<(usize, Action)>,
    /// The line of the action that was begun last.
    line: usize,
    frames: u32,
    /// Whether all was there that the store held when it was opened.
    has_begun: bool,
    /// Whether the picture that is taken next was waited for.
    is_at_rest: bool,
    mistakes: usize,
}

/// The lines of a script that are no actions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(|(line, why)| format!("line {line}: {why}")).collect::<Vec<_>>().join("\n"))]
pub struct InvalidScript(
    /// Each with its number, from 1, and what is wrong with it; there is one.
    pub Vec<(usize, InvalidAction)>,
);

impl Script {
    /// Reads a script: a line an action; empty lines and those that begin with `#` are none. It ends with
    /// [`Action::Quit`], whether it says so or not.
    ///
    /// # Errors
    /// All lines that are no actions.
    pub fn read(script: &str) -> Result<Self, InvalidScript> {
        let lines = (1..).zip(script.lines().map(str::trim));
        let (mut actions, mut invalid) = (VecDeque::new(), Vec::new());
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            match line.parse() {
                Ok(action) => actions.push_back((number, action)),
                Err(why) => invalid.push((number, why)),
            }
        }
        if !invalid.is_empty() {
            return Err(InvalidScript(invalid));
        }
        actions.push_back((script.lines().count(), Action::Quit));
        Ok(Self { actions, ..Self::default() })
    }

    /// Returns how many things could not be done.
    pub const fn mistakes(&self) -> usize {
        self.mistakes
    }
}

/// Writes the next action, once what the last one asked of the store was answered; the first, once all is there and laid
/// out that the store held when it was opened.
pub(super) fn next_action(
    script: Option<ResMut<Script>>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    layouts: Res<Layouts>,
    scene: Res<GraphScene>,
    mut actions: MessageWriter<Action>,
) {
    let Some(mut script) = script else { return };
    if !script.has_begun {
        let is_behind = source.as_ref().zip(bridge).is_some_and(|(source, bridge)| source.is_behind(&bridge));
        script.has_begun = !is_behind && layouts.is_at_rest(&scene);
        if !script.has_begun {
            return;
        }
    }
    if script.frames > 0 {
        script.frames -= 1;
        return;
    }
    if source.is_some_and(|source| source.is_waiting()) {
        return;
    }
    let is_picture = matches!(script.actions.front(), Some((_, Action::Screenshot(_))));
    if is_picture && !script.is_at_rest {
        (script.frames, script.is_at_rest) = (FRAMES_TO_REST, true);
        return;
    }
    script.is_at_rest = false;
    let Some((line, action)) = script.actions.pop_front() else { return };
    script.line = line;
    if let Action::Frames(frames) = action {
        script.frames = frames;
    }
    if matches!(action, Action::Screenshot(_)) {
        script.frames = FRAMES_TO_A_PICTURE;
    }
    if let Action::Record(frames, _) = action {
        script.frames = frames.saturating_add(FRAMES_TO_A_PICTURE);
    }
    actions.write(action);
}

/// Counts what could not be done, and says it on standard error.
pub(super) fn note_mistakes(script: Option<ResMut<Script>>, mut mistakes: MessageReader<Mistake>) {
    let Some(mut script) = script else { return };
    for Mistake(text) in mistakes.read() {
        script.mistakes += 1;
        // Where nobody reads it, the exit code says it too.
        writeln!(std::io::stderr().lock(), "cidgraph-viz: line {}: {text}", script.line).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_comments_and_ends() {
        let script = Script::read("# first\n\nfit\n orbit \n").expect("it is one");
        assert_eq!(script.actions, [(3, Action::Fit), (4, Action::Orbit), (4, Action::Quit)]);
    }

    #[test]
    fn lines_that_are_no_actions_are_named() {
        let error = Script::read("fit\n\nversion x\njump").expect_err("it is none");
        let said =
            ["line 3: \"version x\" is no action: which version?", "line 4: \"jump\" is no action: it is not known"];
        assert_eq!(error.to_string(), said.join("\n"));
    }
}
