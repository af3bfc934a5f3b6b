//! What a document of ours holds that can be tested: commands, files, links.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A command as the reader types it, and what the document shows as its output.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The line of the document.
    pub(crate) line: usize,
    /// How many headings of the second level stand before it.
    pub(crate) chapter: usize,
    /// With its continuation lines, without the prompt.
    pub(crate) command: String,
    /// Empty if nothing is shown.
    pub(crate) shown: String,
}

impl Step {
    pub(crate) fn new(command: &str, line: usize, chapter: usize) -> Self {
        Self {
            line,
            chapter,
            command: command.to_owned(),
            shown: String::new(),
        }
    }
}

/// A fenced block.
#[derive(Debug)]
pub(crate) enum Block {
    /// A console: commands and their output.
    Console(Vec<Step>),
    /// Whatever else: its language, the name of the file that it is, if it is one, and the text.
    Text {
        line: usize,
        language: String,
        file: Option<String>,
        text: String,
    },
}

#[derive(Debug)]
pub(crate) struct Document {
    /// Relative to the root of the repository, with `/`.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    /// Line and destination of each link.
    pub(crate) links: Vec<(usize, String)>,
    /// Text of each heading.
    pub(crate) headings: Vec<String>,
    /// Line and text of each piece of code within a sentence.
    pub(crate) codes: Vec<(usize, String)>,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document for users: the two READMEs, docs/ and examples/, found by walking.
pub(crate) fn all() -> Vec<Document> {
    let mut files = vec![root().join("README.md"), root().join("README.zh-CN.md")];
    for folder in ["docs", "examples"] {
        walk(&root().join(folder), &mut files);
    }
    files.sort();
    files.iter().map(|file| Document::read(file)).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

impl Document {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root()).unwrap();
        let name = name.to_str().unwrap().replace('\\', "/");
        Self::parse(name, text)
    }

    fn parse(name: String, text: String) -> Self {
        let mut document = Self {
            name,
            text: String::new(),
            blocks: Vec::new(),
            links: Vec::new(),
            headings: Vec::new(),
            codes: Vec::new(),
        };
        // The fenced block, or the heading, that is being read.
        let mut block: Option<(usize, String, String)> = None;
        let mut heading: Option<String> = None;
        let mut chapter = 0;
        let parser = Parser::new_ext(&text, Options::ENABLE_TABLES);
        for (event, range) in parser.into_offset_iter() {
            let line = text[..range.start].lines().count() + 1;
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    block = Some((line, info.to_string(), String::new()));
                }
                Event::End(TagEnd::CodeBlock) => {
                    let ended = block.take();
                    document
                        .blocks
                        .extend(ended.map(|(l, i, t)| fenced(l, chapter, &i, t)));
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    chapter += usize::from(level == HeadingLevel::H2);
                    heading = Some(String::new());
                }
                Event::End(TagEnd::Heading(_)) => document.headings.extend(heading.take()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push((line, dest_url.to_string()));
                }
                Event::Text(words) => {
                    for open in [block.as_mut().map(|b| &mut b.2), heading.as_mut()] {
                        open.into_iter().for_each(|open| open.push_str(&words));
                    }
                }
                Event::Code(words) => {
                    heading.iter_mut().for_each(|open| open.push_str(&words));
                    document.codes.push((line, words.to_string()));
                }
                _ => {}
            }
        }
        document.text = text;
        document
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.blocks.iter().flat_map(|block| match block {
            Block::Console(steps) => steps.as_slice(),
            Block::Text { .. } => &[],
        })
    }
}

/// ```` ```LANGUAGE FILE ````: what stands behind the language names the file that the block is.
fn fenced(line: usize, chapter: usize, info: &str, text: String) -> Block {
    let mut words = info.split_whitespace().map(str::to_owned);
    let language = words.next().unwrap_or_default();
    if language == "console" {
        return Block::Console(steps(&text, line + 1, chapter));
    }
    Block::Text {
        line,
        language,
        file: words.next(),
        text,
    }
}

fn steps(text: &str, first: usize, chapter: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (line, number) in text.lines().zip(first..) {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step::new(command, number, chapter));
            continue;
        }
        let step = steps.last_mut();
        let step = step.unwrap_or_else(|| panic!("line {number}: a console begins with `$ `"));
        let is_going_on = step.shown.is_empty() && is_open(&step.command);
        let to = if is_going_on {
            &mut step.command
        } else {
            &mut step.shown
        };
        let is_first = to.is_empty();
        to.push_str(if is_first { "" } else { "\n" });
        to.push_str(line);
    }
    steps
}

/// True if a shell would read on: a quotation mark is open, or a backslash ends the line.
fn is_open(command: &str) -> bool {
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            // What stands behind it is no quotation mark; the end of the line is open.
            (None | Some('"'), '\\') if characters.next().is_none() => return true,
            _ => {}
        }
    }
    quote.is_some()
}

/// A command without its comment.
pub(crate) fn bare(command: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in command.char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, '#') if before.is_whitespace() => return command[..at].trim_end(),
            _ => {}
        }
        before = character;
    }
    command.trim_end()
}
