//! Drawing cases: first the table, then random ones, each from a seed of its own. Also making a failing random case
//! smaller: a simpler case is found again from the seed and the results so far, so that nothing of proptest is kept
//! while the run waits for answers.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use proptest::strategy::{SBoxedStrategy, Strategy, ValueTree};
use serde::{Deserialize, Serialize};

use crate::case::{Case, Plan};
use crate::seed;

/// Of how many downloads that are left one check may use one.
const SHARE: u32 = 12;

/// Where a case comes from: what draws it again from the same seed, contract and target file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The case of the check's table with this number, from 0.
    Table(u32),
    /// A random case.
    Random {
        /// Its number.
        index: u32,
        /// The results on the way to a smaller one; true: the case tried before failed too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        smaller: Vec<bool>,
    },
    /// No case: an answer that was seen in passing.
    Seen,
}

/// A case with where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    pub(crate) case: Case,
    pub(crate) origin: Origin,
}

impl Drawn {
    /// True for a case that is always run.
    pub(crate) fn is_of_table(&self) -> bool {
        matches!(self.origin, Origin::Table(_))
    }
}

/// Draws a case of a plan again. Nothing if the plan has no such case, or the origin is none of a case.
pub(crate) fn again(plan: &Plan, label: &str, seed: u64, origin: &Origin) -> Option<Case> {
    match origin {
        Origin::Table(number) => plan.table.get(usize::try_from(*number).ok()?).cloned(),
        Origin::Random { index, smaller } => {
            self::smaller(plan.random.as_ref()?, seed, label, *index, smaller)
        }
        Origin::Seen => None,
    }
}

/// Draws the cases of a plan: `count` in all, or the table if that is longer. `downloads` are those that are left. Each
/// is drawn when it is asked for, so that their number takes no memory to speak of.
pub(crate) fn draw<'p>(
    plan: &'p Plan,
    label: &'p str,
    seed: u64,
    count: u32,
    downloads: Option<u32>,
) -> impl Iterator<Item = Drawn> + Send + 'p {
    let count = plan.most.map_or(count, |most| count.min(most));
    let mut met: HashSet<u64> = HashSet::new();
    let mut table = plan.table.iter().zip(0..);
    let mut left = downloads.map(|n| n / SHARE);
    let mut drawn = 0;
    // Small windows have few parts: repetitions are dropped, and in the end given up.
    let mut indexes = 0..count.saturating_mul(4);
    std::iter::from_fn(move || {
        if let Some((case, number)) = table.next() {
            met.insert(mark(case));
            drawn += 1;
            let origin = Origin::Table(number);
            let case = case.clone();
            return Some(Drawn { case, origin });
        }
        let random = plan.random.as_ref().filter(|_| drawn < count)?;
        let (index, case) = indexes.find_map(|index| {
            let case = smaller(random, seed, label, index, &[])?;
            met.insert(mark(&case)).then_some((index, case))
        })?;
        if let Some(rest) = &mut left {
            *rest = rest.checked_sub(case.downloads)?;
        }
        drawn += 1;
        let origin = Origin::Random {
            index,
            smaller: Vec::new(),
        };
        Some(Drawn { case, origin })
    })
    .fuse()
}

/// Equal for equal cases, and, but for a chance of one in billions, for no others.
fn mark(case: &Case) -> u64 {
    let mut hasher = DefaultHasher::new();
    case.fingerprint().hash(&mut hasher);
    hasher.finish()
}

/// The case that is tried after these results (true: it failed); with none, the case as it was drawn. Nothing if there
/// is no simpler one.
pub(crate) fn smaller(
    random: &SBoxedStrategy<Case>,
    seed: u64,
    label: &str,
    index: u32,
    results: &[bool],
) -> Option<Case> {
    let mut tree = random
        .new_tree(&mut seed::runner(seed, label, index))
        .ok()?;
    for failed in results {
        let moved = if *failed {
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !moved {
            return None;
        }
    }
    Some(tree.current())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Origin, again, draw, smaller};
    use crate::case::{Case, Opinion, Plan, Step};
    use crate::request::{Kind, Request};

    fn case(n: u32) -> Case {
        let request = Request::json(Kind::Start, n.to_string());
        let mut case = Case::new(
            n.to_string(),
            Step::Send(request),
            Arc::new(|_, _| Opinion::Pass),
        );
        case.downloads = 1;
        case
    }

    fn plan() -> Plan {
        Plan::random(vec![case(7)], (0..1000_u32).prop_map(case).sboxed())
    }

    fn abouts(seed: u64, count: u32, downloads: Option<u32>) -> Vec<String> {
        draw(&plan(), "TIME-01", seed, count, downloads)
            .map(|d| d.case.about)
            .collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_cases() {
        let cases = abouts(1, 20, None);
        assert_eq!(cases, abouts(1, 20, None));
        assert_ne!(cases, abouts(2, 20, None));
        assert_eq!(cases[..10], abouts(1, 10, None));
        assert_eq!(cases[0], "7");
        let distinct: std::collections::HashSet<_> = cases.iter().collect();
        assert_eq!(distinct.len(), 20);
    }

    #[test]
    fn downloads_that_are_left_limit_random_cases() {
        assert_eq!(abouts(1, 20, Some(36)).len(), 1 + 3);
        assert_eq!(abouts(1, 20, Some(0)).len(), 1);
    }

    #[test]
    fn every_case_is_found_again_by_its_origin() {
        for drawn in draw(&plan(), "TIME-01", 1, 20, None) {
            let case = again(&plan(), "TIME-01", 1, &drawn.origin).unwrap();
            assert_eq!(case.about, drawn.case.about);
        }
        assert!(again(&plan(), "TIME-01", 1, &Origin::Table(1)).is_none());
    }

    #[test]
    fn a_failing_case_becomes_smaller() {
        let random = plan().random.unwrap();
        let fails = |case: &Case| case.about.parse::<u32>().unwrap() >= 100;
        let index = (0..)
            .find(|i| fails(&smaller(&random, 1, "x", *i, &[]).unwrap()))
            .unwrap();
        let mut results = vec![true];
        let mut best = None;
        while let Some(case) = smaller(&random, 1, "x", index, &results) {
            results.push(fails(&case));
            if fails(&case) {
                best = Some(case.about);
            }
        }
        assert_eq!(best.as_deref(), Some("100"));
    }
}
