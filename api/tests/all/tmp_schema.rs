#[test]
fn a_write() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql"), portaria_api::sdl()).unwrap();
}
