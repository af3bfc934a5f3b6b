//! Coverage of the contract: each operation, member, keyword, rule, link and callback, with how many requests touched it
//! that the contract allows, how many that break exactly there, and what was never touched. It is counted from the
//! compiled contract and the requests that were really sent, not from what their makers meant.

use serde::{Deserialize, Serialize};

mod count;
mod points;

pub(crate) use count::Counter;

/// Coverage of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Of what there is, how much was touched.
    pub summary: Vec<Share>,
    /// Operations and, after each, its callbacks, in the order of the document.
    pub operations: Vec<Covered>,
    /// What was never touched: names of points.
    pub untouched: Vec<String>,
}

/// How much of a kind was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The kind.
    pub kind: Kind,
    /// How many there are.
    pub all: u64,
    /// How many were touched by a valid request or by an invalid one.
    pub touched: u64,
    /// How many were touched by an invalid one.
    pub broken: u64,
}

/// A kind of point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An operation.
    Operation,
    /// A member of a body, or a parameter.
    Member,
    /// A keyword of a schema.
    Keyword,
    /// A rule over several members.
    Rule,
    /// A link from an answer to another operation.
    Link,
    /// A callback.
    Callback,
}

impl Kind {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 6] = [
        Self::Operation,
        Self::Member,
        Self::Keyword,
        Self::Rule,
        Self::Link,
        Self::Callback,
    ];

    /// The same in Chinese.
    #[must_use]
    pub fn zh(self) -> &'static str {
        match self {
            Self::Operation => "个操作",
            Self::Member => "个字段",
            Self::Keyword => "个关键字",
            Self::Rule => "条规则",
            Self::Link => "个链接",
            Self::Callback => "个回调",
        }
    }

    /// The word for several of it.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Operation => "operations",
            Self::Member => "members",
            Self::Keyword => "keywords",
            Self::Rule => "rules",
            Self::Link => "links",
            Self::Callback => "callbacks",
        }
    }
}

/// An operation or a callback, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Its id.
    pub id: String,
    /// An operation or a callback.
    pub kind: Kind,
    /// The method.
    pub method: String,
    /// The path template; of a callback its name.
    pub path: String,
    /// Messages that the contract allows.
    pub valid: u64,
    /// Messages that it does not allow.
    pub invalid: u64,
    /// Members, keywords, rules and links.
    pub points: Vec<Point>,
}

/// Something of an operation that a request can touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The kind.
    pub kind: Kind,
    /// Its name within the operation: `/channel`, `header tenant-id`, `/channel minLength`.
    pub name: String,
    /// JSON Pointer in the contract.
    pub pointer: String,
    /// Messages that have it and that the contract allows.
    pub valid: u64,
    /// Messages that break the contract exactly there.
    pub invalid: u64,
}

impl Coverage {
    /// The summary in a sentence; nothing if nothing was counted.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let shares: Vec<_> = self
            .summary
            .iter()
            .filter(|share| share.all > 0)
            .map(|share| {
                let Share { all, touched, .. } = share;
                let what = share.kind.plural();
                match share.kind {
                    Kind::Keyword => {
                        format!(
                            "{touched} of {all} {what} ({} of them broken)",
                            share.broken
                        )
                    }
                    _ => format!("{touched} of {all} {what}"),
                }
            })
            .collect();
        (!shares.is_empty()).then(|| shares.join(", "))
    }

    /// Fills in what follows from the operations.
    fn conclude(mut self) -> Self {
        let mut of = |kind: Kind, counts: &[(u64, u64)]| {
            let count =
                |is: fn(&(u64, u64)) -> bool| counts.iter().filter(|c| is(c)).count() as u64;
            self.summary.push(Share {
                kind,
                all: counts.len() as u64,
                touched: count(|(valid, invalid)| valid + invalid > 0),
                broken: count(|(_, invalid)| *invalid > 0),
            });
        };
        for kind in Kind::ALL {
            let own = self.operations.iter().filter(|o| o.kind == kind);
            let own = own.map(|o| (o.valid, o.invalid));
            let points = self.operations.iter().flat_map(|o| &o.points);
            let points = points.filter(|p| p.kind == kind);
            let counts: Vec<_> = own.chain(points.map(|p| (p.valid, p.invalid))).collect();
            of(kind, &counts);
        }
        for operation in &self.operations {
            if operation.valid + operation.invalid == 0 {
                // Nothing in it can have been touched.
                self.untouched.push(operation.id.clone());
                continue;
            }
            let untouched = operation.points.iter().filter(|p| p.valid + p.invalid == 0);
            let names = untouched.map(|p| format!("{} {}", operation.id, p.name));
            self.untouched.extend(names);
        }
        self
    }
}
