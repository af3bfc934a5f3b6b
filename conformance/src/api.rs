//! The API under judgement: what the contract and the target's fixtures say together. Checks write their requests with
//! it, so that none of them knows a path, and a member's name only where the requirement itself is about that name.

mod members;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use smsload_spec::{Address, Contract, Job, Operation, ParameterIn, Runtime, Schema, Source};

use self::members::{known, required, resolve, titles};
use crate::names::{AnswerNames, RequestNames};
use crate::network::Network;
use crate::oracle::Oracle;
use crate::progress::QuerySpots;
use crate::request::{Kind, Request};
use crate::target::{Fixtures, Limits, Scale, Target};
use crate::window::Window;

/// The member that tells the source type (page: body member `source_type`).
const SOURCE_TYPE: &str = "source_type";
/// The platform's id, misspelt in the contract (page: body member `platfrom_id`).
pub(crate) const PLATFORM: &str = "platfrom_id";

/// A request body that is still an object.
pub(crate) type Object = Map<String, Value>;

/// The API under judgement.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) fixtures: Fixtures,
    /// Members of the request that starts a download.
    pub(crate) names: RequestNames,
    pub(crate) source_type: &'static str,
    /// The member with the callback address.
    pub(crate) callback: Option<String>,
    /// Required members of the request, in the order of the contract.
    pub(crate) required: Vec<String>,
    /// Every member that the contract names.
    pub(crate) known: Vec<String>,
    /// Source types that the contract names and this operation does not support.
    pub(crate) unsupported: Vec<String>,
    /// Source types that it supports.
    pub(crate) supported: Vec<String>,
    /// Optional headers, lower case.
    pub(crate) optional_headers: Vec<String>,
    /// Headers that the target file sets, lower case.
    pub(crate) own_headers: Vec<String>,
    /// Downloads that a run may start in all.
    pub(crate) downloads: Option<u32>,
    /// Requests that are in flight at most.
    pub(crate) concurrency: u16,
    /// How much may be asked of the target.
    pub(crate) limits: Limits,
    /// Networks that the target may call.
    pub(crate) callable: Vec<Network>,
    /// What the contract calls each member in its description, before the first comma or point.
    pub(crate) titles: HashMap<String, String>,
    /// Seconds by which a file may be longer than its window.
    pub(crate) tolerance: u32,
    /// Where the answer has its values.
    pub(crate) answer: AnswerNames,
    pub(crate) start: Oracle,
    pub(crate) query: Option<Query>,
    /// The scale of progress in callbacks.
    pub(crate) callback_scale: Scale,
    /// The query of a target that does not declare it.
    pub(crate) undeclared_query: Option<Query>,
    /// A request that is valid but for the values of the fixtures.
    template: Object,
    /// What a request must be.
    schema: Arc<Schema>,
}

/// The progress query.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) oracle: Oracle,
    /// The member with the id.
    pub(crate) id: String,
    /// Where its answer has what it tells.
    pub(crate) spots: QuerySpots,
    /// Its path, if the target has another one than the contract.
    pub(crate) path: Option<String>,
    template: Object,
}

/// What a contract lacks to be judged by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// No operation starts a download.
    #[error("no operation of the contract starts a download; give one an `x-job` with `starts`")]
    NoStart,
    /// The operation has no JSON body.
    #[error(
        "operation `{0}` has no JSON request body with a schema; a download cannot be described without"
    )]
    NoBody(String),
    /// Its `x-job` does not say which member names what.
    #[error(
        "`x-job` of operation `{0}` does not name one member each for `device`, `channel`, `start` and `end`"
    )]
    NoNames(String),
    /// There is nothing to ask for.
    #[error(
        "the target file has no `[fixtures]`; name the device, the channel and the recorded window that downloads are asked for"
    )]
    NoFixtures,
    /// Its path has parameters.
    #[error("the path of operation `{0}` has parameters, which a run cannot fill in")]
    PathParameters(String),
}

