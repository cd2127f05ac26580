//! The pages that links open, in a real browser against the real executable.

use std::time::{Duration, Instant};

use portaria_domain::clock::Clock;
use portaria_testing::Authenticator;
use serde_json::json;

use crate::browser::Browser;
use crate::program::{PASSWORD, PATIENCE, Program};

const ENTER: &str = "\u{e007}";

/// Creates the first administrator, Ada, by the printed link, as far as the second factor that is demanded of her.
async fn set_up(browser: &Browser, program: &Program) {
    browser.open(program.set_up_link()).await;
    browser.write("#set-up-name", "Ada").await;
    browser.write("#set-up-email", "ada@example.com").await;
    browser.write("#set-up-password", PASSWORD).await;
    browser.write("#set-up-workspaceName", "Padaria Pão Quente").await;
    browser.click("#set-up [type=submit]").await;
    assert!(browser.text("[data-step=off] .notice").await.contains("A sua empresa exige"));
    assert_eq!(browser.run("return document.getElementById('later').hidden").await, true);
}

/// Keeps the recovery codes that are shown.
async fn keep_codes(browser: &Browser) -> Vec<String> {
    let codes: Vec<String> = browser.text("#codes").await.lines().map(str::to_owned).collect();
    assert!(codes.len() == 10 && codes.iter().all(|code| code.len() == 29), "{codes:?}");
    let folder = tempfile::tempdir().unwrap();
    browser.download_to(folder.path()).await;
    browser.click("#download-codes").await;
    let file = folder.path().join("portaria-codigos-de-recuperacao.txt");
    let began = Instant::now();
    while std::fs::read_to_string(&file).unwrap_or_default().lines().collect::<Vec<_>>() != codes {
        assert!(began.elapsed() < PATIENCE, "not downloaded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    browser.click("#codes-kept [type=submit]").await;
    browser.see("[data-step=done]").await;
    assert_eq!(browser.run("return document.getElementById('codes').textContent").await, "");
    codes
}

/// Sets up an authenticator app for who is signed in and has no second factor; gives the recovery codes too.
async fn enroll(browser: &Browser, program: &Program) -> (Authenticator, Vec<String>) {
    browser.open(&format!("{}/second-factor", program.url)).await;
    browser.click("#begin [type=submit]").await;
    let key = browser.text("#key").await.replace(' ', "");
    let authenticator = Authenticator::new(&key, &Clock::system());
    let uri = browser.run("return document.getElementById('here').href").await;
    assert!(
        uri.as_str().unwrap().starts_with("otpauth://totp/") && uri.as_str().unwrap().contains(&key),
        "{uri}"
    );
    let drawn =
        "const image = document.getElementById('qr'); return image.complete && image.naturalWidth > 0";
    assert_eq!(browser.run(drawn).await, true);
    browser.write("#confirm-code", "000000").await;
    browser.press(ENTER).await;
    assert!(browser.text("#confirm-code-problem").await.contains("não vale"));
    assert_eq!(browser.focused().await, "confirm-code");
    browser.write("#confirm-code", &authenticator.code()).await;
    browser.press(ENTER).await;
    let codes = keep_codes(browser).await;
    let hidden = "return document.getElementById('key').textContent + document.getElementById('qr').getAttribute('src')";
    assert_eq!(browser.run(hidden).await, "null");
    (authenticator, codes)
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
    let body = json!({
        "query": "mutation($i: InviteMemberInput!) { inviteMember(input: $i) { userErrors { code } } }",
        "variables": { "i": { "name": name, "email": address } },
    });
    let script = format!(
        "const token = sessionStorage.getItem('portaria.session');
         const headers = {{ 'content-type': 'application/json' }};
         if (token !== 'cookie') headers.authorization = `Bearer ${{token}}`;
         const answer = fetch('/graphql', {{ method: 'POST', headers, body: JSON.stringify({body}) }});
         return answer.then((answer) => answer.json());"
    );
    let invited = browser.run(&script).await;
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
    let (authenticator, codes) = enroll(&browser, &program).await;

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
    assert!(browser.text("#who").await.contains("Ada"));
    assert!(browser.text("#who").await.contains("Padaria Pão Quente"));

    browser.click("#sign-out").await;
    browser.write("#sign-in-email", "ada@example.com").await;
    browser.write("#sign-in-password", PASSWORD).await;
    browser.press(ENTER).await;
    browser.see("#sign-in-code").await;
    browser.press(&codes[3].to_uppercase()).await;
    browser.press(ENTER).await;
    browser.see("[data-step=on]").await;
    assert!(browser.text("#factors").await.contains("não usados: 9"));

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
    assert_eq!(browser.run("return document.querySelector('.notice[data-demanded]').hidden").await, true);
    browser.click("#later").await;
    browser.see("[data-step=later]").await;

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
    let (authenticator, _) = enroll(&browser, &program).await;
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

/// What browsers had not learnt before 2025.
const OLD: &str = "delete PublicKeyCredential.parseCreationOptionsFromJSON;
                   delete PublicKeyCredential.parseRequestOptionsFromJSON;
                   delete PublicKeyCredential.prototype.toJSON;";

/// Answers a page once as for somebody whose provider opened a session that has shown no second factor yet.
const HELD: &str = "const ask = window.fetch;
                    if (location.hash === '#held') window.fetch = async (path, request) => {
                        window.fetch = ask;
                        const body = await (await ask(path, request)).json();
                        body.data.viewer.session.secondFactor = false;
                        return Response.json(body);
                    };";

#[tokio::test]
async fn a_passkey_takes_the_place_of_password_and_code() {
    for is_old in [false, true] {
        let Some(browser) = Browser::start().await else { return };
        let mut program = Program::new(None).by_name();
        program.start().await;
        if is_old {
            browser.prepare(&format!("if (window.PublicKeyCredential) {{ {OLD} }}")).await;
        }
        let device = browser.plug_in().await;
        set_up(&browser, &program).await;
        let known = browser.run("return 'toJSON' in PublicKeyCredential.prototype").await;
        assert_eq!(known, !is_old);
        let kept = browser.run("return sessionStorage.getItem('portaria.session') + document.cookie").await;
        assert_eq!(kept, "cookie", "no script reads it");

        browser.click("#begin-passkey [type=submit]").await;
        browser.click("[data-step=passkey] [data-back]").await;
        browser.click("#begin-passkey [type=submit]").await;
        browser.click("#passkey [type=submit]").await;
        assert_eq!(browser.text("#passkey-name-problem").await, "Preencha este campo.");
        browser.write("#passkey-name", "Notebook $& <da> Ada").await;
        browser.press(ENTER).await;
        let codes = keep_codes(&browser).await;
        browser.click("#sign-out").await;

        browser.see("#sign-in-email").await;
        browser.recognise(&device, false).await;
        browser.click("#passkey [type=submit]").await;
        assert!(browser.text("#passkey .problem.whole").await.contains("não foi usada"));
        browser.recognise(&device, true).await;
        browser.click("#passkey [type=submit]").await;
        let factors = browser.text("#factors").await;
        assert!(
            factors.contains("“Notebook $& <da> Ada”") && factors.contains("não usados: 10"),
            "{factors}"
        );

        browser.click("#add-passkey [type=submit]").await;
        browser.write("#passkey-name", "Outra").await;
        browser.press(ENTER).await;
        assert!(browser.text("#passkey .problem.whole").await.contains("já guarda"));
        browser.prepare(HELD).await;
        browser.open(&format!("{}/second-factor#held", program.url)).await;
        let held = browser.text("[data-step=prove]").await;
        assert!(held.contains("exige duas etapas") && !held.contains("Voltar"), "{held}");
        browser.click("#prove-by-passkey [type=submit]").await;
        browser.see("[data-step=on]").await;

        browser.click("#renew [type=submit]").await;
        let renewed = browser.text("#codes").await;
        assert!(renewed.lines().count() == 10 && !renewed.contains(&codes[0]), "{renewed}");
        browser.click("#codes-kept [type=submit]").await;
        browser.see("[data-step=on]").await;

        // The cookie is the browser's, whatever this tab knows.
        browser.run("sessionStorage.clear()").await;
        browser.open(&format!("{}/second-factor", program.url)).await;
        browser.see("[data-step=on]").await;
        browser.click("#sign-out").await;
        browser.see("#sign-in-email").await;
        browser.open(&format!("{}/second-factor", program.url)).await;
        browser.see("#sign-in-email").await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        program.stop();
    }
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
    let mut program = Program::new(None).by_name();
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
    let name = "#begin-passkey [type=submit]";
    look(&browser, view("second-factor-passkey", &second_factor, name, "[data-step=passkey]")).await;
    enroll(&browser, &program).await;
    look(&browser, view("second-factor-on", &second_factor, "", "[data-step=on]")).await;
    let renew = "#renew [type=submit]";
    look(&browser, view("second-factor-codes", &second_factor, renew, "[data-step=codes]")).await;
    browser.click("#codes-kept [type=submit]").await;
    let letter =
        invite(&browser, &program, "Bruno", "bruno.de.oliveira@padaria-pao-quente.example.com").await;
    look(&browser, view("accept-invitation", &letter, "", "[data-step=new]")).await;
    browser.open(&letter).await;
    browser.write("#new-password", PASSWORD).await;
    browser.press(ENTER).await;
    browser.see("[data-step=off]").await;
    look(&browser, view("second-factor-later", &second_factor, "#later", "[data-step=later]")).await;
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
