//! The grammar of OpenAPI 3.0.3 as a table: which object has which members, and what each holds.
//!
//! `openapiv3` lets unknown members of some objects pass and stops at the first fault with a message that names no
//! place; this table finds every fault, with its place. Section names are those of the OpenAPI Specification 3.0.3, §4.7.

use crate::grammar_objects::{PATH_ITEM, RESPONSE};

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Anything at all: examples, defaults.
    Any,
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// A whole number, not negative.
    Count,
    /// A number.
    Number,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A boolean, or what the other shape says.
    FlagOr(&'static Shape),
    /// An object of the table.
    Object(&'static Object),
    /// An object of the table or a Reference Object.
    Ref(&'static Object),
    /// A mapping from free names.
    Map(&'static Shape),
    /// A list.
    List(&'static Shape),
}

/// One member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

/// Which names an object takes beside its fixed ones (and beside `x-…`, which every object takes).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Others {
    /// None.
    No,
    /// Paths: names that begin with `/`.
    Paths,
    /// Responses: `200`, `2XX`, `default`.
    Statuses,
    /// Callback: runtime expressions, any text.
    Expressions,
    /// Any name, no matter what it holds: Security Requirement, Scopes.
    Free,
}

/// One object of the specification.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in the specification, without the word Object.
    pub(crate) name: &'static str,
    /// The section of `components` where a reference to one may point.
    pub(crate) section: Option<&'static str>,
    pub(crate) members: &'static [Member],
    pub(crate) others: Others,
}

pub(crate) const fn may(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        shape,
        required: false,
    }
}

pub(crate) const fn must(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        shape,
        required: true,
    }
}

pub(crate) const fn object(name: &'static str, members: &'static [Member]) -> Object {
    Object {
        name,
        section: None,
        members,
        others: Others::No,
    }
}

pub(crate) const fn shared(
    name: &'static str,
    section: &'static str,
    members: &'static [Member],
    others: Others,
) -> Object {
    Object {
        name,
        section: Some(section),
        members,
        others,
    }
}

impl Object {
    pub(crate) fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|m| m.name == name)
    }
}

/// What the table says of a name that is none of the fixed ones: the shape it holds, or that it does not belong here.
pub(crate) fn other(object: &Object, name: &str) -> Option<Shape> {
    match object.others {
        Others::Paths if name.starts_with('/') => Some(Shape::Ref(&PATH_ITEM)),
        Others::Statuses if is_status(name) => Some(Shape::Ref(&RESPONSE)),
        Others::Expressions => Some(Shape::Ref(&PATH_ITEM)),
        Others::Free => Some(Shape::Any),
        _ => None,
    }
}

fn is_status(name: &str) -> bool {
    let bytes = name.as_bytes();
    name == "default"
        || (bytes.len() == 3
            && matches!(bytes[0], b'1'..=b'5')
            && (&bytes[1..] == b"XX" || bytes[1..].iter().all(u8::is_ascii_digit)))
}
