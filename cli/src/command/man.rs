//! `cidgraph man`: the manual page.

use clap::{Args, Command};

use crate::failure::Failure;
use crate::session::Session;

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cidgraph man | man -l -\n  cidgraph man import git | man -l -")]
pub struct Arguments {
    /// The subcommand whose page is printed
    pub subcommand: Vec<String>,
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Usage`] for a subcommand that is not there.
pub fn run(session: &mut Session, arguments: &Arguments, mut command: Command) -> Result<(), Failure> {
    command.build();
    let mut page = &command;
    for name in &arguments.subcommand {
        page = page
            .find_subcommand(name)
            .ok_or_else(|| Failure::usage(format!("no subcommand {:?}", arguments.subcommand.join(" "))))?;
    }
    clap_mangen::Man::new(page.clone()).render(session.output.raw())?;
    Ok(())
}
