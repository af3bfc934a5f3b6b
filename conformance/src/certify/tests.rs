//! From a declaration to a bundle, and what is found of a bundle that is not as it was, or never was right.

use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use smsload_mock::{MockServer, misbehave};
use smsload_spec::Contract;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::bundle::{ATTESTATION, Bundle};
use super::check::check_by;
use super::predicate::{Chosen, Predicate};
use super::writer::Writer;
use super::{
    Certification, Certified, CertifyError, Checked, Declaration, Grade, Progress, SecretKey,
    standing,
};
use crate::report::{Report, html};
use crate::result::Verdict;

const CASES: u32 = 12;

const TARGET: &str = include_str!("../../tests/vendor.toml");

struct Trial {
    dir: TempDir,
    key: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("vendor.key");
        SecretKey::generate().unwrap().write(&key).unwrap();
        Self { dir, key }
    }

    fn key(&self) -> SecretKey {
        SecretKey::read(&self.key).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn certification(&self, url: &str) -> Certification {
        let file = self.file("vendor.toml");
        let text = TARGET
            .replace("http://127.0.0.1:1\"", &format!("{url}\""))
            .replace("Example SMS", "Example SMS \\u202E<script>");
        std::fs::write(&file, text).unwrap();
        let declaration = Declaration::read(&file).unwrap();
        let mut one = Certification::new(declaration, Contract::bundled(), self.key()).unwrap();
        one.cases = CASES;
        one
    }

    /// Certifies a mock, correct or not.
    async fn certify(&self, fault: Option<&str>, challenge: Option<&str>) -> Certified {
        let mut builder = MockServer::builder().seed(1).speed(20.0);
        if let Some(name) = fault {
            builder = builder.misbehave(misbehave::find(name).unwrap());
        }
        let server = builder.start().await.unwrap();
        let mut one = self.certification(&server.url());
        if let Some(word) = challenge {
            one = one.challenge(word).unwrap();
        }
        let out = self.file("bundle.zip");
        let certified = one.run(&out, &mut |_: Progress<'_>| {}).await.unwrap();
        server.stop().await;
        certified
    }

    async fn check(&self, file: &Path, challenge: Option<&str>) -> Result<Checked, String> {
        let checked = check_by(file, &self.key().public(), challenge, CASES).await;
        checked.map_err(|e| {
            e.to_string()
                .replace(&format!("{}/", self.dir.path().display()), "")
        })
    }

    /// A copy of the bundle, with files changed (or left out) that are still signed for as they were.
    fn tampered(&self, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
        let file = self.file("tampered.zip");
        let mut out = ZipWriter::new(std::fs::File::create(&file).unwrap());
        for (name, bytes) in self.files() {
            if let Some(bytes) = change(&name, bytes) {
                out.start_file(name, SimpleFileOptions::default()).unwrap();
                out.write_all(&bytes).unwrap();
            }
        }
        out.finish().unwrap();
        file
    }

    /// A copy of the bundle, with files changed and signed for by the key that signed it first.
    fn forged(
        &self,
        change: impl Fn(&str, Vec<u8>) -> Vec<u8>,
        say: impl FnOnce(&mut Predicate),
    ) -> PathBuf {
        let file = self.file("forged.zip");
        let mut bundle = Bundle::open(&self.file("bundle.zip")).unwrap();
        let mut predicate = bundle.statement(&self.key().public()).unwrap().predicate;
        say(&mut predicate);
        let mut writer = Writer::create(&file).unwrap();
        for (name, bytes) in self.files() {
            if name != ATTESTATION {
                let bytes = change(&name, bytes);
                writer.add(&name, Cursor::new(bytes)).unwrap();
            }
        }
        writer.seal(predicate, &self.key()).unwrap();
        file
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let file = std::fs::File::open(self.file("bundle.zip")).unwrap();
        let mut zip = ZipArchive::new(file).unwrap();
        let read = |at| {
            let mut entry = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        };
        (0..ZipArchive::new(std::fs::File::open(self.file("bundle.zip")).unwrap())
            .unwrap()
            .len())
            .map(read)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correct_server_is_certified_and_anybody_can_check_it() {
    let trial = Trial::new();
    let certified = trial.certify(None, Some("word of the buyer")).await;
    let standing = &certified.predicate.standing;
    assert!(standing.grade.is_certified(), "{standing:#?}");
    let checked = trial
        .check(&certified.file, Some("word of the buyer"))
        .await;
    let checked = checked.unwrap();
    assert!(checked.is_sound(), "{checked:#?}");
    assert!(checked.notes.is_empty(), "{checked:#?}");
    assert!(checked.rejudged > 300, "{}", checked.rejudged);
    assert_eq!(checked.predicate, certified.predicate);
    assert_eq!(certified.predicate.runs[2].chosen, Chosen::Challenge);
    let ahead = certified.predicate.clock.ahead_of_target_seconds.unwrap();
    assert!((-5..=5).contains(&ahead), "{ahead}");
    // No secret is in it, and nothing of what a vendor writes acts on a page.
    for (name, bytes) in trial.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("a-secret-value"), "{name}");
        let is_page = name == "summary.html";
        assert!(!is_page || !text.contains("<script>"), "{name}");
        assert!(!is_page || !text.contains('\u{202e}'), "{name}");
    }
    tampering(&trial).await;
    refusals(&trial).await;
    lies(&trial).await;
}

async fn tampering(trial: &Trial) {
    let changed = trial.tampered(|name, mut bytes| {
        if name.starts_with("run-2/") && name.ends_with(".jsonl") {
            bytes[40] ^= 1;
        }
        (name != "badge.svg").then_some(bytes)
    });
    let checked = trial.check(&changed, None).await.unwrap();
    let told: Vec<_> = checked.tampering.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "run-2/evidence.jsonl was changed after it was signed",
            "badge.svg was removed after it was signed"
        ]
    );
    assert!(!checked.is_sound() && checked.rejudged == 0);
    let file = trial.tampered(|_, bytes| Some(bytes));
    let mut out = ZipWriter::new_append(
        std::fs::File::options()
            .read(true)
            .write(true)
            .open(&file)
            .unwrap(),
    )
    .unwrap();
    out.start_file("run-4/report.json", SimpleFileOptions::default())
        .unwrap();
    out.finish().unwrap();
    let checked = trial.check(&file, None).await.unwrap();
    assert_eq!(
        checked.tampering[0].to_string(),
        "run-4/report.json was added after it was signed"
    );
}

