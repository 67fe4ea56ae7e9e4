//! Which layers of a model see a window only, as `config.json` says it and transformers reads it.
//!
//! Never passes over a member that says something else than the others.

use super::FolderError;
use super::members::Members;
use crate::json::Json;

/// Which layers have the window, where no list says.
#[derive(Clone, Copy)]
pub(super) enum Windows {
    /// None.
    None,
    /// All; and the window where the file doesn't say that there is none.
    All { or: Option<u32> },
    /// Those from `max_window_layers` on, if `use_sliding_window`.
    Later,
    /// All but every so manieth; `sliding_window_pattern` may not say another number where it is fixed.
    AllButEvery { every: u32, fixed: bool },
}

/// The window where a file has no member that says it or that there is none.
pub(super) const WINDOW: u32 = 4096;
/// How many layers see all before those with a window come, where the file doesn't say.
const WINDOWLESS_LAYERS: u32 = 28;

impl Windows {
    /// What each layer sees: 0 for all.
    pub(super) fn of(self, said: &Members<'_>, layers: u32) -> Result<Vec<u32>, FolderError> {
        let window = self.window(said)?;
        let later = count(said, "max_window_layers")?.unwrap_or(WINDOWLESS_LAYERS);
        let pattern = said.size("sliding_window_pattern", 1024)?;
        let _ = said.get("sliding_window_size");
        let has = |index: u32| match self {
            Self::None => false,
            Self::All { .. } => true,
            Self::Later => index >= later,
            Self::AllButEvery { every, .. } => {
                !(index + 1).is_multiple_of(pattern.unwrap_or(every))
            }
        };
        if let Self::AllButEvery { every, fixed: true } = self
            && pattern.is_some_and(|pattern| pattern != every)
        {
            let why = "this architecture has a pattern of its own";
            return Err(said.unsupported("sliding_window_pattern", why));
        }
        let ruled: Vec<bool> = (0..layers).map(|index| window.is_some() && has(index)).collect();
        let listed = listed(said, layers)?;
        let reads_list = match self {
            Self::None | Self::All { .. } => false,
            Self::Later | Self::AllButEvery { .. } => true,
        };
        if let Some(listed) = &listed
            && (!reads_list && *listed != ruled || window.is_none() && listed.contains(&true))
        {
            let why = "it names other layers with a window than the rest of the file says";
            return Err(said.unsupported("layer_types", why));
        }
        let window = window.unwrap_or(0);
        let each = listed.unwrap_or(ruled).into_iter();
        Ok(each.map(|has| if has { window } else { 0 }).collect())
    }

    /// How much a layer with a window sees; none where the file has no window.
    fn window(self, said: &Members<'_>) -> Result<Option<u32>, FolderError> {
        let window = said.size("sliding_window", u32::MAX)?;
        let used = said.boolean("use_sliding_window")?;
        // A null says that there is none.
        let or = |default: Option<u32>| default.filter(|_| !said.has("sliding_window"));
        match self {
            Self::None if window.is_some() => {
                Err(said.unsupported("sliding_window", "this architecture has none"))
            }
            Self::None => Ok(None),
            Self::Later if used != Some(true) => Ok(None),
            Self::Later => Ok(window.or(or(Some(WINDOW)))),
            Self::AllButEvery { .. } => {
                let window = window.or(or(Some(WINDOW)));
                window.map(Some).ok_or_else(|| said.missing("sliding_window"))
            }
            Self::All { or: default } => Ok(window.or(or(default))),
        }
    }
}

/// An integer from 0 on.
fn count(said: &Members<'_>, name: &str) -> Result<Option<u32>, FolderError> {
    let Some(json) = said.get(name) else { return Ok(None) };
    let count = json.integer().and_then(|count| u32::try_from(count).ok());
    count.map(Some).ok_or_else(|| said.wanted(name, "an integer in 0..=4294967295"))
}

/// Whether each layer has the window, where a list says it.
fn listed(said: &Members<'_>, layers: u32) -> Result<Option<Vec<bool>>, FolderError> {
    let name = "layer_types";
    let Some(list) = said.get(name) else { return Ok(None) };
    let kind = |json: &Json<'_>| match json.text() {
        Some("sliding_attention") => Some(true),
        Some("full_attention") => Some(false),
        Some(_) | None => None,
    };
    let list = list.array().and_then(|list| list.iter().map(kind).collect::<Option<Vec<_>>>());
    let list = list.filter(|list| u32::try_from(list.len()) == Ok(layers));
    let wanted = "full_attention or sliding_attention for each layer";
    list.map(Some).ok_or_else(|| said.wanted(name, wanted))
}
