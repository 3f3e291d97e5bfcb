//! Letters that Bevy's own font lacks: drawn with this machine's fonts, or else written in letters that it has.

use std::collections::{HashMap, HashSet};
use std::iter::once;
use std::path::PathBuf;
use std::thread::JoinHandle;

use any_ascii::any_ascii_char;
use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemParam;
use bevy::text::FontCx;
use parley::fontique::{Blob, Collection, CollectionOptions, FamilyId, QueryStatus, Script, ScriptExt, SourceCache};
use unicode_width::UnicodeWidthChar;

/// Where systems keep fonts.
const FOLDERS: [&str; 6] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/run/current-system/sw/share/X11/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    r"C:\Windows\Fonts",
];

/// Where in their home folder users keep more.
const HOME_FOLDERS: [&str; 4] =
    [".fonts", ".local/share/fonts", "Library/Fonts", "AppData/Local/Microsoft/Windows/Fonts"];

/// How the families that are asked first begin: plain ones of many letters, those before the others that are as wide as
/// Bevy's own.
const FIRST: [&str; 11] = [
    "DejaVu Sans Mono",
    "Noto Sans Mono",
    "Liberation Mono",
    "Menlo",
    "Consolas",
    "DejaVu Sans",
    "Noto Sans",
    "Liberation Sans",
    "Segoe UI",
    "Arial",
    "Helvetica",
];

/// Families that have the same box for every letter, or nothing.
const EMPTY: [&str; 3] = ["LastResort", "Adobe Blank", "Adobe NotDef"];

/// This machine's fonts, which are looked for when a text first needs one or before, and the letters that were asked for.
#[derive(Resource)]
pub struct MachineFonts {
    folders: Vec<PathBuf>,
    /// A thread that looks for them.
    looking: Option<JoinHandle<Found>>,
    found: Option<Found>,
    /// Whether a letter can be drawn.
    drawn: HashMap<char, bool>,
}

impl Default for MachineFonts {
    fn default() -> Self {
        let home = std::env::home_dir().into_iter();
        let own = home.flat_map(|home| HOME_FOLDERS.map(|folder| home.join(folder)));
        Self::of_folders(FOLDERS.iter().map(PathBuf::from).chain(own).collect())
    }
}

impl std::fmt::Debug for MachineFonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MachineFonts").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl MachineFonts {
    /// Looks for fonts in folders and all that is in them.
    pub fn of_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders, looking: None, found: None, drawn: HashMap::new() }
    }

    /// Looks for fonts on another thread, so that they are there when a text needs one.
    pub fn look_ahead(&mut self) {
        let folders = self.folders.clone();
        self.looking = Some(std::thread::spawn(move || Found::in_folders(&folders)));
    }

    /// Returns a text so that all of it can be read: letters for which no font is found are written in ASCII as they sound.
    pub fn readable(&mut self, text: String, fonts: &mut FontCx) -> String {
        if text.is_ascii() {
            return text;
        }
        let mut readable = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter.is_ascii() || self.draws(letter, fonts) {
                readable.push(letter);
            } else {
                readable.push_str(in_ascii(letter));
            }
        }
        readable
    }

    /// Returns whether a letter can be drawn, with one more of this machine's fonts if need be.
    fn draws(&mut self, letter: char, fonts: &mut FontCx) -> bool {
        if let Some(is_drawn) = self.drawn.get(&letter) {
            return *is_drawn;
        }
        let found = self.found.get_or_insert_with(|| {
            let looked = self.looking.take().and_then(|looking| looking.join().ok());
            looked.unwrap_or_else(|| Found::in_folders(&self.folders))
        });
        let is_drawn = found.lend(letter, fonts);
        self.drawn.insert(letter, is_drawn);
        is_drawn
    }
}

/// Fonts that were found.
struct Found {
    fonts: Collection,
    files: SourceCache,
    /// In the order in which they are asked.
    families: Vec<FamilyId>,
    /// Those that texts are drawn with.
    lent: HashSet<FamilyId>,
}

impl Found {
    fn in_folders(folders: &[PathBuf]) -> Self {
        let mut fonts = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        fonts.load_fonts_from_paths(folders);
        let is_first = |name: &str| FIRST.iter().position(|first| name.starts_with(first)).unwrap_or(FIRST.len());
        let mut names: Vec<String> = fonts.family_names().map(str::to_owned).collect();
        names.retain(|name| !EMPTY.iter().any(|empty| name.contains(empty)));
        names.sort_by_cached_key(|name| (is_first(name), name.clone()));
        let families = names.iter().filter_map(|name| fonts.family_id(name)).collect();
        Self { fonts, files: SourceCache::default(), families, lent: HashSet::new() }
    }

