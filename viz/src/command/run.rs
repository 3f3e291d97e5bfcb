//! Which of its parts the program runs.

use super::arguments::{Arguments, Command};
use super::bench::bench;
use super::failure::Failure;
use super::show::show;

/// Does what the arguments say.
///
/// # Errors
/// [`Failure`].
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Some(Command::Bench(arguments)) => bench(arguments),
        None => show(arguments),
    }
}
