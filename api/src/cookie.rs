//! The two cookies that a browser may keep: its session, and by what its device is recognised. Their names begin with
//! `__Host-`, so that browsers take them over TLS (or from loopback) only, for this very host, and no other host beside or
//! above it can set one. `HttpOnly`: no script reads them. `SameSite=Strict`: every request by cookie is made by a page of
//! this site; nobody arrives by a link from elsewhere at something that needs it, so nothing would be gained by `Lax`.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

pub const SESSION: &str = "__Host-portaria";
pub const DEVICE: &str = "__Host-portaria-device";
/// The longest that browsers keep a cookie.
pub const DEVICE_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The value of a cookie. None when there are two of the name: a browser sends one, so somebody meddled.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(given, _)| *given == name)
        .map(|(_, value)| value);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// `Set-Cookie` with a token of ours.
pub fn set(name: &str, token: &str, age: Duration) -> Option<HeaderValue> {
    HeaderValue::try_from(format!(
        "{name}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}",
        age.as_secs()
    ))
    .ok()
}

/// `Set-Cookie` that takes a cookie away.
pub fn clear(name: &str) -> Option<HeaderValue> {
    set(name, "", Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|value| (header::COOKIE, HeaderValue::try_from(*value).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_read_by_its_whole_name_and_only_when_there_is_one() {
        let one = headers(&["a=1; __Host-portaria=x; __Host-portaria-device=y"]);
        assert_eq!((read(&one, SESSION), read(&one, DEVICE)), (Some("x"), Some("y")));
        for none in [
            vec![],
            vec!["portaria=x"],
            vec!["__host-portaria=x"],
            vec!["__Host-portaria"],
            vec!["__Host-portaria=x; __Host-portaria=x"],
            vec!["__Host-portaria=x", "a=1; __Host-portaria=z"],
        ] {
            assert_eq!(read(&headers(&none), SESSION), None, "{none:?}");
        }
    }
}