async fn refusals(trial: &Trial) {
    let whole = std::fs::read(trial.file("bundle.zip")).unwrap();
    let cut = trial.file("cut.zip");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let refused = trial.check(&cut, None).await.unwrap_err();
    assert!(
        refused.starts_with("it is no bundle, or was cut off"),
        "{refused}"
    );
    let missing = trial
        .check(&trial.file("none.zip"), None)
        .await
        .unwrap_err();
    assert!(missing.starts_with("none.zip: "), "{missing}");
    for name in [
        "../evil",
        "/etc/passwd",
        "run-1/report.json/../../x",
        "notes.txt",
    ] {
        let file = trial.file("foreign.zip");
        let mut out = ZipWriter::new(std::fs::File::create(&file).unwrap());
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.finish().unwrap();
        let refused = trial.check(&file, None).await.unwrap_err();
        assert!(refused.contains("which no bundle holds"), "{refused}");
    }
    let other = SecretKey::generate().unwrap().public();
    let refused = check_by(&trial.file("bundle.zip"), &other, None, CASES).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.starts_with("the signature is not of this key"),
        "{refused}"
    );
}

async fn lies(trial: &Trial) {
    let bundle = trial.file("bundle.zip");
    let checked = trial.check(&bundle, Some("another word")).await.unwrap();
    assert_eq!(
        checked.faults,
        [
            "The last seed follows from \"word of the buyer\", and not from the challenge \"another word\"."
        ]
    );
    let forged = trial.forged(
        |_, bytes| bytes,
        |predicate| {
            predicate.standing.passed += 1;
            predicate.runs[1].seed = "1".to_owned();
            predicate.vendor.version = "6".to_owned();
        },
    );
    let checked = trial.check(&forged, None).await.unwrap();
    insta::assert_snapshot!(checked.faults.join("\n"));
    // A contract that makes the reader open its own files.
    let forged = trial.forged(
        |name, bytes| match name {
            "contract.json" => String::from_utf8(bytes)
                .unwrap()
                .replacen("#/components/schemas/", "/etc/passwd#/", 1)
                .into_bytes(),
            _ => bytes,
        },
        |_| {},
    );
    let refused = trial.check(&forged, None).await.unwrap_err();
    assert!(refused.contains("it refers to another file"), "{refused}");
}

