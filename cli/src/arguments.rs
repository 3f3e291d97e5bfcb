//! The command line: what there is to say, and who does it.

use std::ffi::OsString;

use cidgraph::snapshot::guarded;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::command::{
    apply, archive, bench, bisect, check_proof, completions, diff, drill, export, graphs, history, import, log, man,
    prove, query, repair, replay, show, snapshot, stats, verify, view, why,
};
use crate::failure::{Failure, exit_codes};
use crate::output::note;
use crate::session::{Options, Session};

/// An event-sourced property graph: every change a content-addressed event
#[derive(Debug, Parser)]
#[command(name = "cidgraph", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = exit_codes())]
pub struct CommandLine {
    /// What every subcommand takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "each variant is documented by its arguments, which clap shows")]
pub enum Command {
    Import(import::Arguments),
    Apply(apply::Arguments),
    Graphs(graphs::Arguments),
    Log(log::Arguments),
    Show(show::Arguments),
    Stats(stats::Arguments),
    Query(query::Arguments),
    Diff(diff::Arguments),
    History(history::Arguments),
    Why(why::Arguments),
    View(view::Arguments),
    Replay(replay::Arguments),
    Export(export::Arguments),
    Snapshot(snapshot::Arguments),
    Verify(verify::Arguments),
    Bisect(bisect::Arguments),
    Prove(prove::Arguments),
    CheckProof(check_proof::Arguments),
    Archive(archive::Arguments),
    Repair(repair::Arguments),
    Bench(bench::Arguments),
    Drill(drill::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs the command with its arguments, the program's name first, and returns the exit code; errors go to standard
/// error as one line.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => return report(&error),
    };
    let servers = line.options.store.servers();
    match execute(line) {
        Ok(()) => 0,
        Err(failure) => {
            let code = failure.exit_code();
            if code != 0 {
                note(format_args!("cidgraph: {}", located(&failure, &servers).replace('\n', " ")));
            }
            code
        }
    }
}

/// Returns what a failure says; one that may be the servers' names them.
fn located(failure: &Failure, servers: &str) -> String {
    let text = failure.to_string();
    if !failure.concerns_servers() || servers.is_empty() || text.contains(servers) {
        return text;
    }
    format!("{text} (servers {servers})")
}

/// Prints what clap answers instead of running: help and version as they are, an error as one line.
fn report(error: &clap::Error) -> u8 {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        drop(error.print());
        return u8::from(!asked);
    }
    let text = error.render().to_string();
    let reason = text.lines().map(str::trim).take_while(|line| !line.is_empty() && !line.starts_with("Usage:"));
    let reason = reason.collect::<Vec<_>>().join(" ");
    note(format_args!("cidgraph: {}; see --help", reason.strip_prefix("error: ").unwrap_or(&reason)));
    1
}

fn execute(line: CommandLine) -> Result<(), Failure> {
    let mut session = Session::new(line.options)?;
    let outcome = guarded(|| run_command(&mut session, &line.command)).unwrap_or_else(|damage| Err(damage.into()));
    session.close();
    let finished = session.output.finish();
    outcome?;
    Ok(finished?)
}

fn run_command(session: &mut Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Import(arguments) => import::run(session, arguments),
        Command::Apply(arguments) => apply::run(session, arguments),
        Command::Graphs(arguments) => graphs::run(session, arguments),
        Command::Log(arguments) => log::run(session, arguments),
        Command::Show(arguments) => show::run(session, arguments),
        Command::Stats(arguments) => stats::run(session, arguments),
        Command::Query(arguments) => query::run(session, arguments),
        Command::Diff(arguments) => diff::run(session, arguments),
        Command::History(arguments) => history::run(session, arguments),
        Command::Why(arguments) => why::run(session, arguments),
        Command::View(arguments) => view::run(session, arguments),
        Command::Replay(arguments) => replay::run(session, arguments),
        Command::Export(arguments) => export::run(session, arguments),
        Command::Snapshot(arguments) => snapshot::run(session, arguments),
        Command::Verify(arguments) => verify::run(session, arguments),
        Command::Bisect(arguments) => bisect::run(session, arguments),
        Command::Prove(arguments) => prove::run(session, arguments),
        Command::CheckProof(arguments) => check_proof::run(session, arguments),
        Command::Archive(arguments) => archive::run(session, arguments),
        Command::Repair(arguments) => repair::run(session, arguments),
        Command::Bench(arguments) => bench::run(session, arguments),
        Command::Drill(arguments) => drill::run(session, arguments),
        Command::Completions(arguments) => completions::run(session, arguments, CommandLine::command()),
        Command::Man(arguments) => man::run(session, arguments, CommandLine::command()),
    }
}
