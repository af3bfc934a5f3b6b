//! A file of tokens: a line for each, the token, and its tenant after a blank if it has one.

use std::path::Path;

use crate::settings::{TokenDigest, TokenRule};

/// What is wrong with a file of tokens. The tokens themselves are never shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFileError {
    #[error("cannot be read: {file}: {problem}")]
    Read {
        file: String,
        problem: std::io::Error,
    },
    #[error("has a wrong line: {file}, line {line}: write a token, and its tenant after a blank")]
    Line { file: String, line: usize },
    #[error("names a file without a token: {0}")]
    Empty(String),
}

/// Reads a file. Blank lines and lines that begin with `#` are left out.
pub(crate) fn read(path: &Path) -> Result<Vec<TokenRule>, TokenFileError> {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(problem) => return Err(TokenFileError::Read { file, problem }),
    };
    let rules: Vec<TokenRule> = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, text)| {
            rule(text).ok_or_else(|| TokenFileError::Line {
                file: file.clone(),
                line,
            })
        })
        .collect::<Result<_, _>>()?;
    if rules.is_empty() {
        // Otherwise an empty file would open what it was meant to close.
        return Err(TokenFileError::Empty(file));
    }
    Ok(rules)
}

fn rule(line: &str) -> Option<TokenRule> {
    let mut words = line.split_whitespace();
    let sha256 = TokenDigest::of(words.next()?);
    let tenant = match words.next() {
        Some(tenant) => Some(tenant.parse().ok()?),
        None => None,
    };
    words
        .next()
        .is_none()
        .then_some(TokenRule { sha256, tenant })
}
