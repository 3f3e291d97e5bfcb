//! The index of one property: every value in order, with the nodes that hold it.

use std::borrow::Cow;
use std::ops::Bound;

use super::bitmap::Bitmap;
use super::bounds::{FLOAT_RANK, INT_RANK, as_number, inner, is_after, is_before, number_bound};
use super::frozen::{Lazy, Origin};
use super::key::{Key, RANKS, rank};
use super::leaf::{LEAF_MAX, LEAF_MIN, Leaf};
use super::number::Number;
use super::postings::Postings;
use super::union::Union;
use crate::value::Value;

/// The values of one property of one component type, in the order of [`Value`], and the nodes that hold each.
///
/// Serves equality, ranges, counts and iteration in order. A list of leaves of up to 256 values; a change copies one
/// leaf and the list. **Lists, maps and bytes over 64 are not indexed by value**: [`covers`](Self::covers) says so of
/// a value, [`uncovered`](Self::uncovered) holds the nodes whose value is such a one, and a query for it looks at these.
#[derive(Debug, Clone, Default)]
pub struct PropertyIndex {
    slots: Vec<Slot>,
    /// The number of distinct values of each type, by its rank.
    distinct: [usize; RANKS],
    total: usize,
    uncovered: Bitmap,
    origin: Origin,
}

/// A leaf, and what is known of it without touching it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Not above any key of the leaf, and above every key of the leaf before; the first slot's says nothing.
    pub(super) low: Key,
    /// The number of nodes in the leaf.
    pub(super) total: usize,
    pub(super) leaf: Lazy<Leaf>,
}

/// A place between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    slot: usize,
    at: usize,
}

/// What a caller breaks who tells a second value of a node's property.
const ONE_VALUE: &str = "a node has one value of a property";
/// What a caller breaks who takes away what was not told.
const HELD: &str = "the node held the value";

/// Two places; what lies between them.
type Span = (Position, Position);

impl PropertyIndex {
    /// Takes the parts of an index as they are.
    pub(super) const fn of_parts(
        slots: Vec<Slot>,
        distinct: [usize; RANKS],
        total: usize,
        uncovered: Bitmap,
        origin: Origin,
    ) -> Self {
        Self { slots, distinct, total, uncovered, origin }
    }

    /// Returns whether `value` is indexed by value.
    pub fn covers(value: &Value) -> bool {
        Key::covers(value)
    }

    /// Returns the nodes whose value is not indexed.
    pub const fn uncovered(&self) -> &Bitmap {
        &self.uncovered
    }

    /// Returns the number of distinct indexed values; 3 and 3.0 are two.
    pub fn distinct(&self) -> usize {
        self.distinct.iter().sum()
    }

    /// Returns the number of distinct indexed values of each type, by its rank.
    pub(super) const fn distinct_by_type(&self) -> [usize; RANKS] {
        self.distinct
    }

    /// Returns the number of nodes with an indexed value.
    pub const fn len(&self) -> usize {
        self.total
    }

    /// Returns whether no node has an indexed value.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Returns the least indexed value.
    pub fn min(&self) -> Option<Value> {
        self.iter().next().map(|(value, _)| value)
    }

    /// Returns the greatest indexed value.
    pub fn max(&self) -> Option<Value> {
        self.iter().next_back().map(|(value, _)| value)
    }

    /// Returns every node that has the property, whatever its value.
    pub fn present(&self) -> Bitmap {
        self.collect(&[(self.start(), self.end())]).or(&self.uncovered)
    }

