//! `verify --each-replica`: every server's own copy, beside the others.

use cidgraph_store_jetstream::replica::{ReplicaSurvey, StreamSurvey, survey_replicas};
use serde_json::{Value as Json, json};

use super::found::damage_object;
use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;
use crate::store::StoreKind;

/// Verifies every copy of the stream.
pub(super) fn verify_replicas(session: &mut Session) -> Result<(), Failure> {
    if session.options.store.kind == StoreKind::Memory {
        return Err(Failure::usage("only a store on servers has copies: give --store jetstream"));
    }
    let config = session.options.store.jetstream()?;
    let survey = session.wait(survey_replicas(&config))?;
    print_survey(session, &survey)?;
    let broken = survey.replicas.iter().filter(|replica| replica.is_broken()).count();
    let unreachable: Vec<&str> = survey.replicas.iter().filter_map(unreachable).collect();
    match (broken, unreachable.is_empty()) {
        (0, true) => Ok(()),
        (0, false) => Err(Failure::Unreached { servers: unreachable.join(", ") }),
        (broken, _) => Err(Failure::Broken { broken }),
    }
}

fn unreachable(replica: &ReplicaSurvey) -> Option<&str> {
    replica.unreachable.as_ref().map(|_| replica.server.as_str())
}

/// Returns how many events are bad in a copy: its own, and the first of each aggregate that no copy has.
fn bad_events(replica: &ReplicaSurvey, survey: &StreamSurvey) -> u64 {
    let lost = if replica.unreachable.is_none() { survey.lost.len() as u64 } else { 0 };
    replica.bad_events + lost
}

/// Prints what was found in the copies.
pub(in crate::command) fn print_survey(session: &mut Session, survey: &StreamSurvey) -> Result<(), Failure> {
    if session.output.json {
        return Ok(session.output.object(&survey_object(survey))?);
    }
    let mut table = Table::new(&["server", "leads", "events", "bad", "first"]);
    for replica in &survey.replicas {
        let first = replica.first_damage.as_ref().map(ToString::to_string);
        table.row(vec![
            replica.server.clone(),
            if replica.leads { "yes" } else { "" }.to_owned(),
            replica.events.to_string(),
            bad_events(replica, survey).to_string(),
            first
                .or_else(|| replica.unreachable.as_ref().map(|reason| format!("not reached: {reason}")))
                .unwrap_or_default(),
        ]);
    }
    session.output.table(&table)?;
    for lost in &survey.lost {
        session.output.line(format_args!("in no copy: {lost}"))?;
    }
    let StreamSurvey { events, aggregates, vacant_sequences, .. } = survey;
    Ok(session.output.line(format_args!(
        "{events} events of {aggregates} aggregates, {vacant_sequences} sequences that no copy has"
    ))?)
}

/// Returns what was found as JSON.
pub(in crate::command) fn survey_object(survey: &StreamSurvey) -> Json {
    let replica = |replica: &ReplicaSurvey| {
        json!({
            "server": replica.server,
            "leads": replica.leads,
            "events": replica.events,
            "bad_events": bad_events(replica, survey),
            "first_damage": replica.first_damage.as_ref().map(damage_object),
            "unreachable": replica.unreachable,
        })
    };
    json!({
        "replicas": survey.replicas.iter().map(replica).collect::<Vec<_>>(),
        "events": survey.events,
        "aggregates": survey.aggregates,
        "last_sequence": survey.last_sequence,
        "vacant_sequences": survey.vacant_sequences,
        "lost": survey.lost.iter().map(damage_object).collect::<Vec<_>>(),
    })
}
