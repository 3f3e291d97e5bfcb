//! A proof in which anything is otherwise is refused.

use bytes::Bytes;
use cidgraph::proof::{Proof, ProofError, check};
use cidgraph::state::node_record;
use cidgraph::{Cid, HashKind};

use crate::history::{History, graph, node};

/// A history, and a proof of a node that events between checkpoint and version touch.
async fn sample() -> (History, Proof) {
    let history = History::write_lagging(8).await;
    let mut prover = history.prover().await;
    for version in history.states.keys().rev().skip(12) {
        for number in 0..crate::history::NODES {
            let proof = prover.prove(node(number), *version).await.unwrap();
            let Some(state) = proof.state.as_ref().filter(|state| state.record.is_some()) else { continue };
            let changed = history.states[version].get(&node(number)).is_some_and(|node| node.version > state.version);
            let whole = proof.anchor.as_ref().is_some_and(|anchor| anchor.committed.is_some());
            if changed && whole && proof.blocks.len() > 2 {
                return (history, proof);
            }
        }
    }
    panic!("there is such a node");
}

fn refusal(proof: &Proof, head: Cid) -> ProofError {
    check(&proof.encode(), head).expect_err("it is refused")
}

/// Holds `check` to refusing a proof in which any byte is another one, and one that was cut or goes on.
fn refuses_every_change(proof: &Proof, head: Cid) {
    let bytes = proof.encode();
    assert!(check(&bytes, head).is_ok());
    for at in 0..bytes.len() {
        for bit in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            assert!(check(&changed, head).is_err(), "byte {at} of {}", bytes.len());
        }
    }
    for cut in 0..bytes.len() {
        assert!(check(&bytes[..cut], head).is_err(), "cut at byte {cut}");
    }
    assert!(check(&[bytes, vec![0]].concat(), head).is_err(), "one byte more");
}

#[tokio::test]
async fn every_changed_byte_is_refused() {
    let (history, proof) = sample().await;
    refuses_every_change(&proof, history.head.cid);
}

/// Without an anchor the events lead to the head: the version is where those that count end, and no other byte says more.
#[tokio::test]
async fn every_changed_byte_is_refused_without_an_anchor() {
    let history = History::write_lagging(8).await;
    let mut prover = history.prover().await;
    let mut seen = [false; 2];
    for version in history.states.keys().rev().take(12) {
        let proof = prover.prove(node(1), *version).await.unwrap();
        if proof.anchor.is_some() || std::mem::replace(&mut seen[usize::from(proof.later.is_empty())], true) {
            continue;
        }
        refuses_every_change(&proof, history.head.cid);
        let all = proof.blocks.len() + proof.later.len();
        for moved in (1..all).filter(|moved| *moved != proof.blocks.len()) {
            let mut other = proof.clone();
            let mut blocks = [proof.blocks.clone(), proof.later.clone()].concat();
            other.later = blocks.split_off(moved);
            other.blocks = blocks;
            refusal(&other, history.head.cid);
        }
    }
    assert_eq!(seen, [true, true], "of the head, and of versions before it");
}

#[tokio::test]
async fn a_proof_leads_to_the_head_in_one_way() {
    let (history, proof) = sample().await;
    let mut both = proof.clone();
    both.later = vec![proof.blocks[0].clone()];
    assert!(matches!(refusal(&both, history.head.cid), ProofError::TwoWays));
}

/// The digest stands for all that a file says, also for what nothing else is held against.
#[tokio::test]
async fn a_changed_field_shows_in_the_digest() {
    let (history, proof) = sample().await;
    let bytes = proof.encode();
    let digest = bytes.windows(7).rposition(|text| text == b"fdigest").expect("a digest") + 9;
    let mut changed = bytes.clone();
    changed[digest + 5] ^= 1;
    assert!(matches!(check(&changed, history.head.cid), Err(ProofError::Changed)));
}

#[tokio::test]
async fn a_proof_without_one_of_its_events_is_refused() {
    let (history, proof) = sample().await;
    for left_out in 0..proof.blocks.len() {
        let mut less = proof.clone();
        less.blocks.remove(left_out);
        refusal(&less, history.head.cid);
        let mut twice = proof.clone();
        twice.blocks.insert(left_out, proof.blocks[left_out].clone());
        refusal(&twice, history.head.cid);
        if left_out > 0 {
            let mut swapped = proof.clone();
            swapped.blocks.swap(left_out, left_out - 1);
            refusal(&swapped, history.head.cid);
        }
    }
    let anchor = proof.anchor.clone().unwrap();
    for left_out in 0..anchor.blocks.len() {
        let mut less = proof.clone();
        less.anchor.as_mut().unwrap().blocks.remove(left_out);
        refusal(&less, history.head.cid);
    }
    let mut bare = proof.clone();
    bare.anchor = None;
    assert!(matches!(refusal(&bare, history.head.cid), ProofError::OtherHead { .. }));
}

