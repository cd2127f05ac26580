//! Passkeys: what asking for challenges may cost. What they prove is tried through the API.

use std::time::Duration;

use portaria_domain::authentication::Origin;
use portaria_domain::error::Error;
use portaria_domain::passkey;
use portaria_testing::{Stage, TestDatabase};

#[tokio::test]
async fn a_network_of_many_addresses_has_no_more_challenges_than_any() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let begin = async |address: String| {
        let origin = Origin { address, ..Origin::default() };
        passkey::begin_sign_in(&stage.installation, None, &origin).await.map(drop)
    };
    for host in 0..300 {
        begin(format!("2001:db8:7:7::{host:x}")).await.unwrap();
    }
    assert!(matches!(begin("2001:db8:7:7::ffff".to_owned()).await, Err(Error::Busy)));
    begin("2001:db8:7:8::1".to_owned()).await.unwrap();
    stage.clock.advance(Duration::from_secs(5 * 60));
    begin("2001:db8:7:7::1".to_owned()).await.unwrap();
}
