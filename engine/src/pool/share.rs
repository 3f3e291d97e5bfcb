//! Components that differ a little share the storage of what they have in common.
//!
//! Of all plain components of a type, one is looked for that has at least [`DEDUP_THRESHOLD`] of its properties in
//! common with a new component. Two sets of pairs that share so many must also share one among the few first pairs of
//! each, in any fixed order of pairs (prefix filtering: Chaudhuri, Ganti and Kaushik, "A primitive operator for
//! similarity joins in data cleaning", 2006). So only those few are indexed and looked up. The order is by value,
//! newest first: what is seldom shared comes first, and the lists stay short.

use hashbrown::HashTable;

use super::content::{Layout, Pair, REMOVED, compare, hash_words};
use super::names::Names;

/// Components of one type that have at least this share of their properties in common, names and values, share the
/// storage of those properties; of properties of different number the larger counts.
pub const DEDUP_THRESHOLD: f64 = SHARED as f64 / OF as f64;

const SHARED: usize = 4;
const OF: usize = 5;

/// With fewer properties, only equal components share so large a part.
const PAIRS_MIN: usize = 4;

/// Components looked at before one is stored in full: among very many that nearly share enough, the newest count.
const CANDIDATES_MAX: usize = 64;

const NONE: u32 = u32::MAX;

/// Finds plain components by their first pairs.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// The newest posting of each token.
    newest: HashTable<u32>,
    postings: Vec<Posting>,
}

#[derive(Debug)]
struct Posting {
    /// A hash of a type, a property and a value; where two of them have one hash, the lists are one.
    token: u32,
    component: u32,
    /// The next older posting of the token.
    older: u32,
}

impl Roots {
    /// Finds the plain components among all of a base, given in the order of their ids.
    pub(super) fn of<'a>(components: impl Iterator<Item = (u32, &'a [u32])>) -> Self {
        let (mut roots, mut first) = (Self::default(), Vec::new());
        for (id, words) in components {
            match Layout::of(words) {
                Layout::Plain(pairs) if pairs.len() >= PAIRS_MIN => roots.add_first(id, words[0], pairs, &mut first),
                Layout::Plain(_) | Layout::Derived(..) => {}
            }
        }
        roots
    }

    /// Adds a plain component under its first pairs.
    fn add_first(&mut self, id: u32, component_type: u32, pairs: &[Pair], first: &mut Vec<Pair>) {
        first_pairs(pairs, first);
        first.iter().for_each(|pair| self.add(token(component_type, *pair), id));
    }

    fn add(&mut self, token: u32, component: u32) {
        let posting = u32::try_from(self.postings.len()).expect("fewer than 2^32 postings fit in memory");
        let Self { newest, postings } = self;
        let entry = newest.entry(
            spread(token),
            |posting| postings[*posting as usize].token == token,
            |posting| spread(postings[*posting as usize].token),
        );
        let older = match entry {
            hashbrown::hash_table::Entry::Occupied(mut entry) => std::mem::replace(entry.get_mut(), posting),
            hashbrown::hash_table::Entry::Vacant(entry) => {
                entry.insert(posting);
                NONE
            }
        };
        self.postings.push(Posting { token, component, older });
    }

    /// Returns the components under a token, newest first.
    fn under(&self, token: u32) -> impl Iterator<Item = u32> {
        let newest = self.newest.find(spread(token), |posting| self.postings[*posting as usize].token == token);
        let first = newest.map(|posting| &self.postings[*posting as usize]);
        std::iter::successors(first, |posting| self.postings.get(posting.older as usize))
            .map(|posting| posting.component)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.newest.allocation_size() + self.postings.capacity() * size_of::<Posting>()
    }
}

/// Decides how each new component is stored: in full, or as what differs from another.
#[derive(Debug, Default)]
pub(super) struct Sharer {
    roots: Roots,
    /// Scratch: pairs to be ordered, the words of a candidate's form and of the best one so far.
    pairs: Vec<Pair>,
    form: Vec<u32>,
    best: Vec<u32>,
}

