//! What pip is configured with: index addresses, find-links and the extra authority file.
//!
//! Given the candidate files and the `PIP_*` values, it answers as pip does: later files override
//! earlier ones, `[install]` overrides `[global]`, the environment overrides files. It never reads
//! the environment and never guesses: a file that exists and can't be read or understood is an
//! error naming file and line. A missing file is no error.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::config::DEFAULT_INDEX;

/// Largest configuration file read.
const MAX_CONFIG_BYTES: u64 = 256 * 1024;
/// Most index addresses and find-links taken.
const MAX_PLACES: usize = 32;

/// The settings that matter to us.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PipSettings {
    pub index_url: Option<String>,
    pub extra_index_urls: Vec<String>,
    pub find_links: Vec<String>,
    pub no_index: bool,
    pub cert: Option<PathBuf>,
    /// Why the configuration can't be used: told where pip's sources are asked, and only there.
    pub broken: Option<String>,
}

/// The values of `PIP_CONFIG_FILE`, `VIRTUAL_ENV` and of the folders pip looks in.
#[derive(Clone, Debug, Default)]
pub struct PipPlaces {
    pub user_home: Option<PathBuf>,
    pub xdg_config_home: Option<PathBuf>,
    pub virtual_env: Option<PathBuf>,
    pub pip_config_file: Option<PathBuf>,
}

/// The values of `PIP_INDEX_URL` and its neighbours.
#[derive(Clone, Default)]
pub struct PipEnvironment {
    pub index_url: Option<String>,
    pub extra_index_url: Option<String>,
    pub find_links: Option<String>,
    pub no_index: Option<String>,
    pub cert: Option<String>,
}

/// Why pip's configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PipError {
    #[error("cannot read pip's configuration {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("pip's configuration {} is over {MAX_CONFIG_BYTES} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error("pip's configuration {} line {line}: {what}", path.display())]
    Syntax { path: PathBuf, line: usize, what: &'static str },
    #[error("pip's configuration names over {MAX_PLACES} indexes or find-links")]
    TooMany,
}

impl PipSettings {
    /// Reads the files in order, then applies the environment's values.
    pub fn load(files: &[PathBuf], environment: &PipEnvironment) -> Result<Self, PipError> {
        let mut settings = Self::default();
        let mut lines = Vec::new();
        for path in files {
            if let Some(text) = read_limited(path)? {
                lines.extend(parse(path, &text)?);
            }
        }
        for section in ["global", "install"] {
            for line in lines.iter().filter(|line| line.section == section) {
                settings.set(&line.key, &line.value);
            }
        }
        settings.apply(environment);
        if settings.extra_index_urls.len().max(settings.find_links.len()) > MAX_PLACES {
            return Err(PipError::TooMany);
        }
        Ok(settings)
    }

    /// Settings that fail where they are needed, and nowhere else.
    pub fn broken(why: &PipError) -> Self {
        Self { broken: Some(why.to_string()), ..Self::default() }
    }

    /// Index addresses in pip's order; none when the index is switched off.
    pub fn indexes(&self) -> Vec<&str> {
        if self.no_index {
            return Vec::new();
        }
        let first = self.index_url.as_deref().unwrap_or(DEFAULT_INDEX);
        std::iter::once(first).chain(self.extra_index_urls.iter().map(String::as_str)).collect()
    }

    fn apply(&mut self, environment: &PipEnvironment) {
        let pairs = [
            ("index-url", &environment.index_url),
            ("extra-index-url", &environment.extra_index_url),
            ("find-links", &environment.find_links),
            ("no-index", &environment.no_index),
            ("cert", &environment.cert),
        ];
        for (key, value) in pairs {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                self.set(key, value);
            }
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let words = || value.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        match key {
            "index-url" => self.index_url = Some(value.trim().to_owned()),
            "extra-index-url" => self.extra_index_urls = words(),
            "find-links" => self.find_links = words(),
            "no-index" => {
                let on = ["1", "y", "yes", "t", "true", "on"];
                self.no_index = on.contains(&value.trim().to_ascii_lowercase().as_str());
            }
            "cert" => self.cert = Some(PathBuf::from(value.trim())),
            // pip has many settings; the rest say nothing about where files are.
            _ => {}
        }
    }
}

/// Addresses may hold passwords: only how many there are is printed.
impl std::fmt::Debug for PipSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PipSettings")
            .field("index_url", &self.index_url.as_deref().map(crate::http::redact_text))
            .field("extra_index_urls", &self.extra_index_urls.len())
            .field("find_links", &self.find_links.len())
            .field("no_index", &self.no_index)
            .field("cert", &self.cert)
            .finish()
    }
}

/// The files pip would read on this kind of system, weakest first. `PIP_CONFIG_FILE=/dev/null`
/// switches all of them off, as in pip.
pub fn config_files(places: &PipPlaces) -> Vec<PathBuf> {
    let chosen = places.pip_config_file.as_deref().filter(|path| !path.as_os_str().is_empty());
    if chosen.is_some_and(|path| path == Path::new("/dev/null")) {
        return Vec::new();
    }
    let mut files = vec![PathBuf::from("/etc/xdg/pip/pip.conf"), PathBuf::from("/etc/pip.conf")];
    if let Some(home) = &places.user_home {
        files.push(home.join(".pip/pip.conf"));
        if cfg!(target_os = "macos") {
            files.push(home.join("Library/Application Support/pip/pip.conf"));
        }
    }
    let config = places.xdg_config_home.clone();
    let config = config.or_else(|| places.user_home.as_ref().map(|home| home.join(".config")));
    files.extend(config.map(|config| config.join("pip/pip.conf")));
    files.extend(places.virtual_env.as_ref().map(|folder| folder.join("pip.conf")));
    files.extend(chosen.map(Path::to_path_buf));
    files
}

struct Line {
    section: String,
    key: String,
    value: String,
}

fn read_limited(path: &Path) -> Result<Option<String>, PipError> {
    let fail = |source| PipError::Read { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let mut text = String::new();
    file.take(MAX_CONFIG_BYTES + 1).read_to_string(&mut text).map_err(fail)?;
    if u64::try_from(text.len()).expect("a length fits u64") > MAX_CONFIG_BYTES {
        return Err(PipError::TooLarge { path: path.to_path_buf() });
    }
    Ok(Some(text))
}

/// The dialect of Python's `RawConfigParser`: `key = value` or `key: value`, indented lines
/// continue a value, `#` and `;` start a comment line.
fn parse(path: &Path, text: &str) -> Result<Vec<Line>, PipError> {
    let mut section = String::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut open = false;
    for (number, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let fail = |what| PipError::Syntax { path: path.to_path_buf(), line: number + 1, what };
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if raw.starts_with([' ', '\t']) && open {
            let last = lines.last_mut().expect("a value is open");
            last.value.push('\n');
            last.value.push_str(trimmed);
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix('[') {
            let (name, _) = rest.split_once(']').ok_or_else(|| fail("a section has no `]`"))?;
            name.clone_into(&mut section);
            open = false;
            continue;
        }
        if section.is_empty() {
            return Err(fail("a setting stands before the first section"));
        }
        let (key, value) =
            trimmed.split_once(['=', ':']).ok_or_else(|| fail("a setting has no `=`"))?;
        let key = key.trim().to_ascii_lowercase().replace('_', "-");
        let key = key.trim_start_matches('-').to_owned();
        lines.push(Line { section: section.clone(), key, value: value.trim().to_owned() });
        open = true;
    }
    Ok(lines)
}
