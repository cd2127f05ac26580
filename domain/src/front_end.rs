//! The front end of a workspace: pages of its own that letters link to, that may use cookies, and that passkeys are for.
//! Only who runs the installation says where it is: a workspace that could would send its people's links anywhere.

use serde_json::json;
use url::Url;

use crate::error::{Error, Result};
use crate::granting::Change;
use crate::workspace;

/// Scheme, host and port of an address, as browsers write them; none of what is no page's.
pub fn origin_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let is_page = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.host_str().is_some_and(|host| !host.contains('*'));
    is_page.then(|| url.origin().ascii_serialization())
}

/// Says where the workspace's front end is, in force within a second; `None`: it has none. Answers the address as it is
/// kept.
pub async fn set(change: &mut Change<'_>, address: Option<&str>) -> Result<Option<String>> {
    let address = address.map(checked).transpose()?;
    let before = workspace::find(&change.transaction, change.workspace_id).await?.front_end_url;
    let sql = "UPDATE workspaces SET front_end_url = $2 WHERE id = $1";
    change.execute(sql, [address.clone().into()]).await?;
    let told = |address: Option<String>| Some(json!({ "frontEndUrl": address }));
    let values = (told(before), told(address.clone()));
    change.record("workspace.front_end_set", change.workspace_id, values).await?;
    Ok(address)
}

/// Refuses what links and cookies could not use. Without TLS only on this machine.
fn checked(address: &str) -> Result<String> {
    let refuse = |why: &str| Err(Error::BadInput(format!("{address} cannot be a front end: {why}")));
    let Some(origin) = origin_of(address) else { return refuse("it must begin with https:// and a name") };
    let Ok(url) = Url::parse(address) else { return refuse("it is no address") };
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("a path may follow the name, but neither ? nor #");
    }
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "http" && !is_local {
        return refuse("without TLS its links could be read on the way; use https://");
    }
    Ok(format!("{origin}{}", url.path().trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let https = Some("https://a.example".to_owned());
        for url in
            ["https://a.example", "HTTPS://A.example/x?y", "https://a.example:443/", "https://a.example#z"]
        {
            assert_eq!(origin_of(url), https, "{url}");
        }
        assert_eq!(origin_of("http://localhost:3000/x").as_deref(), Some("http://localhost:3000"));
        let none =
            ["null", "", "a.example", "https://", "file:///x", "https://a@b.example", "https://*.example"];
        for none in none {
            assert_eq!(origin_of(none), None, "{none}");
        }
        for none in ["javascript:alert(1)", "data:text/html,x"] {
            assert_eq!(origin_of(none), None, "{none}");
        }
    }

    #[test]
    fn a_front_end_is_at_an_address_that_links_can_be_made_of() {
        assert_eq!(checked("https://Chat.example.com/").unwrap(), "https://chat.example.com");
        assert_eq!(checked("https://example.com/portaria/").unwrap(), "https://example.com/portaria");
        assert_eq!(checked("http://localhost:3000").unwrap(), "http://localhost:3000");
        for bad in [
            "http://chat.example.com",
            "https://a.example/?x",
            "https://a.example/#x",
            "chat",
            "ftp://a.example",
        ] {
            assert!(matches!(checked(bad), Err(Error::BadInput(_))), "{bad}");
        }
    }
}
