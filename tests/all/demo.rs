//! The demonstration: what it prints can be pasted, and it leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::program::{Program, interrupt, rest_of};

#[tokio::test]
async fn the_demonstration_can_be_followed_as_printed() {
    let program = Program::new(None);
    let mut demo =
        program.command(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut printed = String::new();
    let mut output = BufReader::new(demo.stdout.take().unwrap());
    while !printed.contains("Ctrl-C") {
        assert!(output.read_line(&mut printed).unwrap() > 0, "it ended early: {printed}");
    }
    let requests: Vec<&str> = printed.split("\n\n").filter(|block| block.contains("curl ")).collect();
    assert_eq!(requests.len(), 3, "{printed}");
    let script = requests.join("\necho =====\n");
    let pasted = Command::new("sh").args(["-c", &script]).output().unwrap();
    let answers = String::from_utf8_lossy(&pasted.stdout).into_owned();
    let answers: Vec<&str> = answers.split("=====").collect();
    assert!(answers[0].trim().starts_with("ptr_sess_"), "{answers:?}");
    assert!(
        answers[1].contains("maskedPhone")
            && answers[1].contains("FORBIDDEN")
            && answers[1].contains("\"phone\":\"+"),
        "{answers:?}"
    );
    assert!(answers[2].contains("Diego"), "{answers:?}");

    let report = printed.lines().find_map(|line| line.split("file://").nth(1)).unwrap().trim().to_owned();
    assert!(std::fs::read_to_string(&report).unwrap().contains("</html>"));
    demo.stdout = Some(output.into_inner());
    interrupt(&demo, "INT");
    let rest = rest_of(&mut demo);
    assert!(demo.wait().unwrap().success(), "{rest}");
    assert!(!std::path::Path::new(&report).exists(), "its data is gone");
    assert!(!program.folder().join("data").exists(), "and it touches no real data");
}