/// The last event that touched the node is left out by ending the events before it and still calling that the version.
#[tokio::test]
async fn a_later_event_cannot_be_left_out() {
    let (history, proof) = sample().await;
    let mut cut = proof.clone();
    cut.blocks.pop();
    assert!(matches!(refusal(&cut, history.head.cid), ProofError::NotCommitted { what: "event" }));
    cut.anchor = None;
    assert!(matches!(refusal(&cut, history.head.cid), ProofError::OtherHead { .. }));
    let mut earlier = proof.clone();
    earlier.version -= 1;
    refusal(&earlier, history.head.cid);
}

/// Parts of another proof that holds are put in the place of this one's.
#[tokio::test]
async fn parts_of_other_proofs_do_not_fit() {
    let (history, proof) = sample().await;
    let mut prover = history.prover().await;
    let mut seen = 0;
    for version in history.states.keys().rev().step_by(3) {
        for number in [0, 5, 9] {
            let other = prover.prove(node(number), *version).await.unwrap();
            let changes: [fn(&mut Proof, &Proof); 6] = [
                |proof, other| proof.node = other.node,
                |proof, other| proof.version = other.version,
                |proof, other| proof.state = other.state.clone(),
                |proof, other| proof.blocks = other.blocks.clone(),
                |proof, other| proof.anchor = other.anchor.clone(),
                |proof, other| {
                    if let (Some(state), Some(other)) = (&mut proof.state, &other.state) {
                        state.record = other.record.clone();
                    }
                },
            ];
            for change in changes {
                let mut mixed = proof.clone();
                change(&mut mixed, &other);
                let Ok(proven) = check(&mixed.encode(), history.head.cid) else { continue };
                // What still holds is true, whatever it was put together of.
                assert_eq!(proven.node.as_ref(), history.states[&proven.version].get(&proven.id));
                seen += usize::from(mixed != proof);
            }
        }
    }
    assert!(seen < 40, "most mixtures are refused: {seen}");
}

#[tokio::test]
async fn a_forged_record_is_refused() {
    let (history, proof) = sample().await;
    let view = history.states.values().rev().find_map(|nodes| nodes.get(&proof.node)).unwrap();
    let mut forged = view.clone();
    forged.kind = "King".into();
    let record = Bytes::from(node_record(&forged));
    let mut changed = proof.clone();
    let state = changed.state.as_mut().unwrap();
    state.record = Some(record.clone());
    assert!(matches!(refusal(&changed, history.head.cid), ProofError::WrongRecord { .. }));
    // With the hash in the bucket made to fit, the bucket is no longer the one that was committed to.
    let state = changed.state.as_mut().unwrap();
    let id = *proof.node.as_bytes();
    let entry = state.bucket.nodes.iter_mut().find(|entry| entry.id == id).unwrap();
    entry.record = HashKind::Sha2_256.digest(&record);
    assert!(matches!(refusal(&changed, history.head.cid), ProofError::NotCommitted { what: "state" }));
    // A node that is there cannot be hidden, nor be called an edge.
    let state = changed.state.as_mut().unwrap();
    let at = state.bucket.nodes.iter().position(|entry| entry.id == id).unwrap();
    let entry = state.bucket.nodes.remove(at);
    state.record = None;
    assert!(matches!(refusal(&changed, history.head.cid), ProofError::NotCommitted { what: "state" }));
    let state = changed.state.as_mut().unwrap();
    state.bucket.edges.push(entry);
    state.bucket.edges.sort();
    assert!(matches!(refusal(&changed, history.head.cid), ProofError::NotCommitted { what: "state" }));
}

#[tokio::test]
async fn another_head_or_hash_is_refused() {
    let (history, proof) = sample().await;
    let other = history.cid(3).await;
    assert!(matches!(refusal(&proof, other), ProofError::OtherHead { head, .. } if head == other));
    let blake = Cid::from_digest(HashKind::Blake3, *history.head.cid.digest());
    assert!(check(&proof.encode(), blake).is_err());
    let mut foreign = proof;
    foreign.graph = cidgraph::GraphId::named("another");
    assert_ne!(foreign.graph, graph());
    assert!(matches!(refusal(&foreign, history.head.cid), ProofError::OtherGraph { .. }));
}
