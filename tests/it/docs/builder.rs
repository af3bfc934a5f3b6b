//! The Rust that documents show is what stands here.

use super::document::{Block, all};

#[tokio::test]
async fn a_mock_in_the_process() -> Result<(), Box<dyn std::error::Error>> {
    use smsload_mock::{MockServer, WorldFile};

    let server = MockServer::builder()
        .world(WorldFile::read("examples/world.yaml".as_ref())?)
        .speed(60.0)
        .start()
        .await?;
    let url = server.url();
    // Your client's test, with `url` as the address of the SMS.
    assert!(url.starts_with("http://127.0.0.1:"));
    server.stop().await;
    Ok(())
}

#[test]
fn the_rust_of_documents_is_compiled() {
    let here = include_str!("builder.rs");
    let lines: Vec<_> = here.lines().map(str::trim).collect();
    for document in all() {
        for block in &document.blocks {
            let Block::Text {
                line,
                language,
                text,
                ..
            } = block
            else {
                continue;
            };
            if language != "rust" {
                continue;
            }
            for shown in text.lines().map(str::trim) {
                let place = format!("{}:{line}: {shown}", document.name);
                assert!(
                    lines.contains(&shown),
                    "{place}: tests/it/docs/builder.rs has no such line"
                );
            }
        }
    }
}
