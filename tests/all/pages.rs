//! The pages that links open, in a real browser against the real executable.

use std::time::{Duration, Instant};

use portaria_domain::clock::Clock;
use portaria_testing::Authenticator;
use serde_json::json;

use crate::browser::Browser;
use crate::program::{PASSWORD, PATIENCE, Program};

const ENTER: &str = "\u{e007}";

/// Creates the first administrator, Ada, by the printed link, as far as the offer of a second factor.
async fn set_up(browser: &Browser, program: &Program) {
    browser.open(program.set_up_link()).await;
    browser.write("#set-up-name", "Ada").await;
    browser.write("#set-up-email", "ada@example.com").await;
    browser.write("#set-up-password", PASSWORD).await;
    browser.write("#set-up-workspaceName", "Padaria Pão Quente").await;
    browser.click("#set-up [type=submit]").await;
    browser.see("[data-step=off]").await;
}

/// Sets up an authenticator app for who is signed in.
async fn enroll(browser: &Browser, program: &Program) -> Authenticator {
    browser.open(&format!("{}/second-factor", program.url)).await;
    browser.click("#begin [type=submit]").await;
    let key = browser.text("#key").await.replace(' ', "");
    let authenticator = Authenticator::new(&key, &Clock::system());
    let uri = browser.run("return document.getElementById('here').href").await;
    assert!(
        uri.as_str().unwrap().starts_with("otpauth://totp/") && uri.as_str().unwrap().contains(&key),
        "{uri}"
    );
    browser.write("#confirm-code", "000000").await;
    browser.press(ENTER).await;
    assert!(browser.text("#confirm-code-problem").await.contains("não vale"));
    assert_eq!(browser.focused().await, "confirm-code");
    browser.write("#confirm-code", &authenticator.code()).await;
    browser.press(ENTER).await;
    browser.see("[data-step=done]").await;
    assert_eq!(browser.run("return document.getElementById('key').textContent").await, "");
    authenticator
}