    /// Iterates over the indexed values in order with their nodes; from the back in descending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Value, &Postings)> {
        self.entries().map(|(key, postings)| (key.to_value(), postings))
    }

    /// Iterates over the indexed values as they are kept.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = (&Key, &Postings)> {
        self.walk((self.start(), self.end()))
    }

    /// Returns the nodes whose value equals `value`, 3 and 3.0 being equal; `None` where `value` is not indexed.
    pub fn equals(&self, value: &Value) -> Option<Cow<'_, Postings>> {
        if !Self::covers(value) {
            return None;
        }
        let twin = self.twin(value).and_then(|twin| self.equals_exactly(&twin));
        Some(match (self.equals_exactly(value), twin) {
            (Some(a), Some(b)) => Cow::Owned(a.or(b)),
            (Some(one), None) | (None, Some(one)) => Cow::Borrowed(one),
            (None, None) => Cow::Owned(Postings::Empty),
        })
    }

    /// Returns the nodes that hold `value` itself: 3 is not 3.0.
    pub fn equals_exactly(&self, value: &Value) -> Option<&Postings> {
        let leaf = self.slots.get(self.locate(value))?.leaf.get();
        leaf.find(value).ok().map(|at| &leaf.postings[at])
    }

    /// Counts the nodes whose value equals `value`; `None` where `value` is not indexed.
    pub fn count_equals(&self, value: &Value) -> Option<usize> {
        let count = |value: &Value| self.equals_exactly(value).map_or(0, Postings::len);
        Self::covers(value).then(|| count(value) + self.twin(value).map_or(0, |twin| count(&twin)))
    }

    /// Returns the same number as the other type, where the index holds numbers of that type.
    fn twin(&self, value: &Value) -> Option<Value> {
        let number = Number::of(value)?;
        let other = if rank(value) == INT_RANK { FLOAT_RANK } else { INT_RANK };
        if self.distinct[usize::from(other)] == 0 { None } else { number.twin() }
    }

    /// Returns the nodes whose value lies within the bounds; `None` where the index cannot say.
    ///
    /// A range holds values of its bounds' type alone: bounds of two types hold nothing, an open side ends where the
    /// type does. Integers and floats are one type, compared as numbers. With both sides open it is every node that
    /// has the property. The index cannot say where a bound is not indexed, or where bounds are bytes and some node's
    /// value is not indexed.
    pub fn range(&self, lower: Bound<&Value>, upper: Bound<&Value>) -> Option<Bitmap> {
        if let (Bound::Unbounded, Bound::Unbounded) = (lower, upper) {
            return Some(self.present());
        }
        self.spans(lower, upper).map(|spans| self.collect(&spans))
    }

    /// Counts the nodes of [`range`](Self::range) without making the set.
    pub fn count_range(&self, lower: Bound<&Value>, upper: Bound<&Value>) -> Option<usize> {
        if let (Bound::Unbounded, Bound::Unbounded) = (lower, upper) {
            return Some(self.total + self.uncovered.len());
        }
        self.spans(lower, upper).map(|spans| spans.iter().map(|span| self.count(*span)).sum())
    }

    /// Returns the nodes whose value is a number within the bounds, integer or float.
    pub fn number_range(&self, lower: Bound<Number>, upper: Bound<Number>) -> Bitmap {
        self.collect(&self.number_spans(lower, upper))
    }

    /// Counts the nodes of [`number_range`](Self::number_range) without making the set.
    pub fn count_number_range(&self, lower: Bound<Number>, upper: Bound<Number>) -> usize {
        self.number_spans(lower, upper).iter().map(|span| self.count(*span)).sum()
    }

    fn spans(&self, lower: Bound<&Value>, upper: Bound<&Value>) -> Option<Vec<Span>> {
        let bounds = [inner(lower), inner(upper)];
        let mut given = bounds.iter().flatten();
        let cannot_say =
            |value: &&Value| !Self::covers(value) || matches!(value, Value::Bytes(_)) && !self.uncovered.is_empty();
        if given.clone().any(cannot_say) {
            return None;
        }
        if let (Some(lower), Some(upper)) = (number_bound(lower), number_bound(upper)) {
            return Some(self.number_spans(lower, upper));
        }
        let kind = given.next().map(|value| rank(value))?;
        if given.any(|value| rank(value) != kind) {
            return Some(Vec::new());
        }
        let start = self.position(|key| key.rank() < kind || key.rank() == kind && is_before(key, lower));
        let end = self.position(|key| key.rank() < kind || key.rank() == kind && !is_after(key, upper));
        Some(vec![(start, end.max(start))])
    }

    fn number_spans(&self, lower: Bound<Number>, upper: Bound<Number>) -> Vec<Span> {
        let span = |kind: u8| {
            let compare =
                |key: &Key, bound: Number| as_number(key).map_or(std::cmp::Ordering::Less, |n| n.compare(bound));
            let before = |key: &Key| match lower {
                Bound::Included(bound) => compare(key, bound).is_lt(),
                Bound::Excluded(bound) => compare(key, bound).is_le(),
                Bound::Unbounded => false,
            };
            let within = |key: &Key| match upper {
                Bound::Included(bound) => compare(key, bound).is_le(),
                Bound::Excluded(bound) => compare(key, bound).is_lt(),
                Bound::Unbounded => true,
            };
            let start = self.position(|key| key.rank() < kind || key.rank() == kind && before(key));
            let end = self.position(|key| key.rank() < kind || key.rank() == kind && within(key));
            (start, end.max(start))
        };
        vec![span(INT_RANK), span(FLOAT_RANK)]
    }

    /// Returns the place before the first key for which `before` does not hold; it holds for a prefix of the keys.
    fn position(&self, before: impl Fn(&Key) -> bool) -> Position {
        let slot = self.slots.partition_point(|slot| before(&slot.low)).saturating_sub(1);
        let Some(found) = self.slots.get(slot) else { return self.end() };
        let leaf = found.leaf.get();
        let at = leaf.keys.partition_point(before);
        if at < leaf.len() { Position { slot, at } } else { Position { slot: slot + 1, at: 0 } }
    }

    const fn start(&self) -> Position {
        Position { slot: 0, at: 0 }
    }

    const fn end(&self) -> Position {
        Position { slot: self.slots.len(), at: 0 }
    }

    /// Iterates over what lies between two places.
    fn walk(&self, (start, end): Span) -> impl DoubleEndedIterator<Item = (&Key, &Postings)> {
        let last = (end.slot + usize::from(end.at > 0)).min(self.slots.len());
        (start.slot..last.max(start.slot)).flat_map(move |slot| {
            let leaf = self.slots[slot].leaf.get();
            let from = if slot == start.slot { start.at } else { 0 };
            let to = if slot == end.slot { end.at } else { leaf.len() };
            leaf.keys[from..to].iter().zip(&leaf.postings[from..to])
        })
    }

    fn count(&self, (start, end): Span) -> usize {
        self.count_before(end) - self.count_before(start)
    }

    fn count_before(&self, position: Position) -> usize {
        let whole: usize = self.slots[..position.slot].iter().map(|slot| slot.total).sum();
        let part = self.slots.get(position.slot).filter(|_| position.at > 0);
        let part = part.map(|slot| &slot.leaf.get().postings[..position.at]);
        whole + part.unwrap_or_default().iter().map(Postings::len).sum::<usize>()
    }

    fn collect(&self, spans: &[Span]) -> Bitmap {
        let mut union = Union::new();
        for span in spans {
            self.walk(*span).for_each(|(_, postings)| postings.add_to(&mut union));
        }
        union.finish()
    }

    /// Returns the slot that holds `value`, or where it belongs.
    fn locate(&self, value: &Value) -> usize {
        self.slots.partition_point(|slot| slot.low.compare(value).is_le()).saturating_sub(1)
    }

    /// Notes that `node` holds `value`; raises `copied` by the bytes that copy-on-write cost.
    pub(super) fn insert(&mut self, node: u32, value: &Value, copied: &mut usize) {
        if !Self::covers(value) {
            let added = self.uncovered.insert_counted(node, copied);
            return self.origin.must(added.then_some(()), || ONE_VALUE.into());
        }
        if self.slots.is_empty() {
            self.slots.push(Slot { low: Key::of(value), total: 0, leaf: Lazy::new(Leaf::default()) });
        }
        let (at, origin) = (self.locate(value), self.origin);
        let slot = &mut self.slots[at];
        let leaf = slot.leaf.own(copied, Leaf::copy_bytes);
        match leaf.find(value) {
            Ok(found) => {
                let added = leaf.postings[found].insert(node, copied);
                origin.must(added.then_some(()), || ONE_VALUE.into());
            }
            Err(place) => {
                leaf.insert(place, Key::of(value), Postings::One(node));
                slot.total += 1;
                self.total += 1;
                return self.grown(at, place, value);
            }
        }
        slot.total += 1;
        self.total += 1;
    }

    /// Keeps the books after a new value was put at `place` of the leaf of slot `at`, and splits the leaf if too large.
    fn grown(&mut self, at: usize, place: usize, value: &Value) {
        self.distinct[usize::from(rank(value))] += 1;
        let is_last = at + 1 == self.slots.len();
        let slot = &mut self.slots[at];
        let leaf = slot.leaf.own(&mut 0, Leaf::copy_bytes);
        if leaf.len() <= LEAF_MAX {
            return;
        }
        // Values that come in ascending order leave full leaves behind.
        let cut = if is_last && place + 1 == leaf.len() { place } else { leaf.len() / 2 };
        let right = leaf.split_off(cut);
        let total = right.total();
        slot.total -= total;
        self.slots.insert(at + 1, Slot { low: right.keys[0].clone(), total, leaf: Lazy::new(right) });
    }

    /// Notes that `node` no longer holds `value`; raises `copied` by the bytes that copy-on-write cost.
    pub(super) fn remove(&mut self, node: u32, value: &Value, copied: &mut usize) {
        if !Self::covers(value) {
            let removed = self.uncovered.remove_counted(node, copied);
            return self.origin.must(removed.then_some(()), || HELD.into());
        }
        let (at, origin) = (self.locate(value), self.origin);
        let slot = origin.must(self.slots.get_mut(at), || HELD.into());
        let leaf = slot.leaf.own(copied, Leaf::copy_bytes);
        let found = origin.must(leaf.find(value).ok(), || HELD.into());
        let removed = leaf.postings[found].remove(node, copied);
        origin.must(removed.then_some(()), || HELD.into());
        slot.total -= 1;
        self.total -= 1;
        if leaf.postings[found].is_empty() {
            leaf.remove(found);
            let small = leaf.len() < LEAF_MIN;
            let distinct = &mut self.distinct[usize::from(rank(value))];
            // A file may tell too few.
            *distinct = distinct.saturating_sub(1);
            if small {
                self.shrunk(at, copied);
            }
        }
    }

    /// Merges the small leaf of slot `at` with a neighbour that has room, or drops it where it is empty.
    fn shrunk(&mut self, at: usize, copied: &mut usize) {
        if self.slots[at].leaf.get().len() == 0 {
            self.slots.remove(at);
            return;
        }
        let room = |left: usize| {
            let pair = self.slots.get(left..left + 2)?;
            (pair[0].leaf.get().len() + pair[1].leaf.get().len() <= LEAF_MAX / 4 * 3).then_some(left)
        };
        let Some(left) = room(at).or_else(|| at.checked_sub(1).and_then(room)) else { return };
        let right = self.slots.remove(left + 1);
        let slot = &mut self.slots[left];
        slot.total += right.total;
        *copied += if right.leaf.is_shared() { right.leaf.get().copy_bytes() } else { 0 };
        slot.leaf.own(copied, Leaf::copy_bytes).append(right.leaf.into_value());
    }

    /// Returns the bytes of the list of leaves: what a clone copies.
    pub(super) fn table_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.uncovered.table_bytes()
    }

    /// Returns the bytes on the heap, what is shared with other versions counted in full.
    pub fn heap_bytes(&self) -> usize {
        let touched = self.slots.iter().filter_map(|slot| slot.leaf.touched());
        let leaves: usize = touched.map(|leaf| 16 + size_of::<Leaf>() + leaf.heap_bytes()).sum();
        self.slots.capacity() * size_of::<Slot>() + leaves + self.uncovered.heap_bytes()
    }

    /// Returns what is wrong with the form; `None` where nothing is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let values: Vec<Value> = self.iter().map(|(value, _)| value).collect();
        let fences = self.slots.iter().skip(1).zip(&self.slots);
        let apart = |(right, left): (&Slot, &Slot)| {
            let below = |leaf: &Leaf| leaf.keys.last().map(Key::to_value);
            below(left.leaf.get()).is_some_and(|last| right.low.compare(&last).is_gt())
                && right.leaf.get().keys.first().is_some_and(|first| right.low.compare(&first.to_value()).is_le())
        };
        let mut distinct = [0; RANKS];
        values.iter().for_each(|value| distinct[usize::from(rank(value))] += 1);
        let slot_fault = |slot: &Slot| {
            let leaf = slot.leaf.get();
            let sized = (1..=LEAF_MAX).contains(&leaf.len());
            (!sized || slot.total != leaf.total() || leaf.postings.len() != leaf.len())
                .then_some("a leaf's size or total is wrong")
        };
        [
            (!values.is_sorted_by(|a, b| a < b), "values do not ascend"),
            (distinct != self.distinct, "the number of distinct values is wrong"),
            (self.iter().map(|(_, postings)| postings.len()).sum::<usize>() != self.total, "the total is wrong"),
            (!fences.into_iter().all(apart), "a leaf's low key is wrong"),
        ]
        .into_iter()
        .find_map(|(wrong, what)| wrong.then_some(what))
        .or_else(|| self.slots.iter().find_map(slot_fault))
        .or_else(|| self.iter().find_map(|(_, postings)| postings.fault()))
        .or_else(|| self.uncovered.fault())
    }
}

impl PartialEq for PropertyIndex {
    fn eq(&self, other: &Self) -> bool {
        self.total == other.total && self.uncovered == other.uncovered && self.iter().eq(other.iter())
    }
}

impl Eq for PropertyIndex {}
