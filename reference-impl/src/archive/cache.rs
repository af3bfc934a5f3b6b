//! What was read is kept for a while, within a bound.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values of a total weight of at most `most`; the one that came first goes first.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    most: usize,
    kept: Mutex<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    values: HashMap<K, (usize, V)>,
    order: VecDeque<K>,
    weight: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    pub(super) fn new(most: usize) -> Self {
        let kept = Kept {
            values: HashMap::new(),
            order: VecDeque::new(),
            weight: 0,
        };
        Self {
            most,
            kept: Mutex::new(kept),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.lock().values.get(key).map(|(_, value)| value.clone())
    }

    /// Keeps a value, unless it weighs too much by itself.
    pub(super) fn put(&self, key: K, weight: usize, value: V) {
        let mut kept = self.lock();
        let mut queued = false;
        if let Some((old, _)) = kept.values.remove(&key) {
            kept.weight -= old;
            queued = true;
        }
        if weight > self.most {
            return;
        }
        while kept.weight + weight > self.most {
            let Some(first) = kept.order.pop_front() else {
                break;
            };
            queued &= first != key;
            if let Some((old, _)) = kept.values.remove(&first) {
                kept.weight -= old;
            }
        }
        if !queued {
            kept.order.push_back(key.clone());
        }
        kept.weight += weight;
        kept.values.insert(key, (weight, value));
    }

    /// Nothing waits while the lock is held, and a panic of another holder leaves nothing torn that
    /// matters: at worst a value is read again.
    fn lock(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goes_first_and_the_bound_holds() {
        let cache = Cache::new(10);
        for key in 0..5 {
            cache.put(key, 4, key);
        }
        assert_eq!(
            (0..5).filter_map(|key| cache.get(&key)).collect::<Vec<_>>(),
            [3, 4]
        );
        cache.put(3, 1, 33);
        cache.put(6, 6, 6);
        assert_eq!(cache.get(&3), None);
        assert_eq!((cache.get(&4), cache.get(&6)), (Some(4), Some(6)));
        cache.put(7, 11, 7);
        assert_eq!(cache.get(&7), None);
    }

    #[test]
    fn a_value_that_is_replaced_does_not_count_twice() {
        let cache = Cache::new(2);
        for value in 0..100 {
            cache.put("key", 1, value);
        }
        cache.put("other", 1, 0);
        assert_eq!(
            (cache.get(&"key"), cache.get(&"other")),
            (Some(99), Some(0))
        );
        assert_eq!(cache.lock().order.len(), 2);
    }
}
