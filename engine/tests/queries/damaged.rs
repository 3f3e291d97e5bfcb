//! Snapshot files that a failing disk, a cut transfer or an enemy left: each is refused, or says that it is damaged when
//! that is met, and never panics with a message.

use cidgraph::snapshot::guarded;
use cidgraph::{Answer, Criterion, GraphCommand, GraphQuery, GraphReadModel, GraphView, Key, QueryError, Snapshot};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::content::{commands, queries, registry};
use crate::past::history_of;
use crate::snapshots::bytes_of;
use crate::world::played;

/// A file as `docs/SNAPSHOT.md` tells it, read without the engine.
struct File(Vec<u8>);

const HEADER: usize = 256;
const PAGE: usize = 16384;

impl File {
    fn whole(&self, at: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())).unwrap()
    }

    /// Returns where each section lies.
    fn sections(&self) -> Vec<std::ops::Range<usize>> {
        let (count, table) = (self.whole(152), self.whole(184));
        let entries = (0..count).map(|entry| table + entry * 32);
        entries.map(|entry| self.whole(entry + 16)..self.whole(entry + 16) + self.whole(entry + 24)).collect()
    }

    /// Returns where the section of a kind lies.
    fn section(&self, kind: u32) -> std::ops::Range<usize> {
        let table = self.whole(184);
        let mut sections = self.sections().into_iter().enumerate();
        let found = sections.find(|(at, _)| self.0[table + at * 32..][..4] == kind.to_le_bytes());
        found.expect("the file has it").1
    }

    /// Makes every checksum that of what it is of.
    fn sum_up(&mut self) {
        let [pages, roots, table] = [168, 176, 184].map(|at| self.whole(at));
        let sections = self.sections();
        let sections = sections.iter().flat_map(|section| self.0[section.clone()].chunks(PAGE));
        let sums: Vec<u8> = sections.flat_map(|page| crc32fast::hash(page).to_le_bytes()).collect();
        self.put(pages, &sums);
        let sums: Vec<u8> = sums.chunks(PAGE).flat_map(|page| crc32fast::hash(page).to_le_bytes()).collect();
        self.put(roots, &sums);
        assert_eq!(roots + sums.len(), table);
        self.put(248, &crc32fast::hash(&self.0[roots..]).to_le_bytes());
        self.put(252, &crc32fast::hash(&self.0[..252]).to_le_bytes());
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Returns many of the questions that there are.
fn questions() -> Vec<GraphQuery> {
    let mut runner = TestRunner::deterministic();
    (0..150).map(|_| queries().new_tree(&mut runner).unwrap().current()).collect()
}

/// Returns a graph with everything in it.
fn rich_graph() -> GraphReadModel {
    let mut runner = TestRunner::deterministic();
    let commands: Vec<GraphCommand> = vec(commands(), 300).new_tree(&mut runner).unwrap().current();
    played(&commands, 50, 100).model()
}

/// Returns files of that graph: of its last version, and of all its history.
fn rich_files() -> [Vec<u8>; 2] {
    let model = rich_graph();
    [bytes_of(&model), history_of(model.view())]
}

/// Asks everything; each answer is the true one or says that the file is damaged. Returns how many say so.
fn ask(bytes: &[u8], questions: &[GraphQuery], expected: Option<&[Result<Answer, QueryError>]>) -> usize {
    let Ok(snapshot) = Snapshot::copied(bytes) else { return questions.len() };
    let model = snapshot.read(registry());
    let mut damaged = 0;
    for (at, query) in questions.iter().enumerate() {
        let answer = model.query(query);
        let says_so = matches!(answer, Err(QueryError::Damaged(_)));
        damaged += usize::from(says_so);
        if let Some(expected) = expected.filter(|_| !says_so) {
            assert_eq!(answer, expected[at], "{query:?}");
        }
    }
    drop(guarded(|| model.nodes_by_key(&Key::from("node 1"))));
    guarded(|| model.state_hash()).ok();
    drop(snapshot.verify());
    ask_the_past(&snapshot.view());
    damaged
}

/// Looks at everything at some versions before the last.
fn ask_the_past(view: &GraphView) {
    for version in (view.first_version()..view.version()).step_by(37) {
        let Ok(Some(past)) = guarded(|| view.at_version(version)) else { continue };
        guarded(|| past.state_hash()).ok();
        let model = GraphReadModel::new(past, registry());
        drop(model.query(&GraphQuery::Metrics));
        drop(model.query(&GraphQuery::Count(Criterion::All)));
    }
    drop(guarded(|| view.at_time(5)));
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let bytes = bytes_of(&rich_graph());
    for len in (0..bytes.len()).rev().step_by(7).chain(0..HEADER + 8) {
        assert!(Snapshot::copied(&bytes[..len]).is_err(), "{len} bytes of {}", bytes.len());
    }
    assert!(Snapshot::copied(&[&bytes[..], &[0]].concat()).is_err());
}

/// Every byte of a file is under a checksum: one that changed is found at the latest by `verify`, and until then no answer
/// is wrong.
#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let (model, questions) = (rich_graph(), questions());
    let expected: Vec<_> = questions.iter().map(|query| model.query(query)).collect();
    rich_files().iter().for_each(|bytes| flip_bits(bytes, &questions, &expected));
}