impl Api {
    pub(crate) fn new(contract: &Arc<Contract>, target: &Target) -> Result<Self, ContractError> {
        let operation = starting(contract).ok_or(ContractError::NoStart)?;
        let id = || operation.id.clone();
        let Some(Job::Starts(job)) = &operation.job else {
            return Err(ContractError::NoStart);
        };
        let schema = operation
            .request_schema()
            .ok_or_else(|| ContractError::NoBody(id()))?;
        let names = RequestNames::of(job).ok_or_else(|| ContractError::NoNames(id()))?;
        if operation.path.contains('{') {
            return Err(ContractError::PathParameters(id()));
        }
        if !target.fixtures.is_named() {
            return Err(ContractError::NoFixtures);
        }
        let busy = &target.busy;
        let start = Oracle::new(contract, &operation.id, busy.clone());
        let (start, answer) = start
            .zip(AnswerNames::of(operation))
            .ok_or(ContractError::NoStart)?;
        let query = Query::of(contract, target);
        let (query, undeclared_query) = if target.declared.progress_query {
            (query, None)
        } else {
            (None, query)
        };
        let mut api = Self {
            fixtures: target.fixtures.clone(),
            names,
            source_type: SOURCE_TYPE,
            callback: callback_member(operation),
            required: required(schema),
            known: known(schema),
            unsupported: Vec::new(),
            supported: Vec::new(),
            optional_headers: optional_headers(operation),
            own_headers: target
                .headers
                .iter()
                .map(|(name, _)| name.to_string())
                .collect(),
            downloads: target.limits.downloads,
            concurrency: target.limits.concurrency.max(1),
            limits: target.limits,
            callable: target.callbacks.allowed.clone(),
            titles: titles(contract, schema),
            tolerance: target.limits.group_of_pictures_seconds,
            answer,
            start,
            query,
            undeclared_query,
            callback_scale: target.progress.callback.scale,
            template: object(contract.sample(schema, false)),
            schema: Arc::clone(schema),
        };
        api.sort_source_types(schema);
        Ok(api)
    }

    /// Which of the source types that the contract names it accepts, all else being valid.
    fn sort_source_types(&mut self, schema: &Schema) {
        let property = resolve(schema, "/properties").and_then(|p| p.get(self.source_type));
        let named = property
            .and_then(|p| p.get("enum"))
            .and_then(Value::as_array);
        for value in named.into_iter().flatten() {
            let mut body = self.body(self.fixtures.recorded);
            body.insert(self.source_type.to_owned(), value.clone());
            let Some(text) = value.as_str() else { continue };
            if schema.is_valid(&Value::Object(body)) {
                self.supported.push(text.to_owned());
            } else {
                self.unsupported.push(text.to_owned());
            }
        }
        if let Some(first) = self.supported.first() {
            self.template
                .insert(self.source_type.to_owned(), first.clone().into());
        }
    }

    /// A valid body for a window: the required members alone.
    pub(crate) fn body(&self, window: Window) -> Object {
        let mut body = self.template.clone();
        let names = &self.names;
        body.insert(names.device.clone(), self.fixtures.device.clone().into());
        body.insert(names.channel.clone(), self.fixtures.channel.clone().into());
        body.insert(names.start.clone(), window.start().to_string().into());
        body.insert(names.end.clone(), window.end().to_string().into());
        body
    }

    /// The body for a window with one member set.
    pub(crate) fn body_with(&self, window: Window, name: &str, value: impl Into<Value>) -> Object {
        let mut body = self.body(window);
        body.insert(name.to_owned(), value.into());
        body
    }

    /// A body to put something odd into. Where downloads are limited it has a source type that is not supported, since a
    /// target that knows any device would take most of them.
    pub(crate) fn cheap_body(&self) -> Object {
        let mut body = self.body(self.fixtures.recorded);
        if self.downloads.is_some() {
            let other = self.unsupported.first().map_or("0", String::as_str);
            body.insert(self.source_type.to_owned(), other.into());
        }
        body
    }

    /// True if the contract itself has nothing against a body: another document may allow what the page does not.
    pub(crate) fn allows(&self, body: &Object) -> bool {
        self.schema.is_valid(&Value::Object(body.clone()))
    }

    /// The plain request: what every other one is compared with.
    pub(crate) fn plain(&self) -> Request {
        start(&self.body(self.fixtures.recorded))
    }

    /// The path of an operation.
    pub(crate) fn path(&self, kind: Kind) -> &str {
        let own = self.query.as_ref().and_then(|query| query.path.as_ref());
        match own.filter(|_| kind == Kind::Query) {
            Some(path) => path,
            None => &self.oracle(kind).operation().path,
        }
    }

    /// The operation whose path this is, of the two that the catalogue is about.
    pub(crate) fn kind(&self, path: &str) -> Option<Kind> {
        [Kind::Start, Kind::Query]
            .into_iter()
            .find(|kind| self.path(*kind) == path)
    }

    pub(crate) fn oracle(&self, kind: Kind) -> &Oracle {
        let query = self.query.as_ref().or(self.undeclared_query.as_ref());
        match (kind, query) {
            (Kind::Query, Some(query)) => &query.oracle,
            _ => &self.start,
        }
    }
}

/// A request that starts a download.
pub(crate) fn start(body: &Object) -> Request {
    Request::json(Kind::Start, bytes(body))
}

