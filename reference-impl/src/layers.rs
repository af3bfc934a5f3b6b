//! A configuration in layers: a file, over it the environment, over that what was said by hand.
//!
//! Every key of the file can be given in each of the layers. In the environment `jobs.keep_ms` is
//! `SMSLOAD__JOBS__KEEP_MS`; by hand it is `jobs.keep_ms=60000`. Values are written as in the file;
//! quotes around a text may be left out.

use toml::{Table, Value};

use crate::config::{Config, ConfigError};

/// What an environment variable begins with that is a setting.
const PREFIX: &str = "SMSLOAD__";

/// Keys whose value is a text, also where it looks like a number.
const TEXTS: [&str; 10] = [
    "sip_domain",
    "rejection_status",
    "listen",
    "archive",
    "data_dir",
    "public_url",
    "metrics_listen",
    "callbacks.ca_file",
    "callbacks.secret",
    "access.token_file",
];

/// Layers, the lowest first.
#[derive(Debug, Default)]
pub struct Layers(Table);

/// A setting cannot be read. Its value is not shown, since it may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It has no name or no value.
    #[error("\"{0}\" is no setting; write KEY=VALUE, for example jobs.keep_ms=60000")]
    Form(String),
    /// Its name goes through a key that is no table.
    #[error("{0} is no table, so that it has no keys")]
    NoTable(String),
}

impl Layers {
    /// A file's text as the lowest layer.
    ///
    /// # Errors
    /// If it is no TOML.
    pub fn of(text: &str) -> Result<Self, ConfigError> {
        let table = text.parse();
        table
            .map(Self)
            .map_err(|error: toml::de::Error| ConfigError::Syntax(error.to_string()))
    }

    /// The settings of an environment over what is there. Other variables are passed over.
    ///
    /// # Errors
    /// If a name goes through a key that is no table.
    pub fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), SettingError> {
        for (name, value) in variables {
            if let Some(name) = name.strip_prefix(PREFIX) {
                let key = name.to_ascii_lowercase().replace("__", ".");
                self.set(&key, &value)?;
            }
        }
        Ok(())
    }

    /// `KEY=VALUE` over what is there.
    ///
    /// # Errors
    /// If it has another form, or its name goes through a key that is no table.
    pub fn setting(&mut self, text: &str) -> Result<(), SettingError> {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            let name: String = text.chars().take(40).collect();
            SettingError::Form(name)
        })?;
        self.set(key.trim(), value)
    }

    /// One key over what is there.
    ///
    /// # Errors
    /// If the name goes through a key that is no table.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        let is_text = TEXTS.contains(&key);
        let typed = (!is_text).then(|| read(value)).flatten();
        let value = typed.unwrap_or_else(|| Value::String(unquoted(value).to_owned()));
        let mut table = &mut self.0;
        let mut path = key.split('.').peekable();
        while let Some(part) = path.next() {
            if part.is_empty() {
                return Err(SettingError::Form(key.to_owned()));
            }
            if path.peek().is_none() {
                table.insert(part.to_owned(), value);
                return Ok(());
            }
            let inner = table.entry(part).or_insert_with(|| Table::new().into());
            let no_table = || SettingError::NoTable(part.to_owned());
            table = inner.as_table_mut().ok_or_else(no_table)?;
        }
        Ok(())
    }

    /// The configuration that the layers make together.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] if a key is unknown, missing or of the wrong kind.
    pub fn config(self) -> Result<Config, ConfigError> {
        let config = self.0.try_into();
        config.map_err(|error: toml::de::Error| ConfigError::Syntax(error.to_string()))
    }
}

/// A value as a file would have it.
fn read(text: &str) -> Option<Value> {
    let mut table: Table = format!("value = {text}").parse().ok()?;
    // More than one line would be more than one value.
    (table.len() == 1).then(|| table.remove("value")).flatten()
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILE: &str = "sip_domain = '3402000000'\n[jobs]\nkeep_ms = 1\ncapacity = 5";

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn what_is_said_by_hand_goes_before_the_environment_and_that_before_the_file() {
        let mut layers = Layers::of(FILE).unwrap();
        let environment = variables(&[
            ("SMSLOAD__JOBS__KEEP_MS", "2"),
            ("SMSLOAD__JOBS__AT_WORK", "3"),
            ("SMSLOAD__CALLBACKS__ALLOW", "['10.0.0.0/8', '127.0.0.1']"),
            ("SMSLOAD__SIP_DOMAIN", "4401000000"),
            ("SMSLOAD__PUBLIC_URL", "http://a.example"),
            ("SMSLOAD_LOG", "info"),
            ("PATH", "/bin"),
        ]);
        layers.environment(environment).unwrap();
        layers.setting("jobs.at_work = 4").unwrap();
        layers.setting("rejection_status=\"http4xx\"").unwrap();
        let config = layers.config().unwrap();
        assert_eq!(config.jobs.keep, Duration::from_millis(2));
        assert_eq!(
            (config.jobs.at_work.get(), config.jobs.capacity.get()),
            (4, 5)
        );
        assert_eq!(config.callbacks.allow.len(), 2);
        assert_eq!(config.public_url.as_deref(), Some("http://a.example"));
        assert_eq!(config.rejection_status, crate::RejectionStatus::Http4xx);
        assert_eq!(config.sip_domain, "4401000000".parse().unwrap());
    }

    #[test]
    fn what_is_no_setting_is_named() {
        let set = |text: &str| Layers::of(FILE).unwrap().setting(text);
        assert!(matches!(set("jobs.keep_ms"), Err(SettingError::Form(_))));
        assert!(matches!(set(".x=1"), Err(SettingError::Form(_))));
        let no_table = SettingError::NoTable("sip_domain".to_owned());
        assert_eq!(set("sip_domain.x=1"), Err(no_table));
        let mut layers = Layers::of(FILE).unwrap();
        layers.setting("jobs.kep_ms=7").unwrap();
        let error = layers.config().unwrap_err().to_string();
        assert!(error.contains("kep_ms"), "{error}");
    }
}