/// The link to a page in the only letter with one to somebody.
async fn link_to(program: &Program, page: &str, address: &str) -> String {
    let opening = format!("/{page}#token=");
    let began = Instant::now();
    loop {
        let folder = std::fs::read_dir(program.folder().join("data/mail")).into_iter().flatten();
        for file in folder.map_while(Result::ok) {
            let letter = std::fs::read_to_string(file.path()).unwrap();
            let letter = letter.replace("=\r\n", "").replace("=3D", "=");
            let link = letter.split_whitespace().find(|word| word.contains(&opening));
            if let Some(link) = link.filter(|_| letter.contains(address)) {
                return link.to_owned();
            }
        }
        assert!(began.elapsed() < PATIENCE, "no letter: {}", program.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Invites somebody, in the session that the browser has.
async fn invite(browser: &Browser, program: &Program, name: &str, address: &str) -> String {
    let session = browser.run("return sessionStorage.getItem('portaria.session')").await;
    let query = "mutation($i: InviteMemberInput!) { inviteMember(input: $i) { userErrors { code } } }";
    let input = json!({ "i": { "name": name, "email": address } });
    let invited = program.ask(session.as_str(), query, input).await;
    assert_eq!(invited["data"]["inviteMember"]["userErrors"], json!([]), "{invited}");
    link_to(program, "accept-invitation", address).await
}

#[tokio::test]
async fn a_company_comes_in_by_its_pages() {
    let Some(browser) = Browser::start().await else { return };
    let mut program = Program::new(None);
    program.start().await;

    browser.open(program.set_up_link()).await;
    browser.click("#set-up [type=submit]").await;
    assert_eq!(browser.text("#set-up-name-problem").await, "Preencha este campo.");
    assert_eq!(browser.focused().await, "set-up-name", "it leads to the first that is wrong");
    assert!(!browser.address().await.contains('#'), "the token is out of sight");
    set_up(&browser, &program).await;
    assert!(
        browser.text("#who").await.contains("Ada")
            && browser.text("#who").await.contains("Padaria Pão Quente")
    );
    let authenticator = enroll(&browser, &program).await;

    browser.click("#sign-out").await;
    browser.write("#sign-in-email", "ada@example.com").await;
    browser.write("#sign-in-password", "uma senha errada").await;
    browser.press(ENTER).await;
    assert_eq!(browser.text("#sign-in .problem.whole").await, "O e-mail ou a senha está errado.");
    browser.write("#sign-in-password", PASSWORD).await;
    browser.press(ENTER).await;
    browser.see("#sign-in-code").await;
    browser.press(&authenticator.code_in(30)).await;
    browser.press(ENTER).await;
    browser.see("[data-step=on]").await;

    let link = invite(&browser, &program, "Bruno", "bruno@example.com").await;
    browser.open(&link).await;
    assert!(browser.text("[data-step=new]").await.contains("Padaria Pão Quente"));
    let filled = "return ['email', 'name'].map(name => document.getElementById('new-' + name).value).join()";
    assert_eq!(browser.run(filled).await, "bruno@example.com,Bruno");
    browser.write("#new-password", "curta").await;
    browser.press(ENTER).await;
    assert!(browser.text("#new-password-problem").await.contains("8 a 128"));
    browser.write("#new-password", PASSWORD).await;
    browser.press(ENTER).await;
    browser.see("[data-step=off]").await;
    assert!(browser.text("#who").await.contains("Bruno"));

    browser.open(&link).await;
    browser.see("[data-step=void]").await;
    browser.open(program.set_up_link()).await;
    browser.write("#set-up-name", "Eva").await;
    browser.write("#set-up-email", "eva@example.com").await;
    browser.write("#set-up-password", PASSWORD).await;
    browser.write("#set-up-workspaceName", "Outra").await;
    browser.press(ENTER).await;
    assert!(browser.text("#set-up .problem.whole").await.contains("portaria admin setup-token"));
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    program.stop();
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_letter() {
    let Some(browser) = Browser::start().await else { return };
    let mut program = Program::new(None);
    program.start().await;
    set_up(&browser, &program).await;
    let authenticator = enroll(&browser, &program).await;
    browser.click("#sign-out").await;
    browser.click(".after a").await;
    browser.write("#forgot-password-email", "ada@example.com").await;
    browser.press(ENTER).await;
    browser.see("[data-step=sent]").await;

    let link = link_to(&program, "reset-password", "ada@example.com").await;
    browser.open(&link).await;
    browser.write("#reset-password-newPassword", "12345678").await;
    browser.press(ENTER).await;
    assert!(browser.text("#reset-password-newPassword-problem").await.contains("Muita gente"));
    browser.write("#reset-password-newPassword", "outra senha bem comprida").await;
    browser.press(ENTER).await;
    browser.see("#reset-password-code").await;
    browser.press(&authenticator.code_in(30)).await;
    browser.press(ENTER).await;
    browser.see("[data-step=done]").await;
    browser.open(&link).await;
    browser.write("#reset-password-newPassword", "mais uma senha comprida").await;
    browser.press(ENTER).await;
    browser.see("[data-step=void]").await;

    browser.open(&format!("{}/sign-in", program.url)).await;
    browser.write("#sign-in-email", "ada@example.com").await;
    browser.write("#sign-in-password", "outra senha bem comprida").await;
    browser.press(ENTER).await;
    browser.see("#sign-in-code").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    program.stop();
}

#[tokio::test]
async fn a_sign_in_by_a_provider_that_came_to_nothing_says_why() {
    let Some(browser) = Browser::start().await else { return };
    let mut program = Program::new(None);
    program.start().await;
    for (answer, told) in [
        ("error=ACCESS_DENIED", "O provedor de identidade não deixou você entrar, ou você desistiu."),
        ("error=PROVIDER_UNREACHABLE", "O provedor de identidade não respondeu como devia."),
        (
            "code=ptr_sso_x",
            "Esta entrada não vale mais: demorou demais, já foi usada ou começou em outro navegador.",
        ),
        ("", "Esta entrada não vale mais: demorou demais, já foi usada ou começou em outro navegador."),
    ] {
        browser.open(&format!("{}/single-sign-on#{answer}", program.url)).await;
        let text = browser.text("[data-step=failed]").await;
        assert!(text.starts_with(told), "{answer}: {text}");
        assert!(!browser.address().await.contains('#'), "{answer}");
    }
    browser.click("[data-step=failed] a").await;
    browser.see("#sign-in-email").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    program.stop();
}

/// Something to look at: a page, what is pressed on it, and what is to be seen then.
struct View<'a> {
    name: &'a str,
    address: &'a str,
    press: &'a str,
    part: &'a str,
}

fn view<'a>(name: &'a str, address: &'a str, press: &'a str, part: &'a str) -> View<'a> {
    View { name, address, press, part }
}

#[tokio::test]
async fn every_page_fits_from_320_pixels_on_in_every_language() {
    let Some(browser) = Browser::start().await else { return };
    let mut program = Program::new(None);
    program.start().await;
    let page = |path: &str| format!("{}/{path}", program.url);
    let link = program.set_up_link();
    look(&browser, view("set-up", link, "", "[data-step=form]")).await;
    look(&browser, view("set-up-wrong", link, "#set-up [type=submit]", "#set-up-name-problem")).await;
    browser.run("sessionStorage.clear()").await;
    look(&browser, view("set-up-without-link", &page("set-up"), "", "[data-step=no-link]")).await;
    set_up(&browser, &program).await;
    let second_factor = page("second-factor");
    look(&browser, view("second-factor-off", &second_factor, "", "[data-step=off]")).await;
    look(&browser, view("second-factor-app", &second_factor, "#begin [type=submit]", "[data-step=app]"))
        .await;
    look(&browser, view("second-factor-later", &second_factor, "#later", "[data-step=later]")).await;
    enroll(&browser, &program).await;
    look(&browser, view("second-factor-on", &second_factor, "", "[data-step=on]")).await;
    let letter =
        invite(&browser, &program, "Bruno", "bruno.de.oliveira@padaria-pao-quente.example.com").await;
    look(&browser, view("accept-invitation", &letter, "", "[data-step=new]")).await;
    let void = page("accept-invitation#token=x");
    look(&browser, view("accept-invitation-void", &void, "", "[data-step=void]")).await;
    browser.run("sessionStorage.clear()").await;
    look(&browser, view("forgot-password", &page("forgot-password"), "", "[data-step=form]")).await;
    look(&browser, view("reset-password", &page("reset-password#token=x"), "", "[data-step=form]")).await;
    look(
        &browser,
        view("single-sign-on", &page("single-sign-on#error=ACCESS_DENIED"), "", "[data-step=failed]"),
    )
    .await;
    look(&browser, view("sign-in", &page("sign-in"), "", "[data-step=form]")).await;
    look(
        &browser,
        view("sign-in-wrong", &page("sign-in"), "#sign-in [type=submit]", "#sign-in-email-problem"),
    )
    .await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    program.stop();
}

/// Looks at it in every language and width. `PORTARIA_TEST_PICTURES` names a folder for pictures of it, and
/// `PORTARIA_TEST_AXE` a copy of axe-core to examine it with.
async fn look(browser: &Browser, view: View<'_>) {
    let pictures = std::env::var_os("PORTARIA_TEST_PICTURES").map(std::path::PathBuf::from);
    let axe = std::env::var_os("PORTARIA_TEST_AXE").map(|file| std::fs::read_to_string(file).unwrap());
    let View { name, address, press, part } = view;
    let (path, token) = address.split_once('#').unwrap_or((address, ""));
    for language in ["pt-BR", "en", "es"] {
        browser.open(&format!("{path}?language={language}#{token}")).await;
        if !press.is_empty() {
            browser.click(press).await;
        }
        browser.see(part).await;
        for (width, scheme) in
            [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark"), (320, "light")]
        {
            browser.prefer(scheme).await;
            browser.widen(width).await;
            let too_wide = "const root = document.documentElement;
                            return root.scrollWidth > root.clientWidth ? root.scrollWidth : 0";
            assert_eq!(browser.run(too_wide).await, 0, "{name} in {language} at {width}");
            if let Some(folder) = &pictures {
                let file = folder.join(format!("{name}-{language}-{width}-{scheme}.png"));
                std::fs::write(file, browser.picture().await).unwrap();
            }
            if let Some(axe) = &axe {
                let found = browser.examine(axe).await;
                assert!(found.is_empty(), "{name} in {language} at {width}, {scheme}: {found:#?}");
            }
        }
    }
}
