//! Values at places that stay the same; a place is used again once its value is taken out.

/// The place that no value has.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Values by place.
#[derive(Debug)]
pub(super) struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.values[place as usize] = Some(value);
            return place;
        }
        let place = u32::try_from(self.values.len()).expect("fewer values than fit in 32 bits");
        assert!(place != NOWHERE, "fewer values than fit in 32 bits");
        self.values.push(Some(value));
        place
    }

    /// Takes out the value at a place.
    ///
    /// # Panics
    /// Where there is none.
    pub(super) fn remove(&mut self, place: u32) -> T {
        let value = self.values[place as usize].take().expect("the place has a value");
        self.free.push(place);
        if self.is_empty() {
            self.values.clear();
            self.free.clear();
        }
        value
    }

    pub(super) fn find(&self, place: u32) -> Option<&T> {
        self.values.get(place as usize)?.as_ref()
    }

    pub(super) fn get(&self, place: u32) -> &T {
        self.find(place).expect("the place has a value")
    }

    pub(super) fn get_mut(&mut self, place: u32) -> &mut T {
        self.values[place as usize].as_mut().expect("the place has a value")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter().flatten()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.values.capacity() * size_of::<Option<T>>() + self.free.capacity() * size_of::<u32>()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
