//! What can be asked of the mock, and which worlds there are: for whoever offers a choice of them.

use serde::Serialize;
use serde_json::{Value, json};
use smsload_spec::{Expression, Job, JobStart, Operation};

use super::{Done, ok};
use crate::mock::Mock;

/// The contract in short.
pub(super) fn show(mock: &Mock) -> Done {
    let contract = mock.contract();
    let operations = contract.operations().iter();
    let errors = contract
        .errors()
        .map(|error| json!({"name": &*error.name, "code": error.code, "message": error.message}));
    ok(&json!({
        "title": contract.title(),
        "version": contract.version(),
        "operations": operations.map(|o| operation(mock, o)).collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    }))
}

fn operation(mock: &Mock, operation: &Operation) -> Value {
    let media = operation.request_body.as_ref().and_then(|body| body.json());
    let example = |name: &str, value: &Value| json!({"name": name, "value": value});
    let mut examples: Vec<Value> = Vec::new();
    if let Some(media) = media {
        examples.extend(media.examples.iter().map(|(n, v)| example(n, v)));
        if examples.is_empty()
            && let Some(schema) = &media.schema
        {
            let value = mock.contract().sample(schema, true);
            examples.push(example("example", &value));
        }
    }
    json!({
        "id": operation.id,
        "method": operation.method.as_str(),
        "path": operation.path,
        "summary": operation.summary,
        "examples": examples,
        "job": operation.job.as_ref().map(job),
    })
}

fn job(job: &Job) -> Value {
    match job {
        Job::Starts(start) => json!({"starts": start.kind, "members": members(start)}),
        Job::Reads(read) => json!({"reads": read.kind}),
        Job::Tells(tell) => json!({"tells": tell.kind}),
    }
}

/// The member of the request that names each of them; nothing where it is made of several.
fn members(start: &JobStart) -> Value {
    let member = |expression: &Expression| {
        let mut members = expression.members_of("self");
        let first = members.next().map(str::to_owned);
        first.filter(|_| members.next().is_none())
    };
    json!({
        "device": member(&start.device),
        "channel": member(&start.channel),
        "start": member(&start.start),
        "end": member(&start.end),
    })
}

#[derive(Serialize)]
struct WorldShown {
    name: Box<str>,
    jobs: usize,
}

/// All worlds: the default one, then the others by name.
pub(super) fn worlds(mock: &Mock) -> Done {
    let shown = mock.worlds().all().into_iter().map(|world| WorldShown {
        name: world.name.clone(),
        jobs: world.jobs.len(),
    });
    let mut worlds: Vec<_> = shown.collect();
    worlds.sort_by(|a, b| a.name.cmp(&b.name));
    ok(&json!({"worlds": worlds, "max": mock.limits().max_worlds}))
}
