//! The validator's findings in words: the keyword, the place, and a sentence that a person understands.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::lower::written_pattern;
use crate::source::{join, type_name};

/// Characters of a value that a message shows at most.
const SHOWN: usize = 60;

/// One finding of the validator.
pub(crate) struct Worded {
    pub(crate) pointer: String,
    pub(crate) keyword: &'static str,
    pub(crate) message: String,
    /// Path of the keyword in the lowered schema.
    pub(crate) schema_path: String,
}

/// All findings, those inside the best branch of an `anyOf` or `oneOf` in place of the branching itself.
///
/// `base` is the name of the whole value in messages; `shows` says whether values may be shown.
pub(crate) fn describe<'e>(
    errors: impl Iterator<Item = &'e ValidationError<'e>>,
    base: &str,
    shows: bool,
) -> Vec<Worded> {
    let mut out: Vec<Worded> = Vec::new();
    for error in errors {
        one(error, base, shows, &mut out);
    }
    // A text of the wrong form breaks its length, its format and its pattern: what says most is said, once.
    let broken = |out: &[Worded], keyword: &str| -> Vec<String> {
        out.iter()
            .filter(|w| w.keyword == keyword)
            .map(|w| w.pointer.clone())
            .collect()
    };
    let (empty, formed) = (broken(&out, "minLength"), broken(&out, "format"));
    out.retain(|w| match w.keyword {
        "format" => !empty.contains(&w.pointer),
        "pattern" => !empty.contains(&w.pointer) && !formed.contains(&w.pointer),
        _ => true,
    });
    out
}

fn one(error: &ValidationError<'_>, base: &str, shows: bool, out: &mut Vec<Worded>) {
    if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind()
        && let Some(best) = best_branch(context)
    {
        for inner in best {
            one(inner, base, shows, out);
        }
        return;
    }
    let pointer = error.instance_path().as_str().to_owned();
    let schema_path = error.schema_path().as_str().to_owned();
    let name = name(&pointer, base);
    let shown = if shows {
        show(error.instance())
    } else {
        "its value".to_owned()
    };
    let mut push = |pointer: String, keyword: &'static str, message: String| {
        out.push(Worded {
            pointer,
            keyword,
            message,
            schema_path: schema_path.clone(),
        });
    };
    match error.kind() {
        Kind::Required { property } => {
            let member = property.as_str().unwrap_or_default();
            let at = join(&pointer, member);
            let message = format!("`{}` is missing", self::name(&at, base));
            push(at, "required", message);
        }
        Kind::AdditionalProperties { unexpected } => {
            for member in unexpected {
                let at = join(&pointer, member);
                let message = format!("`{}` is not a member here", self::name(&at, base));
                push(at, "additionalProperties", message);
            }
        }
        kind => {
            let (keyword, says) = sentence(kind, error.instance(), &shown);
            push(pointer, keyword, format!("`{name}` {says}"));
        }
    }
}

/// The branch that was most likely meant: one whose distinguishing values (`enum`, `not`) fit, else the least broken.
fn best_branch<'c>(
    context: &'c [Vec<ValidationError<'static>>],
) -> Option<&'c [ValidationError<'static>]> {
    let weight = |errors: &Vec<ValidationError<'static>>| {
        let distinguishing = errors
            .iter()
            .filter(|e| {
                matches!(
                    e.kind(),
                    Kind::Enum { .. } | Kind::Constant { .. } | Kind::Not { .. }
                )
            })
            .count();
        (distinguishing, errors.len())
    };
    context
        .iter()
        .filter(|errors| !errors.is_empty())
        .min_by_key(|e| weight(e))
        .map(Vec::as_slice)
}

