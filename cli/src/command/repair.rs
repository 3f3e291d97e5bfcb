//! `cidgraph repair`: restores what is damaged or missing in the copies of a stream.

use std::path::{Path, PathBuf};

use cidgraph::SealedEvent;
use cidgraph_store_jetstream::replica::{Remedy, Repair, Repaired, StreamSurvey, plan, repair};
use clap::Args;
use serde_json::{Value as Json, json};

use super::car::read_events;
use super::verify::{print_survey, survey_object};
use crate::failure::Failure;
use crate::session::Session;
use crate::store::StoreKind;

/// Restore what is damaged or missing in the servers' copies of a stream, from a whole copy or an export
///
/// Reads every copy to its end first and touches none before what it is restored from has been verified. A server whose
/// copy is bad takes the leader's anew. Where no copy is whole the stream is made anew from all copies and --from: stop
/// all writers, and name a file with --keep that holds the whole log meanwhile. Versions, CIDs and bytes never change.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cidgraph repair --store jetstream --nats-url nats://127.0.0.1:4222 --dry-run\n  \
    cidgraph repair --store jetstream --nats-url nats://127.0.0.1:4222 --from backup.car --keep whole.car")]
pub struct Arguments {
    /// A CAR file of events, as `export car` writes it, for what no copy has; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// A file, not there yet, that takes the whole log where the stream must be made anew
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure::Store`] where the copies cannot be read or made whole, [`Failure::Car`] and its like where a file cannot
/// be read, [`Failure::Usage`] for a store without copies.
pub fn run(session: &mut Session, arguments: &Arguments) -> Result<(), Failure> {
    session.output.outlive_reader();
    if session.options.store.kind == StoreKind::Memory {
        return Err(Failure::usage("only a store on servers can be repaired: give --store jetstream"));
    }
    let config = session.options.store.jetstream()?;
    let mut supplement = Vec::new();
    for file in &arguments.from {
        read(file, &mut supplement)?;
    }
    let with = Repair { supplement, keep: arguments.keep.clone() };
    if arguments.dry_run {
        let (found, remedies) = session.wait(plan(&config, &with))?;
        return print(session, &found, &remedies, None);
    }
    let Repaired { before, remedies, after } = session.wait(repair(&config, &with))?;
    print(session, &before, &remedies, Some(&after))
}

/// Reads the events of a file, each with the bytes that its CID names.
fn read(file: &Path, events: &mut Vec<SealedEvent>) -> Result<(), Failure> {
    for stored in read_events(file)? {
        let stored = stored?;
        cidgraph::chain::verify_block(&stored.event, None).map_err(Failure::Chain)?;
        events.push(stored.event);
    }
    Ok(())
}

fn print(
    session: &mut Session,
    before: &StreamSurvey,
    remedies: &[Remedy],
    after: Option<&StreamSurvey>,
) -> Result<(), Failure> {
    if session.output.json {
        let object = json!({
            "before": survey_object(before),
            "remedies": remedies.iter().map(remedy_object).collect::<Vec<_>>(),
            "after": after.map(survey_object),
        });
        return Ok(session.output.object(&object)?);
    }
    print_survey(session, before)?;
    let tense = if after.is_some() { "done" } else { "to do" };
    if remedies.is_empty() {
        session.output.line(format_args!("{tense}: nothing, every copy is whole"))?;
    }
    for remedy in remedies {
        session.output.line(format_args!("{tense}: {}", remedy_text(remedy)))?;
    }
    after.map_or(Ok(()), |after| print_survey(session, after))
}

fn remedy_text(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Resync { server } => format!("server {server} takes the leader's copy anew"),
        Remedy::Append { events } => format!("{events} events are appended"),
        Remedy::Rebuild { events, supplied, sequences_kept } => format!(
            "the stream is made anew with {events} events, {supplied} of them from elsewhere; sequences {}",
            if *sequences_kept { "stay" } else { "change: places that readers keep hold no longer" }
        ),
    }
}

fn remedy_object(remedy: &Remedy) -> Json {
    match remedy {
        Remedy::Resync { server } => json!({ "remedy": "resync", "server": server }),
        Remedy::Append { events } => json!({ "remedy": "append", "events": events }),
        Remedy::Rebuild { events, supplied, sequences_kept } => json!({
            "remedy": "rebuild",
            "events": events,
            "supplied": supplied,
            "sequences_kept": sequences_kept,
        }),
    }
}