fn flip_bits(bytes: &[u8], questions: &[GraphQuery], expected: &[Result<Answer, QueryError>]) {
    let file = File(bytes.to_vec());
    let sections = file.sections();
    let within = sections.iter().flat_map(|section| {
        let middle = usize::midpoint(section.start, section.end);
        [section.start, middle, section.end.saturating_sub(1)].into_iter().filter(|at| section.contains(at))
    });
    let places: Vec<usize> =
        within.chain(sections.last().unwrap().end..bytes.len()).chain((0..HEADER).step_by(3)).collect();
    let mut met = 0;
    for at in places {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1 << (at % 8);
        let opened = Snapshot::copied(&bytes);
        assert!(opened.and_then(|snapshot| snapshot.verify()).is_err(), "byte {at}");
        let asked = if at % 5 == 0 { questions } else { &questions[..10] };
        met += ask(&bytes, asked, Some(expected));
    }
    assert!(met > 0, "some damage was met by queries");
}

/// The kind of the section of indices.
const INDEX: u32 = 96;

/// Somebody changes the indices, so that they contradict the nodes, and makes the checksums fit.
#[test]
fn indices_of_other_nodes_are_found() {
    let bytes = bytes_of(&rich_graph());
    let index = File(bytes.clone()).section(INDEX);
    assert!(index.len() > 1000, "{index:?}");
    for at in index.step_by(61) {
        let mut file = File(bytes.clone());
        file.0[at] ^= 1 << (at % 8);
        file.sum_up();
        assert!(Snapshot::copied(&file.0).is_ok_and(|snapshot| snapshot.verify().is_err()), "byte {at}");
    }
}

/// What a header keeps for later is 0: nobody hides anything there.
#[test]
fn what_is_reserved_is_refused_where_it_says_something() {
    let bytes = bytes_of(&played(&[], 9, 9).model());
    for at in (100..104).chain(192..248) {
        let mut file = File(bytes.clone());
        file.0[at] = 7;
        file.put(252, &crc32fast::hash(&file.0[..252]).to_le_bytes());
        assert!(Snapshot::copied(&file.0).is_err(), "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Somebody changes what is in sections and makes the checksums fit.
    #[test]
    fn a_file_that_was_made_up_never_panics(
        changes in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8, any::<u64>()), 1..6),
        which in 0..2_usize,
    ) {
        use std::sync::LazyLock;
        static RICH: LazyLock<([Vec<u8>; 2], Vec<GraphQuery>)> = LazyLock::new(|| (rich_files(), questions()));
        let (files, questions) = &*RICH;
        let mut file = File(files[which].clone());
        let sections = file.sections();
        for (section, at, how, number) in changes {
            let section = section.get(&sections).clone();
            if section.is_empty() {
                continue;
            }
            let at = section.start + at.index(section.len());
            let number = match how {
                0 => number.to_le_bytes(),
                1 => [0; 8],
                2 => [255; 8],
                _ => (number % 40).to_le_bytes(),
            };
            let len = (section.end - at).min(8);
            file.put(at, &number[..len]);
        }
        file.sum_up();
        ask(&file.0, questions, None);
    }

    /// Somebody changes the tables and makes the checksums fit.
    #[test]
    fn tables_that_were_made_up_never_panic(
        changes in vec((any::<prop::sample::Index>(), prop_oneof![any::<u64>(), 0..5000_u64, Just(u64::MAX)]), 1..4),
        in_header in any::<bool>(),
    ) {
        use std::sync::LazyLock;
        static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| bytes_of(&played(&[], 9, 9).model()));
        let mut file = File(SMALL.clone());
        let table = file.whole(184);
        for (at, number) in changes {
            let at = if in_header { 16 + at.index(29) * 8 } else { table + at.index((file.0.len() - table) / 4 - 1) * 4 };
            file.put(at, &number.to_le_bytes());
        }
        let roots = file.whole(176).min(file.0.len());
        let sum = crc32fast::hash(&file.0[roots..]);
        file.put(248, &sum.to_le_bytes());
        let sum = crc32fast::hash(&file.0[..252]);
        file.put(252, &sum.to_le_bytes());
        if let Ok(snapshot) = Snapshot::copied(&file.0) {
            drop(snapshot.verify());
            drop(snapshot.read(registry()).query(&GraphQuery::Metrics));
        }
    }
}
