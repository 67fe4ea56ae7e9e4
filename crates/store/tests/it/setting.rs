//! Settings: pip's files and variables, the home folder, certificates.

use std::fs;
use std::path::PathBuf;

use crate::world::{World, hf};
use store::default_home;
use store::pip::{PipEnvironment, PipError, PipPlaces, PipSettings, config_files};

fn load(texts: &[&str], environment: &PipEnvironment) -> Result<PipSettings, PipError> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = vec![folder.path().join("missing.conf")];
    for (number, text) in texts.iter().enumerate() {
        files.push(folder.path().join(format!("{number}.conf")));
        fs::write(files.last().unwrap(), text).unwrap();
    }
    PipSettings::load(&files, environment)
}

#[test]
fn nothing_configured_means_the_public_index() {
    let settings = load(&[], &PipEnvironment::default()).unwrap();
    assert_eq!(settings.indexes(), ["https://pypi.org/simple"]);
}

#[test]
fn files_override_files_and_install_overrides_global() {
    let system = "# c\n[install]\nindex-url = https://install.example/simple\n\
                  [global]\nindex_url: https://global.example/simple\ncert=/ca.pem\n";
    let user = "[global]\nextra-index-url =\n    https://a.example/s\n    https://b.example/s\n\
                ; c\ntimeout = 60\nfind-links = /wheels https://c.example/\n[download]\nno-index=1\n";
    let settings = load(&[system, user], &PipEnvironment::default()).unwrap();
    assert_eq!(
        settings.indexes(),
        ["https://install.example/simple", "https://a.example/s", "https://b.example/s"]
    );
    assert_eq!(settings.find_links, ["/wheels", "https://c.example/"]);
    assert_eq!(settings.cert, Some(PathBuf::from("/ca.pem")));
}

#[test]
fn the_environment_overrides_files() {
    let environment = PipEnvironment {
        index_url: Some("https://env.example/simple".to_owned()),
        extra_index_url: Some(String::new()),
        ..PipEnvironment::default()
    };
    let file =
        "[global]\nindex-url=https://file.example/simple\nextra-index-url=https://x.example\n";
    let settings = load(&[file], &environment).unwrap();
    assert_eq!(settings.indexes(), ["https://env.example/simple", "https://x.example"]);
    let off = PipEnvironment { no_index: Some("true".to_owned()), ..PipEnvironment::default() };
    assert!(load(&[file], &off).unwrap().indexes().is_empty());
}

#[test]
fn a_file_that_is_no_configuration_is_named_with_its_line() {
    for (text, line) in [("[global]\nwhat\n", 2), ("index-url=x\n", 1), ("\n[global\n", 2)] {
        let error = load(&[text], &PipEnvironment::default()).unwrap_err().to_string();
        assert!(error.contains(&format!("0.conf line {line}")), "{error}");
    }
}

#[test]
fn pips_places_weakest_first() {
    let places = PipPlaces {
        user_home: Some("/home/u".into()),
        virtual_env: Some("/venv".into()),
        pip_config_file: Some("/chosen".into()),
        ..PipPlaces::default()
    };
    let files = config_files(&places);
    let at = |path: &str| files.iter().position(|file| file == &PathBuf::from(path)).unwrap();
    assert!(at("/etc/pip.conf") < at("/home/u/.config/pip/pip.conf"));
    assert!(at("/home/u/.config/pip/pip.conf") < at("/venv/pip.conf"));
    assert_eq!(files.last(), Some(&PathBuf::from("/chosen")));
    let off = PipPlaces { pip_config_file: Some("/dev/null".into()), ..places };
    assert!(config_files(&off).is_empty());
}

#[test]
fn the_home_folder() {
    let home = |a: &str, b: &str, c: &str| {
        default_home(Some(a.into()), Some(b.into()), Some(c.into()))
            .map(|path| path.display().to_string())
    };
    assert_eq!(home("/p", "/x", "/h").as_deref(), Some("/p"));
    assert_eq!(home("", "/x", "/h").as_deref(), Some("/x/probity"));
    assert_eq!(home("", "relative", "/h").as_deref(), Some("/h/.local/share/probity"));
    assert_eq!(home("", "", ""), None);
}

#[test]
fn unusable_settings_are_named() {
    let message = |change: &dyn Fn(&mut store::Network)| {
        let mut world = World::new(Some("http://127.0.0.1:9"), None);
        change(&mut world.config.network);
        world.pull(&hf()).0.unwrap_err().to_string()
    };
    let endpoint = message(&|network| network.hub_endpoint = Some("ftp://x".to_owned()));
    assert!(endpoint.contains("HF_ENDPOINT") && endpoint.contains("ftp://x"), "{endpoint}");
    let missing = message(&|network| network.extra_ca = Some("/no/such.pem".into()));
    assert!(missing.contains("/no/such.pem"), "{missing}");
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = message(&|network| network.extra_ca = Some(empty.path().into()));
    assert!(empty.contains("no PEM certificate"), "{empty}");
    let proxy = message(&|network| network.http_proxy = Some("http://u:pw@ bad".to_owned()));
    assert!(proxy.contains("HTTP_PROXY") && !proxy.contains("pw"), "{proxy}");
}
