//! `portaria simulate --serve`: what it prints can be pasted, and it says at the end how it went.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::program::{Program, interrupt, rest_of};

const NUMBER: &str = "106540352242922:102290129340398:15550783881";

/// Starts it and reads what it prints until it is ready.
fn start(program: &Program, arguments: &[&str]) -> (Child, String) {
    let mut whole = vec!["simulate", "--serve", "127.0.0.1:0", "--number", NUMBER, "--seed", "7"];
    whole.extend_from_slice(arguments);
    let mut process = program.command(&whole).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut printed = String::new();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    while !printed.contains("Ctrl-C") {
        assert!(output.read_line(&mut printed).unwrap() > 0, "it ended early: {printed}");
    }
    process.stdout = Some(output.into_inner());
    (process, printed)
}

#[test]
fn the_simulator_can_be_followed_as_printed() {
    let program = Program::new(None);
    let (mut process, printed) = start(&program, &["--rate", "0", "--speed", "10"]);
    let requests: Vec<&str> = printed.split("\n\n").filter(|block| block.starts_with("curl ")).collect();
    assert_eq!(requests.len(), 3, "{printed}");
    let pasted = Command::new("sh").args(["-c", &requests.join("\necho =====\n")]).output().unwrap();
    let answers = String::from_utf8_lossy(&pasted.stdout).into_owned();
    let answers: Vec<&str> = answers.split("=====").collect();
    assert!(answers[0].contains("wamid."), "{answers:?}");
    assert!(answers[1].contains("\"messages\":[{\"id\":\"wamid."), "{answers:?}");
    assert!(answers[2].contains("\"messages_taken\": 1"), "{answers:?}");
    interrupt(&process, "INT");
    let figures = rest_of(&mut process);
    assert!(process.wait().unwrap().success(), "{figures}");
    let line = figures.lines().find(|line| line.starts_with("messages taken")).unwrap();
    assert!(line.ends_with(" 1"), "{figures}");
}

#[test]
fn a_wrong_flag_says_what_there_is() {
    let program = Program::new(None);
    let wrong = |arguments: &[&str]| {
        let output = program.command(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let serve = ["simulate", "--serve", "127.0.0.1:0", "--number", NUMBER];
    assert!(wrong(&[&serve[..], &["--fault", "earthquake=1%"]].concat()).contains("cut-after"));
    assert!(wrong(&["simulate", "--number", NUMBER]).contains("--url"));
    assert!(
        wrong(&["simulate", "--number", NUMBER, "--url", "http://127.0.0.1:1/x"])
            .contains("--app-secret-file")
    );
}
