//! Subjects, `event.store.{aggregate}.{event_type}`, and patterns over them as NATS has them: `*` stands for one token,
//! `>` at the end for one or more.

use std::fmt;
use std::str::FromStr;

use crate::id::AggregateId;
use crate::store::{SealedEvent, StreamFilter};
use crate::value::Name;

/// The tokens with which every subject begins.
const PREFIX: [&str; 2] = ["event", "store"];

/// Tokens of a subject.
const TOKENS: usize = 4;

/// Returns an event's subject.
pub fn subject(event: &SealedEvent) -> String {
    format!("event.store.{}.{}", event.aggregate, event.event_type)
}

/// A pattern over subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPattern {
    text: Name,
    aggregate: Option<AggregateId>,
    event_type: Option<Name>,
}

/// Text that no subject matches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no event has a subject like {pattern:?}: {reason}; subjects are event.store.AGGREGATE.EVENT_TYPE")]
pub struct InvalidSubject {
    /// The text that was given.
    pub pattern: Name,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl SubjectPattern {
    /// Returns the one aggregate that the pattern names.
    pub const fn aggregate(&self) -> Option<AggregateId> {
        self.aggregate
    }

    /// Returns whether an event's subject fits.
    pub fn matches(&self, aggregate: AggregateId, event_type: &str) -> bool {
        self.aggregate.is_none_or(|wanted| wanted == aggregate)
            && self.event_type.as_ref().is_none_or(|wanted| wanted == event_type)
    }

    /// Returns whether every event of an aggregate fits.
    pub fn covers(&self, aggregate: AggregateId) -> bool {
        self.event_type.is_none() && self.aggregate.is_none_or(|wanted| wanted == aggregate)
    }

    /// Returns the narrowest store filter that lets everything through that fits.
    pub fn store_filter(&self) -> StreamFilter {
        match (self.aggregate, &self.event_type) {
            (Some(aggregate), _) => StreamFilter::Aggregate(aggregate),
            (None, Some(name)) => StreamFilter::EventType(name.clone()),
            (None, None) => StreamFilter::All,
        }
    }
}

impl FromStr for SubjectPattern {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let invalid = |reason| InvalidSubject { pattern: text.into(), reason };
        let tokens: Vec<&str> = text.split('.').collect();
        let open = tokens.last() == Some(&">");
        let fixed = if open { &tokens[..tokens.len() - 1] } else { &tokens[..] };
        if fixed.iter().any(|token| token.is_empty() || *token == ">") {
            return Err(invalid("a token is empty, or > stands before the end"));
        }
        if fixed.len() > TOKENS || (fixed.len() == TOKENS) == open {
            return Err(invalid("it has not four tokens"));
        }
        if fixed.iter().zip(PREFIX).any(|(token, prefix)| *token != "*" && *token != prefix) {
            return Err(invalid("it does not begin with event.store"));
        }
        let literal = |index: usize| fixed.get(index).filter(|token| **token != "*");
        let aggregate = literal(2).map(|token| token.parse()).transpose();
        let aggregate = aggregate.map_err(|_| invalid("the third token is no aggregate id"))?;
        Ok(Self { text: text.into(), aggregate, event_type: literal(3).map(Name::new) })
    }
}

impl fmt::Display for SubjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00000000-0000-0000-0000-000000000007";

    /// Matches token by token, as the NATS documentation has it.
    fn fits(pattern: &str, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for wanted in pattern.split('.') {
            match (wanted, tokens.next()) {
                (">", token) => return token.is_some(),
                ("*", Some(_)) => (),
                (wanted, Some(token)) if wanted == token => (),
                _ => return false,
            }
        }
        tokens.next().is_none()
    }

    #[test]
    fn patterns_match_as_in_nats() {
        let patterns = ["event.store.*.NodeAdded", ">", "event.>", "event.store.>", "*.*.*.*", "*.store.>"];
        let own = [format!("event.store.{ID}.>"), format!("event.store.{ID}.NodeAdded"), format!("*.*.{ID}.*")];
        for pattern in patterns.into_iter().chain(own.iter().map(String::as_str)) {
            let parsed: SubjectPattern = pattern.parse().unwrap();
            assert_eq!(parsed.to_string(), pattern);
            for (aggregate, name) in [(7, "NodeAdded"), (7, "NodeRemoved"), (8, "NodeAdded"), (8, "NodeRemoved")] {
                let aggregate = AggregateId::from_u64(aggregate);
                let expected = fits(pattern, &format!("event.store.{aggregate}.{name}"));
                assert_eq!(parsed.matches(aggregate, name), expected, "{pattern} {aggregate} {name}");
            }
        }
    }

    #[test]
    fn patterns_that_match_nothing_are_refused() {
        let wrong = ["", "event.store.*", "event.store.*.A.B", "event.store.*.A.>", "a.store.>", "event.store.7.A"];
        for pattern in wrong.into_iter().chain(["event.>.store.A", "event..*.A", "event.store.*.*.>"]) {
            assert!(pattern.parse::<SubjectPattern>().is_err(), "{pattern}");
        }
    }
}
