//! The documents are true: what they tell a reader to type is typed, what they show is compared, files that they show are
//! read by their readers, links lead somewhere, options exist.
//!
//! A document is found by walking; `stage.rs` is the one place that says what must be there for it, and what cannot be run.
//! Commands of a document run in order, in one shell, as a reader would run them who types them all.

mod builder;
mod ci;
mod document;
mod files;
mod links;
mod session;
mod shown;
mod stage;

use std::sync::atomic::{AtomicUsize, Ordering};

use document::{Block, Document, Step, bare};
use session::Session;
use stage::{NOT_RUN, Stage};

/// What a system needs beside Rust and a shell; `.ci/run` has it.
const TOOLS: [&str; 5] = ["curl", "pytest", "python3", "node", "rustc"];

fn needs_tools(command: &str) -> bool {
    let words = |c: char| !c.is_alphanumeric() && c != '-' && c != '_' && c != '.';
    bare(command).split(words).any(|word| TOOLS.contains(&word))
}

fn is_not_run(document: &Document, step: &Step) -> bool {
    NOT_RUN
        .iter()
        .any(|not| not.document == document.name && step.command.starts_with(not.command))
}

/// Runs what a document tells, or one chapter of it, with the commands that need other tools or without; everything that is
/// wrong.
fn try_out(document: &Document, chapter: Option<usize>, with_tools: bool) -> Vec<String> {
    let stage = stage::of(&document.name);
    let steps: Vec<_> = document.steps().collect();
    // The question how a command ended goes with that command.
    let asked = |at: usize| match steps[at].command.as_str() {
        "echo $?" => steps[at - 1],
        _ => steps[at],
    };
    let is_meant = |at: usize| {
        let step = asked(at);
        let is_left = !with_tools && (stage.needs_tools || needs_tools(&step.command));
        let is_here = chapter.is_none_or(|chapter| chapter == step.chapter);
        is_here && !is_not_run(document, step) && !is_left
    };
    let is_ours = |at: usize| {
        let is_special = stage.needs_tools || needs_tools(&asked(at).command);
        is_meant(at) && is_special == with_tools
    };
    if !(0..steps.len()).any(is_ours) {
        return Vec::new();
    }
    let mut session = Session::start(&stage);
    // A file may be shown behind the command that reads it; where there are several versions, the first comes first.
    for block in document.blocks.iter().rev() {
        if let Block::Text {
            file: Some(name),
            text,
            ..
        } = block
        {
            session.write_shown(name, text);
        }
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for block in &document.blocks {
        match block {
            Block::Text {
                file: Some(name),
                text,
                ..
            } => {
                session.write_shown(name, text);
            }
            Block::Text { .. } => {}
            Block::Console(block) => {
                for step in block {
                    count += 1;
                    if !is_meant(count - 1) {
                        continue;
                    }
                    let next = steps.get(count).copied();
                    if let Err(error) = session.run(step, next) {
                        let (name, line) = (&document.name, step.line);
                        wrong.push(format!("{name}:{line}: {}\n{error}", step.command));
                    }
                }
            }
        }
    }
    wrong
}

/// Documents are independent of each other: a few at once.
fn try_all_out(with_tools: bool) {
    let all = document::all();
    let wanted = std::env::var("SMSLOAD_DOCUMENT").unwrap_or_default();
    let own = all
        .iter()
        .filter(|own| !is_sister(own) && own.name.contains(&wanted));
    let parts = own.flat_map(|own| {
        let mut chapters: Vec<_> = own.steps().map(|step| Some(step.chapter)).collect();
        chapters.dedup();
        if !stage::of(&own.name).by_chapter {
            chapters = vec![None];
        }
        chapters.into_iter().map(move |chapter| (own, chapter))
    });
    let parts: Vec<_> = parts.collect();
    let next = AtomicUsize::new(0);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            while let Some((document, chapter)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                wrong.extend(try_out(document, *chapter, with_tools));
            }
            wrong
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn every_command_does_what_its_document_says() {
    try_all_out(false);
}

#[test]
#[ignore = "needs curl, Python with pytest, and Node (.ci/run installs them)"]
fn documents_every_command_with_other_tools() {
    try_all_out(true);
}

fn is_sister(document: &Document) -> bool {
    document.name.ends_with(".zh-CN.md")
}

/// Commands are run for the English document; the Chinese one has the same.
#[test]
fn sisters_tell_the_same_commands() {
    let all = document::all();
    for sister in all.iter().filter(|document| is_sister(document)) {
        let name = sister.name.replace(".zh-CN.md", ".md");
        let english = all.iter().find(|document| document.name == name);
        let english = english.unwrap_or_else(|| panic!("{} has no sister {name}", sister.name));
        let told = |document: &Document| {
            let steps = document.steps();
            steps
                .map(|step| (bare(&step.command).to_owned(), step.shown.clone()))
                .collect::<Vec<_>>()
        };
        for (own, other) in told(english).iter().zip(&told(sister)) {
            assert_eq!(own, other, "{} and {name} differ", sister.name);
        }
        assert_eq!(told(english).len(), told(sister).len(), "{}", sister.name);
        let files = |document: &Document| {
            let named = document.blocks.iter().filter_map(|block| match block {
                Block::Text { file, .. } => file.clone(),
                Block::Console(_) => None,
            });
            named.collect::<Vec<_>>()
        };
        assert_eq!(files(english), files(sister), "{}", sister.name);
    }
}

/// What stands in the tables of `stage.rs` is used: nothing is excused that is not there any more.
#[test]
fn what_is_not_run_has_a_reason_and_is_there() {
    let all = document::all();
    let ci = std::fs::read_to_string(document::root().join(".ci/run")).unwrap();
    for not in NOT_RUN {
        let own = all.iter().find(|document| document.name == not.document);
        let own = own.unwrap_or_else(|| panic!("there is no {}", not.document));
        let mut steps = own.steps();
        assert!(
            steps.any(|step| step.command.starts_with(not.command)),
            "{} has no command {:?} any more",
            not.document,
            not.command
        );
        assert!(!not.reason.is_empty());
        if let Some(line) = not.run_by_ci {
            assert!(ci.contains(line), ".ci/run has no {line:?}");
        }
    }
    for Stage {
        document,
        files,
        servers,
        paths,
        shortened,
        copies,
        ..
    } in stage::STAGES
    {
        let own = all.iter().find(|own| own.name == *document);
        let Some(own) = own else {
            assert!(document.starts_with("docs/ci/"), "there is no {document}");
            continue;
        };
        let named = files.iter().chain(*copies).map(|file| file.0);
        let named = named.chain(shortened.iter().map(|file| file.0));
        for name in named.chain(paths.iter().copied()) {
            // What tells a command its other files has no need to be named.
            let is_named = own.text.contains(name) || name == "test_client.py";
            assert!(is_named, "{document} does not name {name}");
        }
        let is_written = own.text.contains("verify init");
        for (port, _) in servers.iter().filter(|_| !is_written) {
            assert!(
                own.text.contains(&format!(":{port}")),
                "{document}: nobody asks :{port}"
            );
        }
    }
    // Commands that only look like text would not be found.
    for document in &all {
        for block in &document.blocks {
            let Block::Text { line, language, .. } = block else {
                continue;
            };
            let is_shell =
                ["sh", "bash", "shell", "shell-session", ""].contains(&language.as_str());
            assert!(
                !is_shell,
                "{}:{line}: commands stand in a `console` block",
                document.name
            );
        }
    }
}

/// Each heading of the page is a message that the command below it is shown to give; that command is run as all others are.
#[test]
fn messages_are_headings_of_what_gives_them() {
    let all = document::all();
    for document in all
        .iter()
        .filter(|d| d.name.starts_with("docs/troubleshooting"))
    {
        let mut count = 0;
        for section in document.text.split("\n## ").skip(1) {
            let (heading, rest) = section.split_once('\n').unwrap();
            let message = heading.trim_matches('`').trim();
            let console = rest.split("```console\n").nth(1).unwrap();
            let mut shown = console.split("```").next().unwrap().lines();
            let is_shown = shown.any(|line| shown::is_what_came(&format!("…{message}…"), line));
            assert!(is_shown, "{}: nothing gives {heading}", document.name);
            count += 1;
        }
        assert!(count >= 16, "{}", document.name);
    }
}
