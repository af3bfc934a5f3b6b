//! What a reader of a report must know of the target beside the verdicts.

use super::Session;
use crate::target::Target;

impl Session {
    /// What a reader must know beside the verdicts.
    pub(crate) async fn notes(&self, target: &Target) -> Vec<String> {
        let mut notes = Vec::new();
        if target.base_url.is_https() && target.tls.insecure {
            notes.push(
                "certificates were not verified (`tls.insecure`): whoever stands between could have answered"
                    .to_owned(),
            );
        }
        let is_over = self.gone().is_some() || self.stop.why().is_some();
        if !is_over && !target.declared.progress_query && self.answers_queries().await {
            notes.push(
                "the target answers the progress query, which it does not declare (`declared.progress_query`), so that nothing was asked of it"
                    .to_owned(),
            );
        }
        notes
    }

    /// True if a query for the id of an accepted download is answered with an acceptance.
    async fn answers_queries(&self) -> bool {
        let plain = self.plain().await;
        let Some(query) = self.api.undeclared_query.as_ref() else {
            return false;
        };
        let id = plain
            .body
            .as_ref()
            .and_then(|b| self.api.answer.id.value(b));
        let Some(id) = id.filter(|_| plain.outcome.is_taken()) else {
            return false;
        };
        let request = query.request(Some(id.clone()));
        let answered = self.send("notes#query".to_owned(), request, true).await;
        answered.outcome.is_taken()
    }
}
