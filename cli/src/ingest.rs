//! The loop of every import: transactions from an importer into whatever takes them, resumable and interruptible.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use cidgraph::CommandId;

use crate::failure::Failure;
use crate::import::{Import, ImportError, Transaction};
use crate::progress::Acknowledged;

/// Transactions that are read ahead while one is applied.
const READ_AHEAD: usize = 4;

/// How long an interruption may go unnoticed while the input is silent.
const INTERRUPTION_WAIT: Duration = Duration::from_millis(50);

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Transactions that were applied.
    pub applied: u64,
    /// Transactions that were passed over because the graph had them.
    pub passed: u64,
    /// Bad lines that were left out.
    pub bad_lines: u64,
    /// What the last transaction was acknowledged with.
    pub last: Option<Acknowledged>,
    /// Whether it was interrupted before the end of the input.
    pub interrupted: bool,
}

/// Reads transactions on a thread of their own and applies one after another.
///
/// With `resume_after`, the id of the graph's last transaction, those up to it are passed over. Where `interrupted`
/// becomes true, the transaction in flight is finished and the rest left.
///
/// # Errors
/// The first of the importer or of `apply`; [`Failure::Usage`] where the input does not have the transaction to resume
/// after.
pub fn ingest(
    import: Box<dyn Import + Send>,
    resume_after: Option<CommandId>,
    interrupted: &AtomicBool,
    apply: impl FnMut(Transaction) -> Result<Acknowledged, Failure>,
) -> Result<Ingested, Failure> {
    let (sender, receiver) = sync_channel(READ_AHEAD);
    let reader = thread::spawn(move || {
        let mut import = import;
        for transaction in import.by_ref() {
            if sender.send(transaction).is_err() {
                break;
            }
        }
        import.bad_lines()
    });
    let ingested = apply_all(&receiver, resume_after, interrupted, apply)?;
    if ingested.interrupted {
        // The reader may wait for input that never comes: it ends with the process.
        return Ok(ingested);
    }
    let bad_lines = reader.join().expect("an importer does not panic");
    Ok(Ingested { bad_lines, ..ingested })
}

fn apply_all(
    transactions: &Receiver<Result<Transaction, ImportError>>,
    resume_after: Option<CommandId>,
    interrupted: &AtomicBool,
    mut apply: impl FnMut(Transaction) -> Result<Acknowledged, Failure>,
) -> Result<Ingested, Failure> {
    let mut done = Ingested::default();
    let mut waiting_for = resume_after;
    loop {
        let received = transactions.recv_timeout(INTERRUPTION_WAIT);
        if interrupted.load(Ordering::Relaxed) {
            done.interrupted = true;
            return Ok(done);
        }
        let transaction = match received {
            Ok(transaction) => transaction?,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if let Some(last) = waiting_for {
            done.passed += 1;
            if transaction.command == last {
                waiting_for = None;
            }
            continue;
        }
        done.last = Some(apply(transaction)?);
        done.applied += 1;
    }
    match waiting_for {
        None => Ok(done),
        Some(last) => Err(Failure::usage(format!(
            "expected the input that made the graph's last transaction {last}, found none such in it: \
             was it imported with other options?"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cidgraph::{Cid, GraphCommand, HashKind, Head, Name};

    struct Numbered(u64, u64);

    impl Iterator for Numbered {
        type Item = Result<Transaction, ImportError>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0 += 1;
            (self.0 <= self.1).then(|| {
                Ok(Transaction {
                    command: CommandId::from_u64(self.0),
                    actor: Name::new_static("a"),
                    timestamp_ns: 0,
                    commands: vec![GraphCommand::RenameGraph { name: "n".into() }],
                    positions: Vec::new(),
                    named: Vec::new(),
                })
            })
        }
    }

    impl Import for Numbered {
        fn bad_lines(&self) -> u64 {
            7
        }

        fn transaction_count(&self) -> Option<u64> {
            Some(self.1)
        }
    }

    fn acknowledged(transaction: &Transaction) -> Acknowledged {
        let cid = Cid::of_block(HashKind::Sha2_256, transaction.command.as_bytes());
        Acknowledged { head: Head { version: 1, cid }, nodes: None, edges: None }
    }

    fn run(resume_after: Option<u64>, stop_at: Option<u64>) -> (Result<Ingested, Failure>, Vec<CommandId>) {
        let (mut seen, interrupted) = (Vec::new(), AtomicBool::new(false));
        let ingested = ingest(Box::new(Numbered(0, 9)), resume_after.map(CommandId::from_u64), &interrupted, |next| {
            seen.push(next.command);
            interrupted.store(Some(next.command) == stop_at.map(CommandId::from_u64), Ordering::Relaxed);
            Ok(acknowledged(&next))
        });
        (ingested, seen)
    }

    #[test]
    fn an_import_goes_on_where_it_stopped() {
        let (first, before) = run(None, Some(4));
        assert!(first.expect("stopped").interrupted);
        let (second, after) = run(Some(4), None);
        let second = second.expect("resumed");
        assert_eq!((second.applied, second.passed, second.bad_lines, second.interrupted), (5, 4, 7, false));
        assert_eq!([before, after].concat(), run(None, None).1);
    }

    #[test]
    fn another_input_is_not_gone_on_with() {
        let (outcome, seen) = run(Some(10), None);
        assert!(outcome.expect_err("refused").to_string().contains("expected the input that made"));
        assert!(seen.is_empty());
    }
}
