//! Target files: a [`Target`] written in TOML. Unknown members are refused; an error names the file, the line and the
//! member.

use std::path::{Path, PathBuf};

use crate::target::Target;

/// Why a target file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetFileError {
    /// It cannot be read.
    #[error("{}: cannot be read ({source}); check its name and its permissions", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not what a target file must be.
    #[error("{}:{line}: {}{why}", file.display(), member.as_ref().map(|m| format!("`{m}`: ")).unwrap_or_default())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The member at fault, `fixtures.recorded`, if it is known.
        member: Option<String>,
        /// What is wrong with it.
        why: String,
    },
}

impl Target {
    /// Reads a target file.
    ///
    /// # Errors
    /// It cannot be read, or is wrong; the error says where.
    pub fn read(file: &Path) -> Result<Self, TargetFileError> {
        let text = std::fs::read_to_string(file).map_err(|source| TargetFileError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(file, &text)
    }

    /// Reads the text of a target file; `file` is what errors call it.
    ///
    /// # Errors
    /// It is wrong; the error says where.
    pub fn parse(file: &Path, text: &str) -> Result<Self, TargetFileError> {
        let wrong = |error: &toml::de::Error, member: Option<String>| TargetFileError::Wrong {
            file: file.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            member,
            why: error.message().trim_end().replace('\n', "; "),
        };
        let deserializer = toml::Deserializer::parse(text).map_err(|e| wrong(&e, None))?;
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let path = error.path().to_string();
            wrong(error.inner(), (path != ".").then_some(path))
        })
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::target::Target;

    const GOOD: &str = r#"
base_url = "http://127.0.0.1:4010/prefix/"

[headers]
Token = "hunter2-hunter2"

[fixtures]
device = "34020000001110000228"
channel = "34020000001320000666"
recorded = { start = "2025-04-04T21:36:17", end = "2025-04-04T21:36:27" }

[declared]
progress_query = true

[limits]
downloads = 40

[busy]
codes = ["50301"]
"#;

    fn parse(text: &str) -> Result<Target, String> {
        Target::parse(Path::new("vendor.toml"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn reads_a_target() {
        let target = parse(GOOD).unwrap();
        assert_eq!(target.base_url.to_string(), "http://127.0.0.1:4010/prefix");
        assert_eq!(target.fixtures.recorded.seconds(), 10);
        assert!(target.declared.progress_query && !target.declared.files);
        assert_eq!(
            (target.limits.downloads, target.limits.concurrency),
            (Some(40), 16)
        );
        assert!(target.busy.covers(429, None) && target.busy.covers(200, Some("50301")));
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[test]
    fn reads_tenants_and_networks_and_needs_no_fixtures() {
        let text = GOOD.to_owned()
            + r#"
[callbacks]
allowed = ["127.0.0.1", "10.0.0.0/8"]

[tenants]
a = { tenant-id = "hunter2-a" }
b = { tenant-id = "hunter2-b" }
"#;
        let target = parse(&text).unwrap();
        assert_eq!(target.callbacks.allowed.len(), 2);
        assert!(target.names("tenants") && target.names("token"));
        assert!(!format!("{target:?}").contains("hunter2"));
        let error = parse(&text.replace("10.0.0.0/8", "10.0.0.0/99")).unwrap_err();
        assert!(
            error.contains("`callbacks.allowed[1]`: \"10.0.0.0/99\" is no network"),
            "{error}"
        );
        let bare = parse("base_url = \"http://127.0.0.1:1\"").unwrap();
        assert!(!bare.fixtures.is_named() && !bare.names("device"));
    }

    #[test]
    fn errors_name_file_line_and_member() {
        let cases = [
            (
                GOOD.replace("progress_query", "progres_query"),
                "vendor.toml:13: `declared.progres_query`: unknown field",
            ),
            (
                GOOD.replace("T21:36:17", " 21:36:17"),
                "vendor.toml:10: `fixtures.recorded`: `start` is \"2025-04-04 21:36:17\"",
            ),
            (
                GOOD.replace("21:36:27", "21:36:07"),
                "vendor.toml:10: `fixtures.recorded`: the window",
            ),
            (
                GOOD.replace("http:", "https:"),
                "vendor.toml:2: `base_url`: \"https://127.0.0.1:4010/prefix/\" needs TLS",
            ),
            (
                GOOD.replace("Token =", "\"To ken\" ="),
                "`headers`: `To ken` is no header name",
            ),
            (GOOD.replace("channel = ", "# "), "missing field `channel`"),
            (GOOD.replace("[busy]", "[busy"), "vendor.toml:18"),
        ];
        for (text, expected) in cases {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(expected), "{error}\n  lacks\n{expected}");
        }
    }
}