    /// Lends the first font that has a letter; returns whether there is one.
    fn lend(&mut self, letter: char, to: &mut FontCx) -> bool {
        let Some((family, font)) = self.font_with(letter) else { return false };
        if !self.lent.insert(family) {
            return true;
        }
        let name = self.fonts.family_name(family).unwrap_or_default();
        // A file may hold several families.
        let registered = to.collection.register_fonts(font, None);
        let mut registered = registered.into_iter().map(|(family, _)| family);
        let Some(lent) = registered.find(|family| to.collection.family_name(*family) == Some(name)) else {
            return false;
        };
        for (script, _) in Script::all_samples() {
            to.collection.append_fallbacks(*script, once(lent));
        }
        true
    }

    fn font_with(&mut self, letter: char) -> Option<(FamilyId, Blob<u8>)> {
        let mut with = None;
        let mut query = self.fonts.query(&mut self.files);
        query.set_families(self.families.iter().copied());
        query.matches_with(|font| {
            let glyph = font.charmap().and_then(|map| map.map(letter));
            if glyph.is_none_or(|glyph| glyph == 0) {
                return QueryStatus::Continue;
            }
            with = Some((font.family.0, font.blob.clone()));
            QueryStatus::Stop
        });
        with
    }
}

/// Returns how a letter sounds; `?` where nobody knows, and nothing for what has no width.
fn in_ascii(letter: char) -> &'static str {
    match any_ascii_char(letter) {
        "" if letter.width() > Some(0) => "?",
        sound => sound,
    }
}

/// What texts are written with.
#[derive(SystemParam)]
pub(super) struct Letters<'w> {
    fonts: ResMut<'w, FontCx>,
    machine: ResMut<'w, MachineFonts>,
}

impl Letters<'_> {
    /// Returns a text so that all of it can be read.
    pub(super) fn readable(&mut self, text: String) -> String {
        self.machine.readable(text, &mut self.fonts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["Zürich", "Ωμέγα", "Żółw", "Київ", "東京"];

    #[test]
    fn fonts_that_are_looked_for_ahead_are_the_same() {
        let (mut now, mut ahead) = (MachineFonts::default(), MachineFonts::default());
        ahead.look_ahead();
        for name in NAMES {
            let readable = [&mut now, &mut ahead].map(|fonts| fonts.readable(name.to_owned(), &mut FontCx::default()));
            assert_eq!(readable[0], readable[1]);
        }
        assert!(ahead.looking.is_none(), "the thread was waited for");
    }

    #[test]
    fn without_a_font_letters_are_written_as_they_sound() {
        let (mut without, mut fonts) = (MachineFonts::of_folders(Vec::new()), FontCx::default());
        let readable = NAMES.map(|name| without.readable(name.to_owned(), &mut fonts));
        assert_eq!(readable, ["Zurich", "Omega", "Zolw", "Kiiv", "DongJing"]);
        let mut readable = |text: &str| without.readable(text.to_owned(), &mut fonts);
        assert_eq!(readable("plain {text}\n"), "plain {text}\n");
        assert_eq!(readable("e\u{301}\u{200d}"), "e", "what has no width");
        assert_eq!(readable("\u{e000}"), "?", "nobody knows it");
    }

    #[test]
    fn folders_that_are_not_there_have_no_fonts() {
        let (mut without, mut fonts) = (MachineFonts::of_folders(vec!["/nowhere".into()]), FontCx::default());
        assert_eq!(without.readable("ü".to_owned(), &mut fonts), "u");
    }

    #[test]
    fn a_font_that_has_letters_draws_them_and_is_lent_once() {
        let (mut machine, mut fonts) = (MachineFonts::default(), FontCx::default());
        let readable = machine.readable("Zürich Ωμέγα Київ".to_owned(), &mut fonts);
        let lent = machine.found.as_ref().map_or(0, |found| found.lent.len());
        let families: Vec<&str> = fonts.collection.family_names().collect();
        assert_eq!(families.len(), lent, "{families:?}");
        assert!(readable == "Zürich Ωμέγα Київ" && lent > 0 || readable.is_ascii(), "{readable}");
    }
}
