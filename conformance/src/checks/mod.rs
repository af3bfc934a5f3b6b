//! The checks: one for each requirement, and one for each part of a requirement that has a level of its own. What the
//! catalogue has and this table has not is reported as not tested.

mod acc;
mod address;
mod bad;
mod body;
mod calendar;
mod expect;
mod heavy;
mod ids;
mod lenient;
mod mutation;
mod nasty;
mod prog;
mod resp;
mod robu;
mod secu;
mod spelling;
mod src;
mod ssrf;
mod strm;
mod time;
mod watched;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

pub(crate) use expect::text;
pub(crate) use prog::query_for;

use crate::api::Api;
use crate::case::{Answered, Opinion, Plan};
use crate::scene::Watched;

/// Looks at every answer of a run; says nothing of those that it is not about. The texts are the ids of downloads that
/// were accepted so far.
pub(crate) type Watch = fn(&Api, &Answered, &HashSet<String>) -> Option<Opinion>;

/// How a line of the catalogue is judged.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    /// `TIME-06`, or `TIME-06/clipped-values`.
    pub(crate) line: &'static str,
    pub(crate) plan: fn(&Arc<Api>) -> Plan,
    pub(crate) watch: Option<Watch>,
    /// True if it is judged after all others.
    pub(crate) is_late: bool,
}

impl Check {
    const fn new(line: &'static str, plan: fn(&Arc<Api>) -> Plan) -> Self {
        Self {
            line,
            plan,
            watch: None,
            is_late: false,
        }
    }

    const fn late(line: &'static str, plan: fn(&Arc<Api>) -> Plan) -> Self {
        Self {
            line,
            plan,
            watch: None,
            is_late: true,
        }
    }

    /// Judged at the end, by what was seen over the whole run.
    const fn watching(line: &'static str, plan: fn(&Arc<Api>) -> Plan, watch: Watch) -> Self {
        Self {
            line,
            plan,
            watch: Some(watch),
            is_late: true,
        }
    }
}

/// Every check.
pub(crate) static ALL: LazyLock<Vec<Check>> = LazyLock::new(|| {
    [
        acc::CHECKS,
        resp::CHECKS,
        body::CHECKS,
        src::CHECKS,
        time::CHECKS,
        strm::CHECKS,
        prog::CHECKS,
        robu::CHECKS,
        lenient::CHECKS,
        calendar::CHECKS,
        bad::CHECKS,
        ids::CHECKS,
        mutation::CHECKS,
        heavy::CHECKS,
        secu::CHECKS,
        ssrf::CHECKS,
        address::CHECKS,
    ]
    .concat()
});

/// How a line is judged that a scene serves.
pub(crate) fn watched(line: &str) -> Option<&'static Watched> {
    watched::ALL.iter().find(|watched| watched.line == line)
}

/// The check of a line.
pub(crate) fn find(line: &str) -> Option<&'static Check> {
    ALL.iter().find(|check| check.line == line)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use std::sync::Arc;

    use smsload_spec::{Contract, Requirements};

    use super::ALL;
    use crate::api::Api;
    use crate::draw::draw;
    use crate::target::{BaseUrl, Fixtures, Target};
    use crate::window::Window;

    #[test]
    fn every_check_is_of_the_catalogue_and_stands_once() {
        let catalogue = Requirements::bundled();
        let lines: HashSet<String> = catalogue
            .list
            .iter()
            .flat_map(|r| {
                let clauses = r.clauses.iter().map(|c| format!("{}/{}", r.id, c.key));
                std::iter::once(r.id.clone()).chain(clauses)
            })
            .collect();
        let mut met = HashSet::new();
        let watched = super::watched::ALL.iter().map(|watched| watched.line);
        for line in ALL.iter().map(|check| check.line).chain(watched) {
            assert!(lines.contains(line), "{line} is not in the catalogue");
            assert!(met.insert(line), "{line} has two checks");
        }
    }

    #[test]
    fn every_line_has_a_check_or_says_why_it_has_none() {
        for (requirement, line) in crate::run::all_lines(Requirements::bundled()) {
            let why = crate::planned::untested(requirement, &line.id);
            let has_check = super::find(&line.id).is_some() || super::watched(&line.id).is_some();
            assert!(
                !(has_check && why.is_some()),
                "{} has a check and says that it has none",
                line.id
            );
            assert!(
                has_check || why.is_some(),
                "{} has neither check nor reason",
                line.id
            );
        }
    }

    #[test]
    fn every_plan_draws_and_stays_within_the_table_or_the_count() {
        let contract = Contract::bundled();
        let mut fixtures = Fixtures::from_example(&contract).unwrap();
        fixtures.unknown_device = Some("x".into());
        fixtures.unknown_channel = Some("x".into());
        fixtures.callback = Some("http://192.0.2.1/".into());
        fixtures.empty_window =
            Some(Window::parse("2024-01-01T00:00:00", "2024-01-01T00:00:01").unwrap());
        let mut target = Target::new(BaseUrl::parse("http://127.0.0.1:1").unwrap(), fixtures);
        target.declared.progress_query = true;
        let api = Arc::new(Api::new(&contract, &target).unwrap());
        for check in ALL.iter() {
            let plan = (check.plan)(&api);
            assert!(!plan.table.is_empty(), "{}", check.line);
            let drawn: Vec<_> = draw(&plan, check.line, 7, 50, None).collect();
            let again: Vec<_> = draw(&plan, check.line, 7, 50, None).collect();
            let most = plan.table.len().max(50);
            assert!(drawn.len() <= most, "{}: {}", check.line, drawn.len());
            let prints = |d: &[crate::draw::Drawn]| -> Vec<_> {
                d.iter().map(|d| d.case.fingerprint()).collect()
            };
            assert_eq!(prints(&drawn), prints(&again), "{}", check.line);
        }
    }
}