fn sentence(kind: &Kind, instance: &Value, shown: &str) -> (&'static str, String) {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let at_most = |limit: u64, what: &str| format!("must have at most {limit} {what}");
    let at_least = |limit: u64, what: &str| format!("must have at least {limit} {what}");
    match kind {
        Kind::Type { kind } => (
            "type",
            format!("must be {}, and is {}", types(kind), type_name(instance)),
        ),
        Kind::Enum { options } => (
            "enum",
            format!("must be one of {}, and is {shown}", list(options)),
        ),
        Kind::Constant { expected_value } => (
            "enum",
            format!("must be {}, and is {shown}", show(expected_value)),
        ),
        Kind::Pattern { pattern } => (
            "pattern",
            format!(
                "must have the form {}, and is {shown}",
                written_pattern(pattern)
            ),
        ),
        Kind::Format { format } => ("format", format!("is no {}: {shown}", in_words(format))),
        Kind::MinLength { limit: 1 } => ("minLength", "must not be empty".into()),
        Kind::MinLength { limit } => ("minLength", at_least(*limit, "characters")),
        Kind::MaxLength { limit } => ("maxLength", at_most(*limit, "characters")),
        Kind::MinItems { limit } => ("minItems", at_least(*limit, "items")),
        Kind::MaxItems { limit } => ("maxItems", at_most(*limit, "items")),
        Kind::AdditionalItems { limit } => (
            "items",
            format!("must have at most {}", count(*limit, "item")),
        ),
        Kind::MinProperties { limit } => ("minProperties", at_least(*limit, "members")),
        Kind::MaxProperties { limit } => ("maxProperties", at_most(*limit, "members")),
        Kind::Minimum { limit } => (
            "minimum",
            format!("must be {limit} or more, and is {shown}"),
        ),
        Kind::Maximum { limit } => (
            "maximum",
            format!("must be {limit} or less, and is {shown}"),
        ),
        Kind::ExclusiveMinimum { limit } => (
            "exclusiveMinimum",
            format!("must be more than {limit}, and is {shown}"),
        ),
        Kind::ExclusiveMaximum { limit } => (
            "exclusiveMaximum",
            format!("must be less than {limit}, and is {shown}"),
        ),
        Kind::MultipleOf { multiple_of } => (
            "multipleOf",
            format!("must be a multiple of {multiple_of}, and is {shown}"),
        ),
        Kind::UniqueItems => ("uniqueItems", "must not hold the same item twice".into()),
        Kind::Not { schema } if schema == &serde_json::json!({}) => {
            ("readOnly", "must not be sent in this direction".into())
        }
        Kind::Not { schema } => match schema.get("enum") {
            Some(options) => ("not", format!("must not be {}", list(options))),
            None => ("not", format!("has a value that is not allowed: {shown}")),
        },
        Kind::OneOfMultipleValid { .. } => (
            "oneOf",
            "fits more than one of the forms that exclude each other".into(),
        ),
        Kind::AnyOf { .. } => (
            "anyOf",
            format!("fits none of the forms it may have: {shown}"),
        ),
        Kind::OneOfNotValid { .. } => (
            "oneOf",
            format!("fits none of the forms it may have: {shown}"),
        ),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            ("pattern", "is too intricate for its pattern".into())
        }
        _ => ("schema", format!("is not allowed: {shown}")),
    }
}

fn types(kind: &TypeKind) -> String {
    let word = |t: &str| match t {
        "string" => "a string".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        other => other.to_owned(),
    };
    match kind {
        TypeKind::Single(one) => word(&one.to_string()),
        TypeKind::Multiple(many) => many
            .iter()
            .map(|t| word(&t.to_string()))
            .collect::<Vec<_>>()
            .join(" or "),
    }
}

fn in_words(format: &str) -> &str {
    match format {
        "date-time-local" => "date and time of the calendar (YYYY-MM-DDTHH:mm:ss)",
        "uri" => "absolute address (URI)",
        "http-url" => "absolute http or https address with a host",
        "byte" => "base64",
        other => other,
    }
}

fn list(options: &Value) -> String {
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    options.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// The name of a place in messages: its path without the leading slash, or the name of the whole.
pub(crate) fn name(pointer: &str, base: &str) -> String {
    match pointer.strip_prefix('/') {
        None => base.to_owned(),
        Some(path) => {
            let path: Vec<_> = path
                .split('/')
                .map(|t| crate::source::unescape(t).into_owned())
                .collect();
            clean(&path.join("."), SHOWN)
        }
    }
}

/// A value as JSON, cut to a length that fits a message, with control characters escaped.
pub(crate) fn show(value: &Value) -> String {
    clean(&value.to_string(), SHOWN)
}

fn clean(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index >= most {
            out.push('…');
            break;
        }
        if c.is_control() || is_deceptive(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that change the order or the look of the text around them.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