/// A server that breaks one MUST is not certified; who writes that it passes is found out by the recording alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_over_a_wrong_verdict_is_found_out() {
    let trial = Trial::new();
    let certified = trial.certify(Some("reversed-windows"), None).await;
    assert_eq!(certified.predicate.standing.grade, Grade::NotCertified);
    let against: Vec<_> = certified
        .predicate
        .standing
        .against
        .iter()
        .map(|r| &r.id)
        .collect();
    assert_eq!(against, ["TIME-01"]);
    let checked = trial.check(&certified.file, None).await.unwrap();
    assert!(checked.is_sound(), "{checked:#?}");

    let mended = |text: &[u8]| {
        let mut report = Report::read(text).unwrap();
        for requirement in &mut report.requirements {
            if requirement.id == "TIME-01" {
                requirement.verdict = Verdict::Pass;
                requirement.failure = None;
            }
        }
        report
    };
    let mut reports = Vec::new();
    let files = trial.files();
    for (name, bytes) in &files {
        if name.ends_with("report.json") {
            reports.push(mended(bytes));
        }
    }
    let forged = trial.forged(
        |name, bytes| {
            let report = |name: &str| {
                let json = name.replace("report.html", "report.json");
                mended(&files.iter().find(|(n, _)| *n == json).unwrap().1)
            };
            match name {
                _ if name.ends_with("report.json") => serde_json::to_vec(&report(name)).unwrap(),
                _ if name.ends_with("report.html") => html(&report(name)).unwrap().into_bytes(),
                "badge.svg" => super::badge::badge(standing::of(&reports).grade).into_bytes(),
                _ => bytes,
            }
        },
        |predicate| predicate.standing = standing::of(&reports),
    );
    let checked = trial.check(&forged, None).await.unwrap();
    assert_eq!(
        checked.faults,
        ["summary.html is not the page of what is signed."]
    );
    let found: Vec<_> = checked
        .misjudged
        .iter()
        .map(|m| (m.run, m.id.as_str(), m.said, m.found))
        .collect();
    let wrong = |run| (run, "TIME-01", Some(Verdict::Pass), Some(Verdict::Fail));
    assert_eq!(found, [wrong(1), wrong(2), wrong(3)]);

    // Without the exchange that shows it the recording no longer bears the verdict out, either.
    let forged = trial.forged(
        |name, bytes| match name {
            "run-1/evidence.jsonl" => {
                let text = String::from_utf8(bytes).unwrap();
                let kept = text.lines().filter(|line| !line.contains("\"TIME-01#"));
                kept.flat_map(|line| [line, "\n"])
                    .collect::<String>()
                    .into_bytes()
            }
            _ => bytes,
        },
        |_| {},
    );
    let checked = trial.check(&forged, None).await.unwrap();
    assert!(
        checked.faults[0].contains("the recording has"),
        "{:?}",
        checked.faults
    );
    let found: Vec<_> = checked
        .misjudged
        .iter()
        .map(|m| (m.id.as_str(), m.found))
        .collect();
    assert!(
        found.contains(&("TIME-01", Some(Verdict::Inconclusive))),
        "{found:?}"
    );
}

#[tokio::test]
async fn who_cannot_be_reached_gets_no_bundle() {
    let trial = Trial::new();
    let one = trial.certification("http://127.0.0.1:1");
    let out = trial.file("bundle.zip");
    let error = one.run(&out, &mut |_: Progress<'_>| {}).await.unwrap_err();
    assert!(
        matches!(error, CertifyError::Early { number: 1, .. }),
        "{error}"
    );
    let left: Vec<_> = std::fs::read_dir(trial.dir.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "key, public key, target file: {left:?}");
}
