//! Names of the contract in control requests: what it does not have can never be met, so it is told when it is asked
//! for, together with whatever else is wrong.

use serde_json::Value;

use super::problem::fault;
use crate::mock::Mock;

/// The names in a body that the contract does not have. Members of another type than a text are not looked at.
pub(super) fn unknown(mock: &Mock, operation: &str, body: &Value) -> Vec<Value> {
    let mut faults = Vec::new();
    let items = || body.as_array().map_or(&[][..], Vec::as_slice);
    match operation {
        "addFault" => of_rule(mock, "", body, &mut faults),
        "replaceFaults" => {
            for (index, rule) in items().iter().enumerate() {
                of_rule(mock, &format!("/{index}"), rule, &mut faults);
            }
        }
        "verifyJournal" => {
            for (index, expectation) in items().iter().enumerate() {
                let mut names = Names {
                    mock,
                    at: format!("/{index}"),
                    value: expectation,
                    faults: &mut faults,
                };
                names.operation("/operation");
                names.error("/error");
            }
        }
        _ => {}
    }
    faults
}

fn of_rule(mock: &Mock, at: &str, rule: &Value, faults: &mut Vec<Value>) {
    let mut names = Names {
        mock,
        at: at.to_owned(),
        value: rule,
        faults,
    };
    names.operation("/match/operation");
    names.error("/action/error");
    let contract = mock.contract();
    names.check("/action/code", "error with the code", |code| {
        contract.errors().any(|e| e.code == code)
    });
}

/// A part of a body.
struct Names<'n> {
    mock: &'n Mock,
    /// Where it stands.
    at: String,
    value: &'n Value,
    faults: &'n mut Vec<Value>,
}

impl Names<'_> {
    fn operation(&mut self, member: &str) {
        let contract = self.mock.contract();
        self.check(member, "operation", |id| contract.operation(id).is_some());
    }

    fn error(&mut self, member: &str) {
        let contract = self.mock.contract();
        self.check(member, "error", |name| contract.error(name).is_some());
    }

    fn check(&mut self, member: &str, what: &str, is_known: impl Fn(&str) -> bool) {
        let Some(name) = self.value.pointer(member).and_then(Value::as_str) else {
            return;
        };
        if !is_known(name) {
            let message = format!("the contract has no {what} `{name}`");
            let pointer = format!("{}{member}", self.at);
            self.faults.push(fault("body", &pointer, &message));
        }
    }
}
