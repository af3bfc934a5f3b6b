//! What a contract says, as tables for people and as data for programs.

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use smsload_spec::{Contract, Job, Operation, Provenance, Requirement, Requirements, Rule, Schema};

/// Language of the requirements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// English
    #[default]
    En,
    /// Chinese
    Zh,
}

/// Everything that is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<'c> {
    title: &'c str,
    version: &'c str,
    operations: Vec<ShownOperation<'c>>,
    members: Vec<ShownMember<'c>>,
    rules: Vec<ShownRule<'c>>,
    errors: Vec<ShownError<'c>>,
    requirements: &'c [Requirement],
}

#[derive(Debug, Serialize)]
struct ShownOperation<'c> {
    id: &'c str,
    method: &'c str,
    path: &'c str,
    job: Option<String>,
    provenance: Option<Provenance>,
}

#[derive(Debug, Serialize)]
struct ShownMember<'c> {
    operation: &'c str,
    direction: &'static str,
    name: String,
    #[serde(rename = "type")]
    kind: &'c str,
    required: bool,
    provenance: Option<Provenance>,
}

#[derive(Debug, Serialize)]
struct ShownRule<'c> {
    operation: &'c str,
    rule: &'c str,
    message: &'c str,
    error: Option<&'c str>,
    provenance: Option<Provenance>,
}

#[derive(Debug, Serialize)]
struct ShownError<'c> {
    name: &'c str,
    code: &'c str,
    status: u16,
    message: &'c str,
}

/// What a contract says, as data.
pub(crate) fn data(contract: &Contract) -> Shown<'_> {
    let operations: Vec<&Operation> = all_operations(contract);
    let mut members = Vec::new();
    let mut rules = Vec::new();
    for operation in &operations {
        if let Some(schema) = operation.request_schema() {
            members.extend(members_of(contract, operation, "request", schema.pointer()));
            rules.extend(schema_rules(operation, schema));
        }
        for parameter in &operation.parameters {
            members.push(ShownMember {
                operation: &operation.id,
                direction: "parameter",
                name: parameter.name.clone(),
                kind: "string",
                required: parameter.required,
                provenance: parameter.provenance,
            });
        }
        let answer = operation
            .response(200)
            .and_then(|r| r.body.json())
            .and_then(|m| m.schema.as_ref());
        if let Some(schema) = answer {
            members.extend(members_of(
                contract,
                operation,
                "response",
                schema.pointer(),
            ));
            rules.extend(schema_rules(operation, schema));
        }
    }
    Shown {
        title: contract.title(),
        version: contract.version(),
        operations: operations.iter().map(|o| shown(o)).collect(),
        members,
        rules,
        errors: contract
            .errors()
            .map(|e| ShownError {
                name: &e.name,
                code: &e.code,
                status: e.status,
                message: &e.message,
            })
            .collect(),
        requirements: &Requirements::bundled().list,
    }
}

fn all_operations(contract: &Contract) -> Vec<&Operation> {
    let mut out = Vec::new();
    for operation in contract.operations() {
        out.push(operation);
        out.extend(operation.callbacks.iter().flat_map(|c| &c.operations));
    }
    out
}

fn shown(operation: &Operation) -> ShownOperation<'_> {
    let job = operation.job.as_ref().map(|job| match job {
        Job::Starts(job) => format!("starts {}", job.kind),
        Job::Reads(job) => format!("reads {}", job.kind),
        Job::Tells(job) => format!("tells {}", job.kind),
    });
    ShownOperation {
        id: &operation.id,
        method: operation.method.as_str(),
        path: &operation.path,
        job,
        provenance: operation.provenance,
    }
}

fn schema_rules<'c>(operation: &'c Operation, schema: &'c Schema) -> Vec<ShownRule<'c>> {
    let shown = |rule: &'c Rule| ShownRule {
        operation: &operation.id,
        rule: rule.expression.text(),
        message: &rule.message,
        error: rule.error.as_deref(),
        provenance: rule.provenance,
    };
    schema
        .rules()
        .iter()
        .map(|site| shown(&site.rule))
        .collect()
}

/// The members below a schema of the document, by their names with dots; each once.
fn members_of<'c>(
    contract: &'c Contract,
    operation: &'c Operation,
    direction: &'static str,
    pointer: &str,
) -> Vec<ShownMember<'c>> {
    let mut out: Vec<ShownMember<'c>> = Vec::new();
    contract.members(pointer, &mut |member| {
        let name = member.path.join(".");
        if !out.iter().any(|m| m.name == name) {
            out.push(ShownMember {
                operation: &operation.id,
                direction,
                name,
                kind: member.kind,
                required: member.required,
                provenance: member.provenance,
            });
        }
    });
    out
}

/// What a contract says, as tables.
pub(crate) fn text(contract: &Contract, lang: Lang) -> String {
    let data = data(contract);
    let from = |p: Option<Provenance>| p.map_or("", Provenance::as_str).to_owned();
    let mut out = format!("{} ({})\n", data.title, data.version);
    let mut section = |title: &str, header: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            out.push_str(&format!("\n{title}\n{}\n", table(header, rows)));
        }
    };
    section(
        "Operations",
        &["id", "method", "path", "job", "provenance"],
        data.operations
            .iter()
            .map(|o| {
                let job = o.job.clone().unwrap_or_default();
                vec![
                    o.id.into(),
                    o.method.into(),
                    o.path.into(),
                    job,
                    from(o.provenance),
                ]
            })
            .collect(),
    );
    section(
        "Members",
        &[
            "operation",
            "in",
            "member",
            "type",
            "required",
            "provenance",
        ],
        data.members
            .iter()
            .map(|m| {
                let required = if m.required { "yes" } else { "no" };
                vec![
                    m.operation.into(),
                    m.direction.into(),
                    m.name.clone(),
                    m.kind.into(),
                    required.into(),
                    from(m.provenance),
                ]
            })
            .collect(),
    );
    section(
        "Rules",
        &["operation", "rule", "error", "provenance"],
        data.rules
            .iter()
            .map(|r| {
                let error = r.error.unwrap_or_default();
                vec![
                    r.operation.into(),
                    r.rule.into(),
                    error.into(),
                    from(r.provenance),
                ]
            })
            .collect(),
    );
    section(
        "Errors",
        &["name", "code", "status", "message"],
        data.errors
            .iter()
            .map(|e| {
                vec![
                    e.name.into(),
                    e.code.into(),
                    e.status.to_string(),
                    e.message.into(),
                ]
            })
            .collect(),
    );
    section(
        "Requirements",
        &["id", "level", "provenance", "statement"],
        data.requirements
            .iter()
            .flat_map(|r| requirement_rows(r, lang))
            .collect(),
    );
    out
}

fn requirement_rows(requirement: &Requirement, lang: Lang) -> Vec<Vec<String>> {
    let say = |text: &smsload_spec::Text| match lang {
        Lang::En => text.en.trim().to_owned(),
        Lang::Zh => text.zh.trim().to_owned(),
    };
    let mut rows = vec![vec![
        requirement.id.clone(),
        requirement.level.to_string(),
        requirement.provenance.to_string(),
        say(&requirement.statement),
    ]];
    rows.extend(requirement.clauses.iter().map(|clause| {
        vec![
            format!("{}/{}", requirement.id, clause.key),
            clause.level.to_string(),
            clause.provenance.to_string(),
            say(&clause.statement),
        ]
    }));
    rows
}

/// Columns under a header.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    // On a terminal the columns are fitted to its width; in a file every row is one line.
    if table.is_tty() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.add_rows(rows);
    let lines: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
    lines.join("\n")
}
