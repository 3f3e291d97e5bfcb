//! A run of a drill, from its arguments to its table.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use cidgraph_harness::drill::{
    self, Drill, DrillError, DrillPlan, DrillReport, DrillSurroundings, ServerStores, StoreTerms, write_until_killed,
};

use super::arguments::{Arguments, Named};
use super::stores::JetStreamStores;
use crate::command::bench::{Interruption, Stages};
use crate::failure::Failure;
use crate::session::Session;

/// How long a call of the writing process may take.
const WRITER_DEADLINE: Duration = Duration::from_secs(20);

/// The exit code of a command that was interrupted.
const INTERRUPTED: i32 = 130;

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Drill`] where something acknowledged is lost or another condition does not hold; [`Failure::Usage`] where
/// the drill cannot go on, [`Failure::Store`].
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    let (drill, size) = match &arguments.drill {
        Named::KillClient(size) => (Drill::KillClient, size),
        Named::KillServer(size) => (Drill::KillServer, size),
        Named::Failover(size) => (Drill::Failover, size),
        Named::Pause(size) => (Drill::Pause, size),
        Named::Corrupt(size) => (Drill::Corrupt, size),
        Named::Slow(size) => (Drill::Slow, size),
        Named::WriteUntilKilled { url, writers } => return write(session, url, *writers),
    };
    let report = hold(session, &size.plan(drill))?;
    if session.output.json {
        session.output.object(&serde_json::to_value(&report).expect("a report's fields have names"))?;
    } else {
        session.output.line(&report)?;
    }
    if report.has_passed() { Ok(()) } else { Err(Failure::Drill { drill: drill.name() }) }
}

/// Holds a drill; an interruption ends it, its servers first.
fn hold(session: &Session, plan: &DrillPlan) -> Result<DrillReport, Failure> {
    let stages = Stages::start(session.options.progress);
    let failed = |source| Failure::usage(format!("the drill cannot start: {source}"));
    let program = std::env::current_exe().map_err(failed)?;
    let surroundings = DrillSurroundings {
        stores: &JetStreamStores,
        writer: writer(program, plan.writers),
        progress: &|stage| stages.show(stage),
    };
    let held = session.wait(async {
        let mut interruption = Interruption::listen().map_err(failed)?;
        tokio::select! {
            report = drill::run(plan, &surroundings) => Ok(Some(report)),
            () = interruption.heard() => Ok::<_, Failure>(None),
        }
    })?;
    stages.finish();
    let Some(report) = held else { std::process::exit(INTERRUPTED) };
    report.map_err(|error| match error {
        DrillError::Store(error) => Failure::Store(error),
        DrillError::Nats(_)
        | DrillError::Writer { .. }
        | DrillError::Certificate { .. }
        | DrillError::Unsupported { .. } => Failure::usage(format!("the drill stopped: {error}")),
    })
}

/// Makes the command of a process that writes to a store until it is killed: this program again.
fn writer(program: PathBuf, writers: u64) -> drill::MakeWriter {
    Box::new(move |url| {
        let mut command = Command::new(&program);
        command.args(["drill", "write-until-killed", url, "--writers"]).arg(writers.to_string());
        command
    })
}

fn write(session: &Session, url: &str, writers: u64) -> Result<(), Failure> {
    let terms =
        StoreTerms { urls: vec![url.to_owned()], monitor_urls: Vec::new(), replicas: 1, deadline: WRITER_DEADLINE };
    let mut output = std::io::stdout();
    Ok(session.wait(async {
        let store = JetStreamStores.open(terms).await?;
        write_until_killed(store, writers, &mut output).await
    })?)
}
