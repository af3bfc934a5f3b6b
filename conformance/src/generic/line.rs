//! The lines of a document without a catalogue: one for each property of each operation, `addPet/rejects`.

use http::Method;
use smsload_spec::{Level, Operation, Provenance, Text};

use crate::result::Line;

/// What is demanded of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Accepts,
    Rejects,
    Lenient,
    Answers,
    Errors,
    Survives,
    Methods,
    Media,
    Links,
}

impl Property {
    const ALL: [Self; 9] = [
        Self::Accepts,
        Self::Rejects,
        Self::Lenient,
        Self::Answers,
        Self::Errors,
        Self::Survives,
        Self::Methods,
        Self::Media,
        Self::Links,
    ];

    /// Those that an operation has.
    pub(super) fn of(operation: &Operation) -> impl Iterator<Item = Self> + '_ {
        let has_input = !operation.parameters.is_empty() || operation.request_body.is_some();
        let has_links = operation.responses.iter().any(|r| !r.links.is_empty());
        Self::ALL
            .into_iter()
            .filter(move |property| match property {
                Self::Rejects | Self::Lenient | Self::Errors => has_input,
                Self::Media => operation.request_body.is_some(),
                Self::Links => has_links,
                Self::Accepts | Self::Answers | Self::Survives | Self::Methods => true,
            })
    }

    fn key(self) -> &'static str {
        match self {
            Self::Accepts => "accepts",
            Self::Rejects => "rejects",
            Self::Lenient => "rejects-strictly",
            Self::Answers => "answers",
            Self::Errors => "error-statuses",
            Self::Survives => "no-server-error",
            Self::Methods => "other-methods",
            Self::Media => "other-media-types",
            Self::Links => "links",
        }
    }

    fn level(self) -> Level {
        match self {
            Self::Rejects | Self::Answers | Self::Survives | Self::Links => Level::Must,
            // A document cannot say everything: a value that it allows may still mean nothing to the server.
            Self::Accepts | Self::Lenient | Self::Errors | Self::Methods | Self::Media => {
                Level::Should
            }
        }
    }

    fn statement(self) -> (&'static str, &'static str) {
        match self {
            Self::Accepts => (
                "A request that the document allows is accepted.",
                "文档允许的请求应当被接受。",
            ),
            Self::Rejects => (
                "A request that breaks exactly one thing of the document is rejected.",
                "恰好违反文档一处规定的请求必须被拒绝。",
            ),
            Self::Lenient => (
                "A text that has not its format, and a number or truth value in place of a text, is rejected.",
                "不符合格式的字符串，以及用数字或布尔值代替字符串，应当被拒绝。",
            ),
            Self::Answers => (
                "An answer has a status, headers and a body that the document describes.",
                "响应的状态码、首部和内容必须符合文档。",
            ),
            Self::Errors => (
                "The status of a rejection is one that the document names for this operation.",
                "拒绝请求时的状态码应当是文档为该接口列出的状态码。",
            ),
            Self::Survives => (
                "No request yields a 5xx, a hang or a dropped connection.",
                "任何请求都不得导致 5xx、无响应或连接中断。",
            ),
            Self::Methods => (
                "A method that the path does not have gets 405, 404 or 501.",
                "对路径使用文档未列出的方法时，应当返回 405、404 或 501。",
            ),
            Self::Media => (
                "A body of a media type that the document does not name is rejected.",
                "媒体类型不在文档之列的请求体应当被拒绝。",
            ),
            Self::Links => (
                "What a link of an answer leads to is there.",
                "响应中的链接（link）所指向的对象必须存在。",
            ),
        }
    }

    /// The line of a property of an operation.
    pub(super) fn line(self, operation: &Operation) -> Line {
        let (en, zh) = self.statement();
        // Ids of operations without one have blanks and slashes, which the selection of lines would trip over.
        let id = operation.id.replace(['/', ' '], "_");
        Line {
            id: format!("{id}/{}", self.key()),
            level: self.level(),
            provenance: Provenance::Derived,
            source: format!("{} {}", operation.method, operation.path),
            statement: Text {
                en: en.to_owned(),
                zh: zh.to_owned(),
            },
        }
    }
}

/// Methods that a path may turn out to have although the document does not say so. DELETE is not tried on things that
/// are somebody else's.
pub(super) const METHODS: [Method; 4] = [Method::GET, Method::PUT, Method::PATCH, Method::POST];
