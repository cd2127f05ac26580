//! How long a permission check takes, and what resolving a viewer costs: nothing asked of the database when it is cached,
//! one statement when it is not.

#![expect(clippy::unwrap_used, reason = "a measurement ends where something is wrong")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use portaria_domain::access::Scope;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::token::TokenHash;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};

const ROUNDS: u32 = 10_000_000;

/// Nanoseconds of the fastest of five runs, each.
fn nanoseconds(rounds: u32, mut work: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..rounds {
            work();
        }
        best = best.min(began.elapsed().as_secs_f64() / f64::from(rounds));
    }
    best * 1e9
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let grants = [
            (BuiltInRole::Agent, Scope::Channel(stage.sales)),
            (BuiltInRole::Support, Scope::Channel(stage.support)),
        ];
        let ana = stage.person("Ana", &grants).await;
        let (viewer, now) = (&ana.viewer, stage.clock.now());
        let wanted = PermissionSet::of(&[Permission::ContactReadPhone]);
        println!("\n{}", stage.test_database.name);
        let held = viewer.access.in_channel(stage.sales);
        let check = nanoseconds(ROUNDS, || {
            black_box(black_box(viewer).require(black_box(held), black_box(wanted), now)).unwrap();
        });
        println!("a check, the scope being known        {check:9.2} ns");
        let check = nanoseconds(ROUNDS, || {
            let held = black_box(&viewer.access).in_conversation(black_box(stage.sales), None);
            black_box(viewer.require(held, black_box(wanted), now)).unwrap();
        });
        println!("a check with finding the scope        {check:9.2} ns");

        let viewers = &stage.installation.viewers;
        let token = TokenHash::of(&ana.token);
        viewers.refresh_epochs().await.unwrap();
        viewers.resolve(token).await.unwrap().unwrap();
        let counted = |before: u64| stage.installation.database.statement_count() - before;
        let before = stage.installation.database.statement_count();
        let began = Instant::now();
        for _ in 0..100_000 {
            black_box(viewers.resolve(token).await.unwrap());
        }
        let cached = began.elapsed() / 100_000;
        assert_eq!(counted(before), 0, "a cached viewer asks nothing of the database");
        println!("a viewer that is cached               {cached:>9.2?}, no statement");
        let before = stage.installation.database.statement_count();
        let mut uncached = Duration::ZERO;
        for _ in 0..1_000 {
            viewers.access_changed(stage.workspace_id);
            let began = Instant::now();
            black_box(viewers.resolve(token).await.unwrap());
            uncached += began.elapsed();
        }
        assert_eq!(counted(before), 1_000, "one that is not asks once");
        println!("a viewer that is not                  {:>9.2?}, one statement", uncached / 1_000);
    }
}
