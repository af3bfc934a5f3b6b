//! Any contract: what can be said of every operation of an OpenAPI document without a catalogue. The document itself
//! makes the requests and judges the answers.
//!
//! Operations that the catalogue is about (`x-job`) are left to it. Nothing is deleted that the run did not make: DELETE
//! is sent only where a link of an answer leads, and other changes keep to the path that is known to be the run's own.

mod base;
mod cases;
mod ground;
mod judge;
mod line;
mod links;
mod message;
mod said;
mod values;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use http::Method;
use smsload_spec::{Contract, Operation};

use crate::event::Event;
use crate::exchange::{Exchange, Lost, Received};
use crate::result::{Line, LineResult, Verdict};
use crate::tally::verdict;

use cases::Case;
pub(crate) use ground::Ground;
use line::{METHODS, Property};
use links::links;
use message::{Arguments, Message, write};
use said::{Said, said};

/// Media types of bodies that documents of JSON do not name.
const MEDIA: [&str; 2] = ["text/plain", "application/xml"];

/// The operations of a document that have no catalogue.
#[derive(Debug)]
pub(crate) struct Generic {
    contract: Arc<Contract>,
    /// In the order in which they are asked: what links lead to comes after what they lead from.
    operations: Vec<usize>,
}

/// Why a request was sent.
#[derive(Debug, Clone)]
enum Kind {
    Base,
    Valid,
    Invalid { is_in_path: bool, is_lenient: bool },
    Method(Method),
    Media,
    Link,
}

/// A request that was sent.
#[derive(Debug, Clone)]
struct Done {
    about: String,
    kind: Kind,
    /// The operation whose answer it is.
    operation: usize,
    message: Message,
    exchange: Arc<Exchange>,
}

/// What an operation was asked with, and what it answered.
struct Accepted {
    done: Done,
    arguments: Arguments,
}

impl Generic {
    /// The operations without a job; nothing if there are none.
    pub(crate) fn of(contract: &Arc<Contract>) -> Option<Self> {
        let all = contract.operations();
        let targets: HashSet<&str> = all
            .iter()
            .flat_map(links)
            .map(|(_, l)| l.operation.as_str())
            .collect();
        let mut operations: Vec<usize> = (0..all.len()).filter(|n| all[*n].job.is_none()).collect();
        operations.sort_by_key(|n| {
            let operation = &all[*n];
            (
                operation.method == Method::DELETE,
                targets.contains(operation.id.as_str()),
            )
        });
        (!operations.is_empty()).then(|| Self {
            contract: Arc::clone(contract),
            operations,
        })
    }