impl Sharer {
    /// Returns the words of the component as what differs from another, where one shares enough; otherwise makes
    /// the component `id`, stored in full, one that others may share.
    ///
    /// `hint` is a plain component to be tried first; `plain` returns the words of one; `frozen` gives
    /// more of them.
    pub(super) fn share<'a>(
        &mut self,
        id: u32,
        words: &[u32],
        hint: Option<u32>,
        frozen: impl FnOnce() -> Option<&'a Roots>,
        names: &Names,
        plain: impl Fn(u32) -> &'a [u32],
    ) -> Option<&[u32]> {
        let Layout::Plain(pairs) = Layout::of(words) else {
            unreachable!("a new component is given in full");
        };
        if pairs.len() < PAIRS_MIN {
            return None;
        }
        self.best.clear();
        if let Some(root) = hint {
            self.consider(root, words[0], pairs, names, plain(root));
        }
        if self.best.is_empty() {
            self.search(words[0], pairs, frozen(), names, plain);
        }
        if self.best.is_empty() {
            self.roots.add_first(id, words[0], pairs, &mut self.pairs);
            return None;
        }
        Some(&self.best)
    }

    /// Returns the bytes of the index.
    pub(super) fn lookup_bytes(&self) -> usize {
        self.roots.heap_bytes()
    }

    /// Gives the index of the components that others may share.
    pub(super) fn into_roots(self) -> Roots {
        self.roots
    }

    fn search<'a>(
        &mut self,
        component_type: u32,
        pairs: &[Pair],
        frozen: Option<&Roots>,
        names: &Names,
        plain: impl Fn(u32) -> &'a [u32],
    ) {
        let mut first = std::mem::take(&mut self.pairs);
        first_pairs(pairs, &mut first);
        let roots = std::mem::take(&mut self.roots);
        let tokens = first.iter().map(|pair| token(component_type, *pair));
        let candidates = tokens
            .flat_map(|token| roots.under(token).chain(frozen.into_iter().flat_map(move |frozen| frozen.under(token))));
        for root in candidates.take(CANDIDATES_MAX) {
            self.consider(root, component_type, pairs, names, plain(root));
            if self.best.len() == 4 {
                // One pair differs: none is closer, as equal components are one component.
                break;
            }
        }
        (self.pairs, self.roots) = (first, roots);
    }

    /// Takes `root` as the best so far where it shares enough and the form is shorter.
    fn consider(&mut self, root: u32, component_type: u32, pairs: &[Pair], names: &Names, words: &[u32]) {
        let Layout::Plain(root_pairs) = Layout::of(words) else {
            unreachable!("a root is plain");
        };
        self.form.clear();
        self.form.extend([component_type, root]);
        let shared = difference(names, root_pairs, pairs, &mut self.form);
        let enough = shared * OF >= pairs.len().max(root_pairs.len()) * SHARED;
        let shorter =
            self.form.len() < 1 + 2 * pairs.len() && (self.best.is_empty() || self.form.len() < self.best.len());
        if words[0] == component_type && enough && shorter {
            std::mem::swap(&mut self.form, &mut self.best);
        }
    }
}

/// Puts into `first` the first of the pairs, as many as must meet those of a component that shares enough.
fn first_pairs(pairs: &[Pair], first: &mut Vec<Pair>) {
    let count = pairs.len() - (pairs.len() * SHARED).div_ceil(OF) + 1;
    first.clear();
    first.extend_from_slice(pairs);
    let newest_first = |pair: &Pair| std::cmp::Reverse((pair[1], pair[0]));
    first.select_nth_unstable_by_key(count - 1, newest_first);
    first.truncate(count);
    // What is found under the pairs depends on their order, which must not depend on how the first are selected.
    first.sort_unstable_by_key(newest_first);
}

/// Appends the pairs that turn the pairs of `root` into `pairs`, and returns how many pairs both have.
fn difference(names: &Names, root: &[Pair], pairs: &[Pair], out: &mut Vec<u32>) -> usize {
    let (mut root, mut pairs) = (root.iter().peekable(), pairs.iter().peekable());
    let mut shared = 0;
    loop {
        let order = match (root.peek(), pairs.peek()) {
            (Some(old), Some(new)) => compare(names, old[0], new[0]),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return shared,
        };
        let old = root.next_if(|_| order.is_le());
        match (old, pairs.next_if(|_| order.is_ge())) {
            (Some(old), Some(new)) if old == new => shared += 1,
            (_, Some(new)) => out.extend(new),
            (Some(old), None) => out.extend([old[0], REMOVED]),
            (None, None) => unreachable!("one of the two comes first"),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough")]
fn token(component_type: u32, [property, value]: Pair) -> u32 {
    hash_words(&[component_type, property, value]) as u32
}

/// Spreads a hash of 32 bits over the 64 that the table looks at.
const fn spread(token: u32) -> u64 {
    token as u64 | (token as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) << 32
}
