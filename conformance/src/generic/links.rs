//! Links: an accepted answer gives the arguments of the next request (OpenAPI 3.0.3 §4.7.20).

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use smsload_spec::{Link, Operation, Runtime, Source, Status, fill};

use crate::exchange::Captured;
use crate::names::pointer_to;

use super::message::Arguments;
use super::{Accepted, Generic, base};

impl Generic {
    /// What accepted answers of other operations lead to this one with.
    pub(super) fn led(
        &self,
        number: usize,
        accepted: &BTreeMap<usize, Accepted>,
    ) -> Vec<Arguments> {
        accepted
            .values()
            .flat_map(|own| self.linked(own))
            .filter(|(target, ..)| *target == number)
            .map(|(.., arguments)| arguments)
            .collect()
    }

    /// Where an accepted answer leads, and with what.
    pub(super) fn linked<'s>(
        &'s self,
        own: &'s Accepted,
    ) -> impl Iterator<Item = (usize, &'s str, Arguments)> + 's {
        let all = self.contract.operations();
        let status = own.done.exchange.answer().map_or(0, |a| a.status);
        links(&all[own.done.operation])
            .filter(move |(described, _)| described.covers(status))
            .filter_map(move |(_, link)| {
                let target = all.iter().position(|o| o.id == link.operation)?;
                let arguments = self.follow(own, link, &all[target])?;
                // What the document itself does not allow proves nothing about the operation that it leads to.
                base::is_valid(&self.contract, &all[target], &arguments).then_some(())?;
                Some((target, link.name.as_str(), arguments))
            })
    }

    fn follow(&self, own: &Accepted, link: &Link, to: &Operation) -> Option<Arguments> {
        let Accepted { done, arguments } = own;
        let answer = done.exchange.answer()?;
        let body = serde_json::from_slice(&answer.body).ok();
        let mut headers = HeaderMap::new();
        for (name, value) in &done.message.request.headers {
            if let (Ok(name), Ok(value)) = (
                http::HeaderName::try_from(name.as_ref()),
                HeaderValue::from_str(value),
            ) {
                headers.append(name, value);
            }
        }
        let exchange = smsload_spec::Exchange {
            url: &done.exchange.sent.url,
            method: done.message.request.method.as_str(),
            path: &done.message.path_parameters,
            query: done.message.path.split_once('?').map_or("", |(_, q)| q),
            request_headers: Some(&headers),
            request_body: arguments.body.as_ref(),
            status: answer.status,
            response_headers: Some(&answer.headers),
            response_body: body.as_ref(),
        };
        let mut out = base::requests(&self.contract, to)
            .into_iter()
            .next()
            .unwrap_or_else(|| Arguments {
                parameters: vec![None; to.parameters.len()],
                body: None,
                captured: Vec::new(),
            });
        for (name, template) in &link.parameters {
            // A name may say where it stands: `path.id`.
            let short = name.split_once('.').map_or(name.as_str(), |(place, rest)| {
                if ["path", "query", "header", "cookie"].contains(&place) {
                    rest
                } else {
                    name
                }
            });
            let at = to.parameters.iter().position(|p| p.name == short)?;
            *out.parameters.get_mut(at)? = Some(fill(template, &exchange)?);
            captured(template, "url", &done.exchange.id, &mut out.captured);
        }
        if let Some(template) = &link.request_body {
            out.body = Some(fill(template, &exchange)?);
            captured(template, "", &done.exchange.id, &mut out.captured);
        }
        Some(out)
    }
}

pub(super) fn links(operation: &Operation) -> impl Iterator<Item = (Status, &Link)> {
    let responses = operation.responses.iter();
    responses.flat_map(|r| r.links.iter().map(move |link| (r.status, link)))
}

/// What a template takes from the body of an answer.
fn captured(template: &Value, at: &str, from: &str, out: &mut Vec<Captured>) {
    match template {
        Value::String(text) if text.starts_with('$') => {
            if let Ok(Runtime::Response(Source::Body(pointer))) = Runtime::parse(text) {
                out.push(Captured {
                    from: from.to_owned(),
                    pointer,
                    at: at.to_owned(),
                });
            }
        }
        Value::Object(members) => {
            for (name, inner) in members {
                captured(inner, &pointer_to(at, name), from, out);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                captured(inner, &format!("{at}/{number}"), from, out);
            }
        }
        _ => {}
    }
}
