//! A new sealing key while everything runs: nothing that was sealed is lost, and the old key opens nothing any more.

use crate::program::{Program, databases, number, text_message};

#[tokio::test]
async fn the_sealing_key_is_replaced_while_everything_runs() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let ana = program.sign_in("ana@example.com").await;
        let (body, signature) = text_message(&number(0), "wamid.R1", "antes");
        assert_eq!(program.deliver(&body, &signature).await, 200);

        let printed = program.run(&["admin", "rotate-key"]);
        assert!(printed.contains("key-0002") && !printed.contains("Sealed 0 "), "{printed}");
        let (body, signature) = text_message(&number(0), "wamid.R2", "depois");
        assert_eq!(program.deliver(&body, &signature).await, 200, "the app's secret opens with the new key");
        assert_eq!(program.wait_for_texts(&ana, 2).await.len(), 2);
        let again = program.run(&["admin", "rotate-key", "--reseal-only"]);
        assert!(again.contains("Sealed 0 secrets anew with key-0002"), "{again}");
        let verified = program.run(&["audit", "verify"]);
        program.kill();
        program.start().await;
        let (body, signature) = text_message(&number(0), "wamid.R3", "mais tarde");
        assert_eq!(program.deliver(&body, &signature).await, 200, "{verified}");
        program.stop();
    }
}
