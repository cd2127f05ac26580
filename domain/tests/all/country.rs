//! Countries: what a database of them says of addresses, and what becomes of a bad one.

use portaria_domain::country::{Countries, CountryDatabase};
use portaria_testing::CountryFile;

fn code(countries: &Countries, address: &str) -> Option<String> {
    countries.of(address).map(|country| country.code().to_owned())
}

#[test]
fn an_address_is_in_the_country_of_its_network() {
    let countries = CountryFile::new().countries();
    for (address, expected) in [
        ("192.0.2.1", Some("BR")),
        ("198.51.100.255", Some("US")),
        ("203.0.113.9", Some("PT")),
        ("2001:db8:1::2", Some("AR")),
        ("::ffff:192.0.2.1", Some("BR")),
        ("8.8.8.8", None),
        ("2001:dead::1", None),
        ("10.0.0.1", None),
        ("127.0.0.1", None),
        ("fd00::1", None),
        ("::1", None),
        ("", None),
        ("192.0.2.1, 203.0.113.9", None),
        ("padaria.example", None),
    ] {
        assert_eq!(code(&countries, address).as_deref(), expected, "{address:?}");
    }
    let portuguese_english_spanish = ["pt-BR", "en", "es"].map(|language| {
        countries.of("198.51.100.7").map(|country| country.name(language).to_owned()).unwrap_or_default()
    });
    assert_eq!(portuguese_english_spanish, ["EUA", "United States", "Estados Unidos"]);
    assert_eq!(Countries::default().of("192.0.2.1"), None, "without a database nothing is known");
}

#[test]
fn a_name_that_is_none_is_left_out() {
    let file = CountryFile::new();
    for odd in [b"<b>i</", b"a.b/ c", b"\xf0\xff\x80rrr"] {
        file.replace_by_one_with(odd, b"Brasil");
        let found = file.countries().of("192.0.2.1");
        // Text that is no text makes the whole entry unreadable, which is no country, and no failure.
        assert!(found.is_none_or(|country| country.name("pt-BR") == "BR"), "{odd:?}");
    }
    file.replace_by_one_with(b"BbR", b"BBR");
    assert_eq!(code(&file.countries(), "192.0.2.1"), None, "nor is this a code");
}

#[test]
fn a_database_that_was_replaced_is_taken_up_and_a_bad_one_is_not() {
    let file = CountryFile::new();
    let countries = file.countries();
    assert!(!countries.refresh().unwrap(), "it is the same");
    file.replace_by_one_with(b"BUY", b"BBR");
    assert_eq!(code(&countries, "192.0.2.1").as_deref(), Some("BR"), "not looked at yet");
    assert!(countries.refresh().unwrap());
    assert_eq!(code(&countries, "192.0.2.1").as_deref(), Some("UY"));
    file.write(b"half of a file");
    assert!(countries.refresh().is_err());
    assert!(!countries.refresh().unwrap(), "told once");
    assert_eq!(code(&countries, "192.0.2.1").as_deref(), Some("UY"), "what was read before is used");
    std::fs::remove_file(file.path()).unwrap();
    assert!(countries.refresh().is_err());
    assert!(!countries.refresh().unwrap());
    assert_eq!(code(&countries, "192.0.2.1").as_deref(), Some("UY"));
    assert!(!Countries::default().refresh().unwrap());
}

#[test]
fn a_file_that_names_no_countries_is_refused_with_its_path() {
    let file = CountryFile::new();
    let refusal = || CountryDatabase::open(&file.path()).map(drop).unwrap_err().to_string();
    file.replace_by_one_with(b"iso_codx", b"iso_code");
    assert!(refusal().contains("Portaria-Test-Country names no countries"), "{}", refusal());
    file.write(b"");
    assert!(refusal().contains("countries.mmdb cannot be used"), "{}", refusal());
    std::fs::remove_file(file.path()).unwrap();
    assert!(refusal().contains("countries.mmdb cannot be used: No such file"), "{}", refusal());
    std::fs::create_dir(file.path()).unwrap();
    assert!(refusal().contains("it is no file"), "{}", refusal());
}

#[test]
fn an_address_has_a_place_where_the_database_is_one_of_cities() {
    let countries = CountryFile::of_cities().countries();
    let at = |address: &str| countries.position_of(address);
    let sao_paulo = at("192.0.2.1").unwrap();
    assert_eq!(sao_paulo.kilometres_to(&at("192.0.2.200").unwrap()), 0);
    assert_eq!(sao_paulo.kilometres_to(&at("2001:db8:1::7").unwrap()), 0, "Santos is next door");
    assert!((7_500..7_700).contains(&sao_paulo.kilometres_to(&at("198.51.100.9").unwrap())), "New York");
    for nowhere in ["2001:db8:3::1", "8.8.8.8", "10.0.0.1", "::1", "", "padaria.example"] {
        assert_eq!(at(nowhere), None, "{nowhere:?}");
    }
    assert_eq!(
        code(&countries, "2001:db8:3::1").as_deref(),
        Some("BR"),
        "a country may be known without a place"
    );
    assert!(countries.is_there() && !Countries::default().is_there());
    let file = CountryFile::new();
    assert_eq!(file.countries().position_of("192.0.2.1"), None, "countries have none");
}
