//! `cidgraph completions`: what a shell completes.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::session::Session;

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cidgraph completions bash > /etc/bash_completion.d/cidgraph")]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the subcommand.
///
/// # Errors
/// Where standard output fails.
pub fn run(session: &mut Session, arguments: &Arguments, mut command: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "cidgraph", &mut script);
    Ok(session.output.raw().write_all(&script)?)
}
