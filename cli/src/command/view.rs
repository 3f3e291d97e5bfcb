//! `cidgraph view`: the view, a program of its own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;

use crate::failure::Failure;
use crate::session::Session;

/// The program that draws.
const PROGRAM: &str = "cidgraph-viz";

/// Show graphs in a window, live and through time: runs `cidgraph-viz`
///
/// The program is looked for beside this one, then where the system looks for programs; it is built by
/// `cargo build --release -p cidgraph-viz`. Everything behind `view` is for it; `cidgraph-viz --help` says what it takes.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:\n  cidgraph view\n  cidgraph view --generate 100000\n  cidgraph view history.car --screenshot history.png"
)]
pub struct Arguments {
    /// What `cidgraph-viz` is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<OsString>,
}

/// Runs the subcommand: becomes the other program.
///
/// # Errors
/// [`Failure::Usage`] where there is no such program.
pub fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let beside = std::env::current_exe().ok().and_then(|this| Some(this.parent()?.join(PROGRAM)));
    let program =
        beside.filter(|beside| beside.is_file()).map_or_else(|| PROGRAM.into(), std::path::PathBuf::into_os_string);
    let store = session.options.store.arguments();
    let error = Command::new(program).args(store).args(&arguments.arguments).exec();
    let reason = format!("{PROGRAM} cannot be run ({error}): `cargo build --release -p cidgraph-viz` builds it");
    Err(Failure::usage(reason))
}