    /// The lines, in the order of the document.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut numbers = self.operations.clone();
        numbers.sort_unstable();
        numbers
            .into_iter()
            .map(|n| &self.contract.operations()[n])
            .flat_map(|operation| Property::of(operation).map(move |p| p.line(operation)))
            .collect()
    }

    /// Judges the wanted lines. The error says why the target could not be reached at all.
    pub(crate) async fn run(
        &self,
        wanted: &[Line],
        ground: &Ground<'_>,
    ) -> (Vec<LineResult>, Option<String>) {
        let is_wanted = |line: &Line| wanted.iter().any(|w| w.id == line.id);
        let mut results = BTreeMap::new();
        let mut accepted: BTreeMap<usize, Accepted> = BTreeMap::new();
        let mut unreachable = None;
        for number in &self.operations {
            let operation = &self.contract.operations()[*number];
            let properties: Vec<_> = Property::of(operation)
                .map(|property| (property, property.line(operation)))
                .filter(|(_, line)| is_wanted(line))
                .collect();
            // What nobody asked for is asked all the same if a link may lead from it.
            if properties.is_empty() && links(operation).next().is_none() {
                continue;
            }
            for (_, line) in &properties {
                ground.events.tell(Event::LineStarted(line.clone())).await;
            }
            let done = match &unreachable {
                Some(why) => Err((Verdict::Inconclusive, String::clone(why))),
                None => {
                    let asked = self.ask(*number, !properties.is_empty(), &mut accepted, ground);
                    ground.unless_stopped(asked).await.and_then(|done| done)
                }
            };
            if let Ok(done) = &done
                && let [Done { exchange, .. }] = done.as_slice()
                && let Received::Lost(lost @ Lost::NotReached(_)) = &exchange.received
            {
                unreachable = Some(lost.to_string());
            }
            let is_proved = accepted.contains_key(number);
            for (property, line) in properties {
                let judged = match &done {
                    Err(open) => Err(open.clone()),
                    Ok(done) => {
                        let judged = self.judge(property, line.clone(), done, is_proved, ground);
                        ground.unless_stopped(judged).await
                    }
                };
                let result =
                    judged.unwrap_or_else(|(kind, why)| verdict(line.clone(), kind, Some(why)));
                let finished = Event::LineFinished(Arc::new(result.clone()));
                ground.events.tell(finished).await;
                results.insert(line.id, result);
            }
        }
        let in_order = wanted.iter().filter_map(|line| results.remove(&line.id));
        (in_order.collect(), unreachable)
    }

    /// Sends all that there is to ask of an operation.
    async fn ask(
        &self,
        number: usize,
        is_whole: bool,
        accepted: &mut BTreeMap<usize, Accepted>,
        ground: &Ground<'_>,
    ) -> Result<Vec<Done>, (Verdict, String)> {
        let operation = &self.contract.operations()[number];
        let mut bases = self.led(number, accepted);
        if operation.method == Method::DELETE && bases.is_empty() {
            let why = "DELETE is sent only for what the run made itself, and no link of an accepted answer leads here";
            return Err((Verdict::Skipped, why.to_owned()));
        }
        if operation.method != Method::DELETE {
            bases.extend(base::requests(&self.contract, operation));
        }
        if bases.is_empty() {
            return Err((Verdict::Inconclusive, base::NONE.to_owned()));
        }
        let mut done = Vec::new();
        let mut best = bases[0].clone();
        for (n, arguments) in bases.into_iter().enumerate() {
            let Some(message) = write(operation, &arguments) else {
                continue;
            };
            let exchange = ground
                .send(format!("{}#base{n}", operation.id), &message)
                .await;
            let is_gone = matches!(exchange.received, Received::Lost(Lost::NotReached(_)));
            let is_taken = said(&exchange, ground.busy, false) == Said::Accepted;
            done.push(Done {
                about: "a valid request".to_owned(),
                kind: Kind::Base,
                operation: number,
                message,
                exchange,
            });
            if is_gone {
                return Ok(done);
            }
            if is_taken {
                best = arguments;
                break;
            }
        }
        if let Some(last) = done.last()
            && said(&last.exchange, ground.busy, false) == Said::Accepted
        {
            let one = Accepted {
                done: last.clone(),
                arguments: best.clone(),
            };
            accepted.insert(number, one);
        }
        if is_whole {
            let probes = self.probes(number, &best, accepted.get(&number), ground);
            let sent = stream::iter(probes.into_iter().enumerate().map(|(n, probe)| async move {
                let exchange = ground
                    .send(format!("{}#{n}", operation.id), &probe.message)
                    .await;
                Done {
                    about: probe.about,
                    kind: probe.kind,
                    operation: probe.operation,
                    message: probe.message,
                    exchange,
                }
            }));
            done.extend(
                sent.buffered(ground.concurrency.max(1))
                    .collect::<Vec<_>>()
                    .await,
            );
        }
        Ok(done)
    }

    /// Everything but the base.
    fn probes(
        &self,
        number: usize,
        base: &Arguments,
        own: Option<&Accepted>,
        ground: &Ground<'_>,
    ) -> Vec<Probe> {
        let operation = &self.contract.operations()[number];
        let Some(plain) = write(operation, base) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        let (mut valid, mut invalid) = (0, 0);
        for case in cases::around(&self.contract, operation, base, (ground.seed, ground.cases)) {
            let count = if case.fault.is_none() {
                &mut valid
            } else {
                &mut invalid
            };
            if *count < ground.cases && is_harmless(operation, &plain, &case) {
                *count += 1;
                out.push(Probe::of(number, case));
            }
        }
        if operation.request_body.is_some() {
            out.extend(self.other_media(number, &plain));
        }
        out.extend(self.other_methods(number, &plain));
        let linked = own.into_iter().flat_map(|own| self.linked(own));
        out.extend(linked.filter_map(|(target, name, arguments)| {
            let to = &self.contract.operations()[target];
            (to.method != Method::DELETE).then_some(())?;
            Some(Probe {
                about: format!("the link `{name}` to {}", to.id),
                kind: Kind::Link,
                operation: target,
                message: write(to, &arguments)?,
            })
        }));
        out
    }

    fn other_media(&self, number: usize, plain: &Message) -> Vec<Probe> {
        let operation = &self.contract.operations()[number];
        let body = operation.request_body.as_ref();
        let is_named = |media: &str| body.is_some_and(|b| b.media.iter().any(|m| m.covers(media)));
        MEDIA
            .into_iter()
            .filter(|media| !is_named(media) && !plain.request.body.is_empty())
            .map(|media| {
                let mut message = plain.clone();
                message.request = message.request.with_media_type(Some(media));
                Probe {
                    about: format!("`Content-Type: {media}`"),
                    kind: Kind::Media,
                    operation: number,
                    message,
                }
            })
            .collect()
    }

    fn other_methods(&self, number: usize, plain: &Message) -> Vec<Probe> {
        let all = self.contract.operations();
        let path = &all[number].path;
        let has = |method: &Method| all.iter().any(|o| o.path == *path && o.method == *method);
        METHODS
            .into_iter()
            .filter(|method| !has(method))
            .map(|method| {
                let mut message = plain.clone();
                message.request = message.request.with_media_type(None);
                message.request.body = bytes::Bytes::new();
                message.request.method = method.clone();
                Probe {
                    about: format!("{method} on {path}"),
                    kind: Kind::Method(method),
                    operation: number,
                    message,
                }
            })
            .collect()
    }
}

/// A request to be sent.
struct Probe {
    about: String,
    kind: Kind,
    operation: usize,
    message: Message,
}

impl Probe {
    fn of(operation: usize, case: Case) -> Self {
        let kind = match &case.fault {
            None => Kind::Valid,
            Some(fault) => Kind::Invalid {
                is_in_path: cases::is_in_path(fault),
                is_lenient: case.is_lenient,
            },
        };
        Self {
            about: case.about,
            kind,
            operation,
            message: case.message,
        }
    }
}

/// False for a valid request that would change or delete what the run did not make.
fn is_harmless(operation: &Operation, plain: &Message, case: &Case) -> bool {
    let own = |message: &Message| message.path.split('?').next().map(str::to_owned);
    let changes = [Method::PUT, Method::PATCH, Method::DELETE].contains(&operation.method);
    case.fault.is_some() || !changes || own(plain) == own(&case.message)
}