/// The text of a body.
pub(crate) fn bytes(body: &Object) -> Bytes {
    // Maps of JSON values can always be written.
    serde_json::to_vec(body).unwrap_or_default().into()
}

impl Query {
    fn of(contract: &Arc<Contract>, target: &Target) -> Option<Self> {
        let is_query = |o: &&Operation| matches!(o.job, Some(Job::Reads(_)));
        let operation = contract.operations().iter().find(is_query)?;
        let Some(Job::Reads(read)) = &operation.job else {
            return None;
        };
        let schema = operation.request_schema()?;
        Some(Self {
            oracle: Oracle::new(contract, &operation.id, target.busy.clone())?,
            id: read.id.members_of("self").next()?.to_owned(),
            spots: QuerySpots::of(read, &target.progress.query),
            path: target.progress.query.path.clone(),
            template: object(contract.sample(schema, false)),
        })
    }

    /// The query with a value as id, or without one.
    pub(crate) fn request(&self, id: Option<Value>) -> Request {
        let mut body = self.template.clone();
        match id {
            Some(id) => {
                body.insert(self.id.clone(), id);
            }
            None => {
                body.shift_remove(&self.id);
            }
        }
        Request::json(Kind::Query, bytes(&body))
    }
}

/// The fixtures that the contract's first valid example of a download stands for.
pub(crate) fn example_fixtures(contract: &Contract) -> Option<Fixtures> {
    let operation = starting(contract)?;
    let Some(Job::Starts(job)) = &operation.job else {
        return None;
    };
    let names = RequestNames::of(job)?;
    let media = operation.request_body.as_ref()?.json()?;
    let schema = media.schema.as_ref()?;
    media
        .examples
        .values()
        .filter(|example| schema.is_valid(example))
        .find_map(|example| {
            let text = |name: &str| example.get(name)?.as_str();
            let recorded = Window::parse(text(&names.start)?, text(&names.end)?).ok()?;
            let mut fixtures = Fixtures::new(text(&names.device)?, text(&names.channel)?, recorded);
            fixtures.platform_id = text(PLATFORM).map(str::to_owned);
            Some(fixtures)
        })
}

fn starting(contract: &Contract) -> Option<&Operation> {
    contract
        .operations()
        .iter()
        .find(|o| matches!(o.job, Some(Job::Starts(_))))
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        _ => Object::new(),
    }
}

fn optional_headers(operation: &Operation) -> Vec<String> {
    operation
        .parameters
        .iter()
        .filter(|p| p.place == ParameterIn::Header && !p.required)
        .map(|p| p.name.to_ascii_lowercase())
        .collect()
}

fn callback_member(operation: &Operation) -> Option<String> {
    let addresses = operation.callbacks.iter().map(|c| &c.address);
    addresses
        .flat_map(Address::expressions)
        .find_map(|runtime| match runtime {
            Runtime::Request(Source::Body(pointer)) => pointer.strip_prefix('/').map(str::to_owned),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use smsload_spec::Contract;

    use super::Api;
    use crate::target::{BaseUrl, Fixtures, Target};
    use crate::window::Window;

    #[test]
    fn reads_the_bundled_contract() {
        let contract = Contract::bundled();
        assert!(Fixtures::from_example(&contract).is_some());
        let recorded = Window::parse("2025-04-04T21:36:17", "2025-04-04T21:36:27").unwrap();
        let fixtures = Fixtures::new("34020000001110000228", "34020000001320000666", recorded);
        let mut target = Target::new(BaseUrl::parse("http://127.0.0.1:1").unwrap(), fixtures);
        target.declared.progress_query = true;
        let api = Api::new(&contract, &target).unwrap();
        assert_eq!(api.unsupported, ["1", "2", "4", "5", "6"]);
        assert_eq!(api.supported, ["3"]);
        let required = [
            "device_unicode",
            "source_type",
            "channel",
            "start_time",
            "end_time",
        ];
        assert_eq!(api.required, required);
        assert_eq!(api.callback.as_deref(), Some("callback"));
        assert_eq!(api.optional_headers, ["tenant-id", "token"]);
        assert_eq!(api.answer.id.pointer, "/data/stream_id");
        assert_eq!(api.answer.size.pointer, "/data/playback_file_size");
        assert_eq!(api.query.as_ref().unwrap().id, "stream_id");
        let plain = String::from_utf8(api.plain().body.to_vec()).unwrap();
        insta::assert_snapshot!(plain, @r#"{"device_unicode":"34020000001110000228","source_type":"3","channel":"34020000001320000666","start_time":"2025-04-04T21:36:17","end_time":"2025-04-04T21:36:27"}"#);
    }
}
